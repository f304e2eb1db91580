//! A running switch: the thread around the [`Fabric`], and the handle that it is told things by.

use std::ops::Deref;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use bond::LacpStatus;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use sys::clock;
use wire::Instant;

use super::config::Config;
use super::counters::Direction;
use super::fabric::Fabric;
use super::fault::Loss;
use super::packet::FRAME_BYTES;
use super::port::{Outlet, Sent, Socket};
use super::status::Status;
use super::table::Station;
use crate::wait;

/// Frames that a port may send before the next port's turn.
const BATCH: usize = 64;

/// A running switch; dropping it ends it and removes its sockets' files. What it can be told is the
/// [`Handle`]'s.
#[derive(Debug)]
pub struct Switch {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

/// What a running switch can be told and asked, from any thread. Commands take effect before they return.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    fabric: Mutex<Fabric>,
    ending: AtomicBool,
    waker: UnixDatagram,
}

impl Switch {
    /// Opens the ports and starts. Interfaces are those of the calling thread's network namespace.
    ///
    /// # Errors
    /// What is wrong with the configuration, or the port that cannot be opened.
    pub fn start(config: Config) -> Result<Self> {
        let fabric = Mutex::new(Fabric::new(now(), &config)?);
        let open = |port: super::config::PortConfig| {
            let socket = Socket::open(port.cable);
            socket.with_context(|| format!("port {}", port.name))
        };
        let outlets = config.ports.into_iter().map(open);
        let outlets = outlets
            .map(|socket| Ok(Outlet::new(socket?)))
            .collect::<Result<Vec<_>>>()?;
        let (waker, woken) = UnixDatagram::pair().context("making the switch's waker")?;
        for end in [&waker, &woken] {
            end.set_nonblocking(true).context("the waker's mode")?;
        }
        let ending = AtomicBool::new(false);
        let shared = Arc::new(Shared {
            fabric,
            ending,
            waker,
        });
        let thread = std::thread::Builder::new()
            .name("switch".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || run(&shared, outlets, &woken)
            })
            .context("starting the switch's thread")?;
        Ok(Self {
            handle: Handle { shared },
            thread: Some(thread),
        })
    }

    /// A handle to give away.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Deref for Switch {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::Release);
        self.shared.wake();
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Handle {
    /// Cuts a port's cable: frames vanish, carrier stays at both ends.
    ///
    /// # Errors
    /// When there is no such port, here and below; the error names those that there are.
    pub fn cut(&self, port: &str, direction: Direction) -> Result<()> {
        self.told(|fabric, _| fabric.cut(port, direction, true))
    }

    /// Makes a port's cable whole: neither cut nor slow nor lossy nor pulled out.
    pub fn heal(&self, port: &str) -> Result<()> {
        self.told(|fabric, now| fabric.heal(now, port))
    }

    /// Makes frames arrive so much later (whole milliseconds), in their order; zero: at once.
    pub fn delay(&self, port: &str, direction: Direction, delay: Duration) -> Result<()> {
        let milliseconds = u64::try_from(delay.as_millis()).context("a delay")?;
        self.told(|fabric, _| fabric.delay(port, direction, milliseconds))
    }

    /// Makes a port's cable lose frames; `None`: no more.
    pub fn lose(&self, port: &str, direction: Direction, loss: Option<Loss>) -> Result<()> {
        self.told(|fabric, _| fabric.lose(port, direction, loss))
    }

    /// Pulls a port's cable out at the switch's end, or puts it in. A group gives the member up at once
    /// then, as a switch does; the guest's own carrier is QEMU's `set_link`.
    pub fn set_carrier(&self, port: &str, up: bool) -> Result<()> {
        self.told(|fabric, now| fabric.set_carrier(now, port, up))
    }

    /// Copies what a port's guest sends and is sent to another port; `None`: no more.
    pub fn mirror(&self, port: &str, to: Option<&str>) -> Result<()> {
        self.told(|fabric, _| fabric.mirror(port, to))
    }

    /// Writes what a port's guest (`None`: every guest) sends and is sent to a new pcapng file.
    pub fn record(&self, port: Option<&str>, file: &Path) -> Result<()> {
        self.told(|fabric, _| fabric.record(port, file))
    }

    /// Ends the recording into this file.
    pub fn stop_recording(&self, file: &Path) -> Result<()> {
        self.told(|fabric, _| fabric.stop_recording(file))
    }

    /// Ports, groups, faults, counters.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.fabric().status()
    }

    /// The forwarding database.
    #[must_use]
    pub fn fdb(&self) -> Vec<Station> {
        self.shared.fabric().fdb(now())
    }

    /// What LACP says of a group; `None` for one that does not speak it.
    #[must_use]
    pub fn lacp(&self, group: &str) -> Option<LacpStatus> {
        self.status().group(group)?.lacp.clone()
    }

    /// Waits until exactly these members of a group carry traffic.
    ///
    /// # Errors
    /// When that takes longer than `bound`.
    pub fn wait_for_carrying(&self, group: &str, members: &[&str], bound: Duration) -> Result<()> {
        wait::until_ok(bound, || {
            let status = self.status();
            let carrying = status.carrying(group);
            anyhow::ensure!(carrying == members, "{group} carries by {carrying:?}");
            Ok(())
        })
    }

    fn told(&self, work: impl FnOnce(&mut Fabric, Instant) -> Result<()>) -> Result<()> {
        let result = work(&mut self.shared.fabric(), now());
        self.shared.wake();
        result
    }
}

