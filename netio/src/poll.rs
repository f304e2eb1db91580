//! Sleeping on a few descriptors, to the nanosecond.

use std::io;
use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use wire::Duration;

/// Sleeps until one of `fds` is readable or `timeout` is over; a signal ends it early.
pub(crate) fn readable<'a, const N: usize>(
    fds: impl Iterator<Item = BorrowedFd<'a>>,
    timeout: Duration,
) -> io::Result<()> {
    let mut set: heapless::Vec<PollFd<'_>, N> = fds
        .take(N)
        .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
        .collect();
    match ppoll(
        &mut set,
        Some(TimeSpec::from_duration(timeout.into())),
        None,
    ) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
