//! Descriptors that who started this process has left open for it, named by an environment variable.

use std::os::fd::RawFd;

/// The descriptor that the variable names, if it is open.
pub(crate) fn named(variable: &str) -> Option<RawFd> {
    let raw = std::env::var(variable)
        .ok()
        .and_then(|value| descriptor(&value))?;
    // SAFETY: asks about a number; touches no memory and no state.
    let open = unsafe { libc::fcntl(raw, libc::F_GETFD) } >= 0;
    open.then_some(raw) // else the variable was inherited, but not the descriptor
}

/// Keeps it from the children of this process.
pub(crate) fn keep_from_children(raw: RawFd) {
    // SAFETY: sets a flag of a descriptor; touches no memory.
    unsafe { libc::fcntl(raw, libc::F_SETFD, libc::FD_CLOEXEC) };
}

/// The number; never one of the standard streams.
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