impl Shared {
    fn fabric(&self) -> MutexGuard<'_, Fabric> {
        self.fabric.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        // One that is full has been woken already.
        self.waker.send(&[0]).ok();
    }
}

fn now() -> Instant {
    Instant::from_nanos(clock::monotonic_nanos())
}

/// The thread: waits for frames, commands and time, gives them to the fabric, carries out what it says.
fn run(shared: &Shared, mut outlets: Vec<Outlet>, woken: &UnixDatagram) {
    let mut buffer = vec![0; FRAME_BYTES];
    while !shared.ending.load(Ordering::Acquire) {
        let due = shared.fabric().poll_timeout();
        let waiting = outlets.iter().filter_map(Outlet::poll_timeout);
        let ready = wait_for_work(&outlets, woken, due.into_iter().chain(waiting).min());
        while woken.recv(&mut [0; 8]).is_ok() {}
        let mut fabric = shared.fabric();
        for (port, outlet) in outlets.iter().enumerate() {
            if ready.contains(&port) {
                receive(&mut fabric, port, &outlet.socket, &mut buffer);
            }
        }
        fabric.handle_timeout(now());
        send(&mut fabric, &mut outlets);
    }
}

/// Waits until `due` at most; which ports have frames.
fn wait_for_work(outlets: &[Outlet], woken: &UnixDatagram, due: Option<Instant>) -> Vec<usize> {
    let sockets = outlets.iter().map(|outlet| outlet.socket.as_fd());
    let mut fds: Vec<PollFd<'_>> = sockets
        .chain([woken.as_fd()])
        .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
        .collect();
    let left = due.map(|due| due.since(now()).as_nanos());
    let left = left.map(|nanos| TimeSpec::from_duration(Duration::from_nanos(nanos)));
    // An interrupted wait is a short one.
    ppoll(&mut fds, left, None).ok();
    let ready = |(port, fd): (usize, &PollFd<'_>)| fd.any().unwrap_or(false).then_some(port);
    let ready = fds.iter().enumerate().filter_map(ready);
    ready.filter(|port| *port < outlets.len()).collect()
}

fn receive(fabric: &mut Fabric, port: usize, socket: &Socket, buffer: &mut [u8]) {
    for _ in 0..BATCH {
        // An error is over once it was read, as that of an interface that went down.
        let Ok(length) = socket.receive(buffer) else {
            return;
        };
        fabric.receive(now(), port, buffer.get(..length).unwrap_or_default());
    }
}

fn send(fabric: &mut Fabric, outlets: &mut [Outlet]) {
    let report = |fabric: &mut Fabric, port: usize, frame: &_, sent: Sent| match sent {
        Sent::Yes => fabric.sent(now(), port, frame),
        Sent::No(reason) => fabric.not_sent(port, reason),
        Sent::Later => {}
    };
    for (port, outlet) in outlets.iter_mut().enumerate() {
        while let Some((frame, sent)) = outlet.retry(now()) {
            report(fabric, port, &frame, sent);
        }
    }
    while let Some((port, frame)) = fabric.poll_transmit() {
        if let Some(outlet) = outlets.get_mut(port) {
            let sent = outlet.send(now(), &frame);
            report(fabric, port, &frame, sent);
        }
    }
}
