//! Signals of a child before its program runs.

use std::io;

use nix::errno::Errno;

/// The last signal number of Linux.
const LAST: libc::c_int = 64;

/// Every signal does again what it does by default, and none is blocked: a program must not inherit what
/// its parent ignores or blocks. For a child between fork and exec: makes async-signal-safe calls only.
pub(crate) fn reset() -> io::Result<()> {
    for signal in 1..=LAST {
        // SAFETY: sets a default disposition. Refused for SIGKILL, SIGSTOP and the C library's own two,
        // which stay as they are.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let mut none = std::mem::MaybeUninit::uninit();
    // SAFETY: the first call fills the set that the second one reads; both live longer than the calls.
    Errno::result(unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut())
    })?;
    Ok(())
}
