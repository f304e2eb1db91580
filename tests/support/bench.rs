//! The stand that the benchmarks measure forwarding on: a generator with two veth pairs, the
//! appliance at the end of one and the bare loop at the end of the other.
//!
//! ```text
//!  generator  to-fourfold ── eth1  appliance: bond0 (active-backup, one member), one-armed
//!             to-loop ────── eth1  loop: receives, swaps the MAC addresses, sends
//! ```
//! What either forwards comes back to the generator, whose kernel counts it and throws it away.
//! Generator and forwarders stand on processors apart, before whatever else wants to run there. The
//! stand goes as a [`crate::lab::Lab`] does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;
use serde_json::Value;

use crate::appliance::Appliance;
use crate::lab::directory::{self, Directory};
use crate::namespace::Namespace;
use crate::plan::{Method, Vip};
use crate::{host, run, wait};

mod layout;
mod plain_loop;
mod traffic;

use plain_loop::PlainLoop;
pub use traffic::{Flows, OPEN_FLOWS};

/// Who forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The loop that only swaps MAC addresses.
    PlainLoop,
    /// lvsd, with this method.
    Fourfold(Method),
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Frames offered.
    pub offered: u64,
    /// Frames that came back.
    pub forwarded: u64,
    /// How long the offering took.
    pub elapsed: Duration,
    /// Processor time of the forwarding thread, its system calls included.
    pub processor: Duration,
}

/// The raised stand. Its fields are dropped from top to bottom.
#[derive(Debug)]
pub struct Stand {
    appliance: Appliance,
    plain_loop: PlainLoop,
    worker: PathBuf,
    generator: Namespace,
    generate: PathBuf,
    processor: usize,
    _appliance_namespace: Namespace,
    _loop_namespace: Namespace,
    _directory: Directory,
}

impl Stand {
    /// Raises it with the appliance's programs in `binaries` and the loop and the generator in
    /// `examples`, and opens [`OPEN_FLOWS`] connections of either method.
    pub fn raise(binaries: &Path, examples: &Path) -> Result<Self> {
        directory::sweep();
        let (first, last) = processors()?;
        let directory = Directory::create()?;
        let create = |role: &str| Namespace::create(&directory.namespace(role));
        let generator = create("generator")?;
        let (appliance_namespace, loop_namespace) = (create("appliance")?, create("loop")?);
        host::prepare_switch(&generator)?;
        host::prepare_switch(&loop_namespace)?;
        layout::connect(&generator, layout::TO_FOURFOLD, &appliance_namespace)?;
        layout::connect(&generator, layout::TO_LOOP, &loop_namespace)?;
        let program = examples.join("mac_swap");
        let plain_loop =
            PlainLoop::start(&loop_namespace, &program, last, &directory.room("loop")?)?;
        let appliance = Appliance::start(
            &appliance_namespace,
            binaries,
            &directory.room("appliance")?,
            &layout::configuration(),
        )?;
        layout::set_neighbours(&appliance_namespace)?;
        let worker = pin_worker(&appliance, last)?;
        let stand = Self {
            appliance,
            plain_loop,
            worker,
            generator,
            generate: examples.join("generate"),
            processor: first,
            _appliance_namespace: appliance_namespace,
            _loop_namespace: loop_namespace,
            _directory: directory,
        };
        stand.open(Method::Dr)?;
        stand.open(Method::Nat)?;
        Ok(stand)
    }

    /// The AF_XDP modes of the loop's port and of the appliance's.
    pub fn modes(&self) -> Result<(String, String)> {
        let ports = self.appliance.show("ports")?;
        let mode = ports["ports"][0]["mode"]
            .as_str()
            .context("a port without a mode")?;
        Ok((self.plain_loop.mode().to_owned(), mode.to_owned()))
    }

    /// Offers `flows` to `subject`, more than it can take, and waits for the last of them.
    pub fn measure(&self, subject: Subject, flows: Flows) -> Result<Sample> {
        let (interface, thread, method) = match subject {
            Subject::PlainLoop => (layout::TO_LOOP, self.plain_loop.thread(), None),
            Subject::Fourfold(method) => (layout::TO_FOURFOLD, self.worker.as_path(), Some(method)),
        };
        let served = |method| self.served(method);
        let served_before = method.map(served).transpose()?;
        let (before, used) = (self.received(interface)?, processor_time(thread)?);
        let vip = layout::vip(method.unwrap_or(Method::Dr));
        let elapsed = self.generate(interface, &vip, flows)?;
        let forwarded = self.settle(interface)? - before;
        let processor = processor_time(thread)?.saturating_sub(used);
        ensure!(forwarded > 0, "no frame came back by {interface}");
        if let (Some(method), Some(before)) = (method, served_before) {
            let served = self.served(method)? - before;
            // A few frames of the kernel's own may be among them; resets and errors must not be.
            ensure!(
                forwarded <= served + served / 100,
                "{forwarded} frames came back, of {served} that the service took"
            );
        }
        Ok(Sample {
            offered: flows.count.into(),
            forwarded,
            elapsed,
            processor,
        })
    }

