//! The inner process: namespaces of hosts, programs in them, and the owner's wishes, one after the other on
//! one thread, so that it can step into a host's namespace and out again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use socket2::{Domain, Type};
use sys::packet::{AsyncPacket, Packet};
use tokio::signal::unix::{SignalKind, signal};

use super::helper;
use super::request::{Answer, Request};
use crate::host::{self, INTERFACE};
use crate::run;
use crate::switch::packet::PacketSocket;

const OWN_NAMESPACE: &str = "/proc/self/ns/net";

/// An answer and the descriptor that goes with it.
type Reply = (Answer, Option<OwnedFd>);

#[derive(Debug)]
struct Inside {
    /// The middle: where the switch's ends of all cables are.
    middle: File,
    hosts: BTreeMap<String, File>,
    /// Running programs, and where to say how they ended.
    programs: BTreeMap<i32, File>,
}

/// Serves the owner until it is gone. Everything inside ends with this process.
pub fn run() -> Result<()> {
    // Should the outer process be killed, nobody would remove what the owner leaves.
    set_pdeathsig(Signal::SIGKILL).context("asking to die with the outer process")?;
    let middle = File::open(OWN_NAMESPACE).context("opening the own namespace")?;
    let mut inside = Inside {
        middle,
        hosts: BTreeMap::new(),
        programs: BTreeMap::new(),
    };
    inside.prepare()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("building the helper's runtime")?;
    runtime.block_on(inside.serve())
}

impl Inside {
    /// Keeps the middle's kernel from talking on the switch's cables.
    fn prepare(&self) -> Result<()> {
        sysctl("ipv6/conf/all/disable_ipv6", "1")?;
        sysctl("ipv6/conf/default/disable_ipv6", "1")?;
        self.ip(None, &["link set dev lo up".to_owned()])
    }

    async fn serve(&mut self) -> Result<()> {
        let mut deaths = signal(SignalKind::child()).context("waiting for SIGCHLD")?;
        let owner = Packet::from(helper::stdin().try_clone_to_owned()?);
        let owner = AsyncPacket::new(owner).context("the owner's socket")?;
        let hello = serde_json::to_vec(&Answer::Done)?;
        owner.send(&hello, &[]).await?;
        loop {
            let (record, fds) = tokio::select! {
                _ = deaths.recv() => {
                    self.reap();
                    continue;
                }
                record = owner.recv() => match record {
                    Ok(record) => record,
                    // The owner has no further wishes, or is dead.
                    Err(_) => return Ok(()),
                },
            };
            let request = serde_json::from_slice(&record).context("an unknown wish");
            let reply = request.and_then(|request| self.fulfil(request, fds));
            let (answer, fd) = reply.unwrap_or_else(|error| {
                let why = format!("{error:#}");
                (Answer::Refused { why }, None)
            });
            let fds: Vec<_> = fd.iter().map(AsFd::as_fd).collect();
            owner.send(&serde_json::to_vec(&answer)?, &fds).await?;
        }
    }

    fn fulfil(&mut self, request: Request, fds: Vec<OwnedFd>) -> Result<Reply> {
        match request {
            Request::Host { name } => {
                let socket = self.add_host(&name)?;
                return Ok((Answer::Done, Some(socket)));
            }
            Request::Ip { host, lines } => self.ip(host.as_deref(), &lines)?,
            Request::Sysctl { host, settings } => self.within(host.as_deref(), || {
                settings
                    .iter()
                    .try_for_each(|(key, value)| sysctl(key, value))
            })?,
            Request::Run {
                host,
                program,
                arguments,
            } => {
                let pid = self.start(host.as_deref(), &program, &arguments, fds)?;
                return Ok((Answer::Running { pid }, None));
            }
            Request::Signal { pid, signal, group } => self.signal(pid, signal, group)?,
            Request::Socket { host, ipv6 } => {
                let domain = if ipv6 { Domain::IPV6 } else { Domain::IPV4 };
                let open = || socket2::Socket::new(domain, Type::STREAM.nonblocking(), None);
                let socket = self.within(host.as_deref(), || Ok(open()?))?;
                return Ok((Answer::Done, Some(socket.into())));
            }
        }
        Ok((Answer::Done, None))
    }

