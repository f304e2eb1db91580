//! Readiness: a daemon says that it is ready by a newline on the descriptor that `READY_FD` names.

use std::fs::File;
use std::io::Write;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// The environment variable with the number of the descriptor.
pub const READY_FD: &str = "READY_FD";

static NOTIFY: Once = Once::new();
static SAID: AtomicBool = AtomicBool::new(false);

/// Whether this process has said that it is ready, be there somebody who heard it or not.
pub(crate) fn is_said() -> bool {
    SAID.load(Ordering::Acquire)
}

/// Says "ready" to who started this process, once, and closes the descriptor; later calls do nothing.
/// Without `READY_FD`, or when nobody listens any more, it does nothing either: a daemon runs alone.
pub fn notify() {
    NOTIFY.call_once(|| {
        SAID.store(true, Ordering::Release);
        let Some(raw) = inherited() else {
            return;
        };
        // SAFETY: it is open, and by the contract of READY_FD was inherited for this one use, so that nothing
        // else in the process knows it; `Once` makes this the only place that takes it.
        let fd = unsafe { OwnedFd::from_raw_fd(raw) };
        // Who asked to be told may be gone; that is no reason to stop.
        drop(File::from(fd).write_all(b"\n"));
    });
}

/// Keeps the descriptor from the children of this process: for a program that starts others before it is
/// ready itself.
pub fn keep_from_children() {
    if let Some(raw) = inherited() {
        // SAFETY: sets a flag of a descriptor that is open and ours; touches no memory.
        unsafe { libc::fcntl(raw, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// The descriptor that READY_FD names, if it is open.
fn inherited() -> Option<RawFd> {
    let raw = std::env::var(READY_FD)
        .ok()
        .and_then(|value| descriptor(&value))?;
    // SAFETY: asks about a number; touches no memory and no state.
    let open = unsafe { libc::fcntl(raw, libc::F_GETFD) } >= 0;
    open.then_some(raw) // else the variable was inherited, but not the descriptor
}

/// The number in READY_FD; never one of the standard streams.
fn descriptor(value: &str) -> Option<RawFd> {
    value.parse().ok().filter(|raw| *raw > 2)
}

#[cfg(test)]
mod tests {
    use super::descriptor;

    #[test]
    fn a_descriptor_above_the_standard_streams_is_taken() {
        assert_eq!(descriptor("3"), Some(3));
        assert_eq!(descriptor("17"), Some(17));
    }

    #[test]
    fn standard_streams_and_nonsense_are_left_alone() {
        for value in ["", "0", "2", "-1", "three", "3 ", "99999999999"] {
            assert_eq!(descriptor(value), None, "{value:?}");
        }
    }
}