    /// Opens the connections of [`Flows::hot`] and [`Flows::scattered`], in bursts that fit a ring.
    fn open(&self, method: Method) -> Result<()> {
        let what = format!("{OPEN_FLOWS} connections of {}", layout::vip(method).name());
        wait::until_ok(Duration::from_secs(20), || {
            self.generate(layout::TO_FOURFOLD, &layout::vip(method), Flows::opening())?;
            let counters = self.service(method)?;
            let open = counters["connections"].as_u64();
            ensure!(open >= Some(OPEN_FLOWS.into()), "{counters}");
            Ok(())
        })
        .context(what)
    }

    fn generate(&self, interface: &str, vip: &Vip, flows: Flows) -> Result<Duration> {
        let mut command = preferred(&self.generator, self.processor);
        command
            .arg(&self.generate)
            .arg(interface)
            .args(flows.arguments(vip)?);
        let text = run::output(&mut command)?;
        let nanoseconds = text.trim().parse().context("the generator's answer")?;
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Waits until nothing more comes back; how many frames have.
    fn settle(&self, interface: &str) -> Result<u64> {
        let mut last = None;
        wait::until("the last frame", Duration::from_secs(5), || {
            let now = self.received(interface).ok();
            let still = now == last;
            last = now;
            now.filter(|_| still)
        })
    }

    fn received(&self, interface: &str) -> Result<u64> {
        Ok(self.generator.frames(interface)?.received)
    }

    fn served(&self, method: Method) -> Result<u64> {
        let service = self.service(method)?;
        service["in_packets"]
            .as_u64()
            .context("a service without counters")
    }

    fn service(&self, method: Method) -> Result<Value> {
        let name = layout::vip(method).name();
        let mut services = self.appliance.show("service")?;
        let services = services["service"].as_array_mut();
        let mut services = services.into_iter().flatten();
        let found = services.find(|service| service["name"] == *name);
        Ok(found.with_context(|| format!("no service {name}"))?.take())
    }
}

/// The first and the last processor that may be used.
fn processors() -> Result<(usize, usize)> {
    let set = sched_getaffinity(Pid::from_raw(0)).context("reading the processors")?;
    let mut usable = (0..CpuSet::count()).filter(|index| set.is_set(*index) == Ok(true));
    let first = usable.next().context("no processor")?;
    Ok((first, usable.next_back().unwrap_or(first)))
}

/// How far before other programs generator and forwarders stand.
const NICENESS: &str = "-15";

/// A command inside `namespace`, on `processor`, that lacks only the program and its arguments.
fn preferred(namespace: &Namespace, processor: usize) -> Command {
    let mut command = namespace.command("nice");
    command.args([
        "-n",
        NICENESS,
        "taskset",
        "--cpu-list",
        &processor.to_string(),
    ]);
    command
}

/// Puts lvsd's worker on `processor`; the file of the thread's processor time.
fn pin_worker(appliance: &Appliance, processor: usize) -> Result<PathBuf> {
    let lvsd = appliance.daemon("lvsd").context("lvsd does not run")?;
    let tasks = format!("/proc/{}/task", lvsd.pid);
    for task in fs::read_dir(&tasks).with_context(|| format!("reading {tasks}"))? {
        let task = task.context("reading a thread")?;
        let name = fs::read_to_string(task.path().join("comm")).context("reading its name")?;
        if name.trim_end() == "fwd-q0" {
            let id = task.file_name().to_string_lossy().into_owned();
            let processor = processor.to_string();
            run::output(run::program("taskset").args(["-p", "--cpu-list", &processor, &id]))?;
            run::output(run::program("renice").args(["-n", NICENESS, "-p", &id]))?;
            return Ok(task.path().join("schedstat"));
        }
    }
    anyhow::bail!("lvsd has no worker thread")
}

/// What `/proc/PID/task/TID/schedstat` has as the thread's processor time.
fn processor_time(thread: &Path) -> Result<Duration> {
    let text = fs::read_to_string(thread).with_context(|| thread.display().to_string())?;
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
    nanoseconds
        .map(Duration::from_nanos)
        .with_context(|| format!("{} holds {text:?}", thread.display()))
}