    /// A namespace with a cable into the middle, and the packet socket at the cable's end there.
    fn add_host(&mut self, name: &str) -> Result<OwnedFd> {
        ensure!(
            !self.hosts.contains_key(name),
            "there is a host {name} already"
        );
        unshare(CloneFlags::CLONE_NEWNET).context("making a network namespace")?;
        let namespace = File::open(OWN_NAMESPACE).context("opening a new namespace");
        self.return_to_middle()?;
        self.hosts.insert(name.to_owned(), namespace?);
        let host = Some(name);
        self.within(host, || {
            host::COMMON
                .iter()
                .try_for_each(|(key, value)| sysctl(key, value))
        })?;
        // `ip` in the host's namespace makes the pair, and puts the other end into the middle. In /proc this
        // process is not process 1.
        let own = fs::read_link("/proc/self").context("the own process identifier")?;
        let middle = format!("fd/{}", self.middle.as_raw_fd());
        let middle = PathBuf::from("/proc").join(own).join(middle);
        self.ip(
            host,
            &[
                "link set dev lo up".to_owned(),
                format!(
                    "link add name {INTERFACE} type veth peer name {name} netns {}",
                    middle.display()
                ),
                format!("link set dev {INTERFACE} up"),
            ],
        )?;
        // Frames leave as they are to arrive: what a kernel leaves to hardware stays undone.
        let offloads = [
            "tx", "off", "tso", "off", "gso", "off", "gro", "off", "txvlan", "off",
        ];
        for (at, interface) in [(host, INTERFACE), (None, name)] {
            let mut ethtool = run::program("ethtool");
            ethtool.arg("-K").arg(interface).args(offloads);
            self.within(at, || run::output(&mut ethtool))?;
        }
        self.ip(None, &[format!("link set dev {name} up")])?;
        Ok(PacketSocket::open(name)?.into())
    }

    fn ip(&self, host: Option<&str>, lines: &[String]) -> Result<()> {
        let mut command = run::program("ip");
        command.args(["-batch", "-"]);
        self.within(host, || {
            run::output_with_input(&mut command, &lines.join("\n"))
        })?;
        Ok(())
    }

    fn start(
        &mut self,
        host: Option<&str>,
        program: &str,
        arguments: &[String],
        fds: Vec<OwnedFd>,
    ) -> Result<i32> {
        let Ok([output, errors, ended]) = <[OwnedFd; 3]>::try_from(fds) else {
            bail!("a program comes with three descriptors");
        };
        let mut command = run::program(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0);
        let child = self.within(host, || {
            command
                .spawn()
                .with_context(|| format!("cannot start {program}"))
        })?;
        let pid = i32::try_from(child.id()).context("a process identifier")?;
        self.programs.insert(pid, ended.into());
        Ok(pid)
    }

    /// Only to programs that are known to run: an identifier may be another one's later.
    fn signal(&self, pid: i32, signal: i32, group: bool) -> Result<()> {
        let signal = Signal::try_from(signal).context("a signal")?;
        let is_running = self.programs.contains_key(&pid);
        let pid = Pid::from_raw(pid);
        match (is_running, group) {
            (true, false) => kill(pid, signal).context("sending a signal")?,
            // The program may be gone, and others of its group may not.
            (true | false, true) => match killpg(pid, signal) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error).context("sending a signal"),
            },
            (false, false) => {}
        }
        Ok(())
    }

    /// Says of each program that has ended how it did; strays are only taken note of.
    fn reap(&mut self) {
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            // As wait(2) has it.
            let (pid, word) = match status {
                WaitStatus::Exited(pid, code) => (pid, code << 8),
                WaitStatus::Signaled(pid, signal, _) => (pid, signal as i32),
                WaitStatus::StillAlive => return,
                _ => continue,
            };
            if let Some(mut ended) = self.programs.remove(&pid.as_raw()) {
                // Whoever waited may be gone.
                ended.write_all(&word.to_ne_bytes()).ok();
            }
        }
    }

    /// Does something in a host's namespace.
    fn within<T>(&self, host: Option<&str>, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let Some(name) = host else {
            return work();
        };
        let namespace = self.hosts.get(name);
        let namespace = namespace.with_context(|| format!("there is no host {name}"))?;
        setns(namespace, CloneFlags::CLONE_NEWNET).context("entering a host's namespace")?;
        let result = work();
        self.return_to_middle()?;
        result
    }

    fn return_to_middle(&self) -> Result<()> {
        setns(&self.middle, CloneFlags::CLONE_NEWNET).context("returning to the middle")
    }
}

fn sysctl(key: &str, value: &str) -> Result<()> {
    fs::write(format!("/proc/sys/net/{key}"), value)
        .with_context(|| format!("setting sysctl {key} to {value}"))
}
