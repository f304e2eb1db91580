//! Processes, also those that another process started: known by id and start time, held by a pidfd.

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::signal::Signal;

use crate::watch::Watch;

/// A process that somebody else started.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    pidfd: OwnedFd,
    death: Option<Watch>,
}

/// When a process was started, in the kernel's clock ticks since boot. Ids come again; within a boot, id
/// and start time together do not.
///
/// # Errors
/// `NotFound` when there is no such process; `InvalidData` when `/proc` says something else than it does.
pub fn started(pid: u32) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the program's name in parentheses, and may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let started = fields.split_whitespace().nth(19); // field 22 of proc_pid_stat(5)
    started.and_then(|ticks| ticks.parse().ok()).ok_or_else(|| {
        let why = format!("/proc/{pid}/stat: no start time");
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}

impl Process {
    /// Process `pid`, if it is the one that was started then; `None` when that one is gone.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn open(pid: u32, started: u64) -> io::Result<Option<Self>> {
        // First the descriptor, then the question: what it refers to cannot have changed in between.
        let pidfd = match open_pidfd(pid) {
            Ok(pidfd) => pidfd,
            Err(e) if e.raw_os_error() == Some(libc::ESRCH) => return Ok(None),
            Err(e) => return Err(e),
        };
        match self::started(pid) {
            // The dead keep id and start time until their parent looks at them.
            Ok(now) if now == started && is_dead(pidfd.as_fd()).is_err() => Ok(Some(Self {
                pid,
                pidfd,
                death: None,
            })),
            Ok(_) => Ok(None),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Its process id.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends it a signal; a process that is already dead is no error. Never reaches another process.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        send(self.pidfd.as_fd(), signal)
    }

    /// Waits until it is dead. Only its parent learns how it ended. May be cancelled and called again.
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn wait(&mut self) -> io::Result<()> {
        let death = match self.death.take() {
            Some(watch) => self.death.insert(watch),
            None => self.death.insert(Watch::of(&self.pidfd)?),
        };
        death.read(is_dead).await
    }
}

/// `WouldBlock` as long as the process lives.
fn is_dead(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    match poll(
        &mut [PollFd::new(pidfd, PollFlags::POLLIN)],
        PollTimeout::ZERO,
    )? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}

pub(crate) fn open_pidfd(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes integers, touches no memory.
    let raw = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    let raw = RawFd::try_from(raw).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made it for this call (close-on-exec, as every pidfd).
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

pub(crate) fn send(pidfd: BorrowedFd<'_>, signal: Signal) -> io::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: a pidfd of ours, a signal number, no siginfo, no flags: reads no memory.
    let sent = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            signal as libc::c_int,
            none,
            0,
        )
    };
    match Errno::result(sent) {
        Ok(_) | Err(Errno::ESRCH) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[tokio::test]
    async fn a_process_is_found_by_id_and_start_time_and_its_end_is_seen() {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        let started = started(child.id()).expect("alive");
        let mut process = Process::open(child.id(), started)
            .expect("asked")
            .expect("alive");
        assert_eq!(process.pid(), child.id());
        tokio::select! {
            biased;
            end = process.wait() => panic!("it lives: {end:?}"),
            () = std::future::ready(()) => {}
        }
        process.signal(Signal::SIGKILL).expect("sent");
        process.wait().await.expect("seen");
        let dead = Process::open(child.id(), started).expect("asked");
        assert!(dead.is_none(), "its parent has not looked yet");
        child.wait().expect("reaped");
        process
            .signal(Signal::SIGKILL)
            .expect("to the dead: no error");
        let gone = Process::open(child.id(), started).expect("asked");
        assert!(gone.is_none(), "there is none any more");
    }

    #[test]
    fn a_process_of_another_start_time_is_another_one() {
        let this = std::process::id();
        let started = started(this).expect("alive");
        assert!(Process::open(this, started).expect("asked").is_some());
        assert!(Process::open(this, started + 1).expect("asked").is_none());
    }
}
