//! The end: everything stopped, the data partition taken away, the machine started anew or switched off.

use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, sync};

use crate::disk::BootDisk;
use crate::feeder::{Feeder, now};
use crate::log::Log;
use crate::slot::Trial;
use crate::{boot_partition, data, mount};

/// After SIGTERM, and again after SIGKILL.
const LEAVING: Duration = Duration::from_secs(5);

/// For all of it. A machine that hangs here is reset.
const LIMIT: Duration = Duration::from_secs(60);

/// How often it is seen whether a process is left.
const LOOK: Duration = Duration::from_millis(20);

/// How the machine is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Start anew.
    Reboot,
    /// Switch off.
    PowerOff,
    /// Erase what was configured and kept, then start anew.
    FactoryReset,
}

impl End {
    /// What the supervisor's exit status asks for; `None`: to be run again.
    #[must_use]
    pub const fn from_status(status: i32) -> Option<Self> {
        match status {
            64 => Some(Self::Reboot),
            65 => Some(Self::PowerOff),
            66 => Some(Self::FactoryReset),
            _ => None,
        }
    }

    /// What a signal to process 1 asks for. SIGINT is Ctrl-Alt-Del.
    #[must_use]
    pub fn from_signal(signal: Signal) -> Option<Self> {
        match signal {
            Signal::SIGINT | Signal::SIGTERM => Some(Self::Reboot),
            Signal::SIGUSR1 | Signal::SIGUSR2 => Some(Self::PowerOff),
            _ => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Reboot => "restarting",
            Self::PowerOff => "switching off",
            Self::FactoryReset => "erasing the data partition, then restarting",
        }
    }
}

/// Ends the machine.
pub fn end(how: End, trial: &Trial, disk: Option<BootDisk>, feeder: &mut Feeder, log: &Log) -> ! {
    feeder.busy(LIMIT);
    log.say(&format!("Fourfold: {}", how.word()));
    stop_all();
    let warn = |what: &str, e: &dyn std::fmt::Display| log.warn(&format!("{what}: {e}"));
    if let Err(e) = trial.give_back() {
        warn("the slot's try cannot be given back", &e);
    }
    sync();
    if let Err(e) = mount::unmount(data::TARGET) {
        warn(data::TARGET, &e);
        // What is open there is not written any more.
        mount::make_read_only(data::TARGET).ok();
    }
    if how == End::FactoryReset {
        feeder.busy(LIMIT + data::MAKING);
        match disk {
            Some(disk) => erase(disk, log),
            None => log.warn("there is no disk to erase anything from"),
        }
    }
    sync();
    let mode = match how {
        // Armed: a machine that hangs on its way down is reset.
        End::Reboot | End::FactoryReset => RebootMode::RB_AUTOBOOT,
        End::PowerOff => {
            feeder.disarm();
            RebootMode::RB_POWER_OFF
        }
    };
    loop {
        let Err(e) = reboot(mode);
        // Then the watchdog does, which nobody feeds any more.
        warn("the kernel does not end the machine", &e);
        thread::sleep(LIMIT);
    }
}

/// All processes but this one: asked, then killed.
fn stop_all() {
    let all = Pid::from_raw(-1);
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        // One that is stopped does not hear the first one. Where there is nobody left, nobody is told.
        kill(all, signal).ok();
        kill(all, Signal::SIGCONT).ok();
        if are_gone(LEAVING) {
            return;
        }
    }
}

/// Whether all processes are gone within `limit`: all are process 1's in the end.
fn are_gone(limit: Duration) -> bool {
    let end = now() + limit;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Err(Errno::ECHILD) => return true,
            Ok(WaitStatus::StillAlive) | Err(_) => {
                if now() >= end {
                    return false;
                }
                thread::sleep(LOOK);
            }
            // One more is gone.
            Ok(_) => {}
        }
    }
}

/// Everything that was configured and kept. What fails is done at the next start: the partition is marked
/// first.
fn erase(mut disk: BootDisk, log: &Log) {
    if let Err(e) = data::format(&mut disk) {
        log.warn(&e);
    }
    let removed = disk
        .boot()
        .map(|boot| boot_partition::remove_rescue(Path::new(&boot)));
    if let Some(Err(e)) = removed {
        log.warn(&format!("rescue.toml cannot be removed: {e}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_supervisors_exit_status_says_how_the_machine_ends() {
        assert_eq!(End::from_status(64), Some(End::Reboot));
        assert_eq!(End::from_status(65), Some(End::PowerOff));
        assert_eq!(End::from_status(66), Some(End::FactoryReset));
    }

    #[test]
    fn any_other_exit_status_has_the_supervisor_run_again() {
        for status in [0, 1, 2, 63, 67, 75, 101, 255] {
            assert_eq!(End::from_status(status), None, "{status}");
        }
    }

    #[test]
    fn signals_restart_or_switch_off_and_others_do_neither() {
        assert_eq!(End::from_signal(Signal::SIGINT), Some(End::Reboot));
        assert_eq!(End::from_signal(Signal::SIGTERM), Some(End::Reboot));
        assert_eq!(End::from_signal(Signal::SIGUSR1), Some(End::PowerOff));
        assert_eq!(End::from_signal(Signal::SIGUSR2), Some(End::PowerOff));
        assert_eq!(End::from_signal(Signal::SIGCHLD), None);
        assert_eq!(End::from_signal(Signal::SIGHUP), None);
    }
}
