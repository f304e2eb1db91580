//! The hardware watchdog: once opened, the machine is reset unless it is fed in time.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

nix::ioctl_readwrite!(
    /// `WDIOC_SETTIMEOUT` of linux/watchdog.h: takes seconds, gives back those that the device took.
    settimeout,
    b'W',
    6,
    libc::c_int
);

/// A watchdog that runs. Dropped without [`Watchdog::disarm`], it goes on running: the reset comes.
#[derive(Debug)]
pub struct Watchdog {
    device: File,
}

impl Watchdog {
    /// Opens the device, which arms it.
    ///
    /// # Errors
    /// `NotFound` when there is none; `ResourceBusy` when another process has it open.
    pub fn open(device: &Path) -> io::Result<Self> {
        let device = OpenOptions::new().write(true).open(device)?;
        Ok(Self { device })
    }

    /// Has the reset come this many seconds after the last feeding. Returns the seconds that the device
    /// really took.
    ///
    /// # Errors
    /// For a time that the device cannot do, or one that does not change.
    pub fn set_timeout(&self, seconds: i32) -> io::Result<i32> {
        let mut taken: libc::c_int = seconds;
        // SAFETY: the kernel reads and writes this one int, which lives longer than the call.
        unsafe { settimeout(self.device.as_raw_fd(), &raw mut taken) }?;
        Ok(taken)
    }

    /// Puts the reset off.
    ///
    /// # Errors
    /// What the device says.
    pub fn feed(&mut self) -> io::Result<()> {
        self.device.write_all(b"\0")
    }

    /// Closes the device so that it stops ("magic close"). One that cannot be stopped goes on.
    ///
    /// # Errors
    /// What the device says.
    pub fn disarm(mut self) -> io::Result<()> {
        self.device.write_all(b"V")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_watchdog_is_told_apart() {
        let refused = Watchdog::open(Path::new("/dev/no-such-watchdog")).expect_err("opened");
        assert_eq!(refused.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn another_device_takes_no_time() {
        let other = Watchdog::open(Path::new("/dev/null")).expect("opened");
        assert!(other.set_timeout(30).is_err());
    }
}
