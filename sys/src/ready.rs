//! Readiness: a daemon says that it is ready by a newline on the descriptor that `READY_FD` names.

use std::fs::File;
use std::io::Write;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::inherited;

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
        let Some(raw) = inherited::named(READY_FD) else {
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
    if let Some(raw) = inherited::named(READY_FD) {
        inherited::keep_from_children(raw);
    }
}
