//! The thread that feeds the hardware watchdog until the time that the policy gives is over. A thread,
//! because process 1 itself may wait: for a disk, for a driver that looks for its device.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sys::clock::monotonic_nanos;
use sys::watchdog_device::Watchdog as Device;

use crate::log::Log;
use crate::watchdog::{TIMEOUT_SECONDS, Watchdog};

const DEVICE: &str = "/dev/watchdog";

/// Far more often than any device needs.
const RHYTHM: Duration = Duration::from_secs(1);

/// In place of a time: stop the device.
const DISARM: u64 = 0;

/// The time since the machine's start.
pub fn now() -> Duration {
    Duration::from_nanos(monotonic_nanos())
}

/// The policy, and the thread that follows it once there is a device.
#[derive(Debug)]
pub struct Feeder {
    policy: Watchdog,
    until: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Feeder {
    /// Without a device yet; see [`Feeder::arm`].
    pub fn new(limit: Duration) -> Self {
        let policy = Watchdog::new(now(), limit);
        let until = AtomicU64::new(nanos(policy.until()));
        Self {
            policy,
            until: Arc::new(until),
            thread: None,
        }
    }

    /// Arms the device, if there is one and it is not armed already.
    pub fn arm(&mut self, log: &Log) {
        if self.thread.is_some() {
            return;
        }
        match self.start(log) {
            Ok(thread) => self.thread = Some(thread),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => log.warn(&format!("{DEVICE}: {e}: goes on without a watchdog")),
        }
    }

    /// Whether a device is armed.
    pub const fn is_armed(&self) -> bool {
        self.thread.is_some()
    }

    fn start(&self, log: &Log) -> io::Result<JoinHandle<()>> {
        let device = Device::open(Path::new(DEVICE))?;
        match device.set_timeout(TIMEOUT_SECONDS) {
            Ok(seconds) => log.info(&format!("watchdog armed, {seconds} s")),
            Err(e) => log.info(&format!("watchdog armed, with its own time: {e}")),
        }
        let until = Arc::clone(&self.until);
        thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || feed(device, &until))
    }

    /// See [`Watchdog::busy`].
    pub fn busy(&mut self, limit: Duration) {
        self.policy.busy(now(), limit);
        self.publish();
    }

    /// See [`Watchdog::change`].
    pub fn change(&mut self) {
        self.policy.change(now());
        self.publish();
    }

    /// See [`Watchdog::beat`].
    pub fn beat(&mut self) {
        self.policy.beat(now());
        self.publish();
    }

    /// Stops the device: a machine that is off must stay off.
    pub fn disarm(&mut self) {
        self.until.store(DISARM, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // Over within a turn; a thread that panicked has ended process 1 with it.
            drop(thread.join());
        }
    }

    fn publish(&self) {
        self.until
            .store(nanos(self.policy.until()), Ordering::Release);
    }
}

fn feed(mut device: Device, until: &AtomicU64) {
    loop {
        let until = until.load(Ordering::Acquire);
        if until == DISARM {
            // One that cannot be stopped resets a machine that is off: nothing more can be done.
            device.disarm().ok();
            return;
        }
        if monotonic_nanos() < until {
            // A device that fails is not fed, and that is what it is for.
            device.feed().ok();
        }
        thread::sleep(RHYTHM);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
