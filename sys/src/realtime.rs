//! A thread that runs when it must.

use std::io;

use nix::sys::mman::{MlockAllFlags, mlockall};

/// Gives the calling thread the real-time class `SCHED_FIFO` with this priority (1 to 99): it runs
/// before every thread of the ordinary class, and until it waits.
///
/// # Errors
/// `PermissionDenied` without `CAP_SYS_NICE`; else what the kernel says.
pub fn enter_fifo(priority: i32) -> io::Result<()> {
    // By its number, for musl's function of this name only says that it cannot. The kernel's
    // parameter is this one int.
    // SAFETY: the kernel reads the int, which lives longer than the call; 0 is this thread.
    let result = unsafe {
        libc::syscall(
            libc::SYS_sched_setscheduler,
            0,
            libc::SCHED_FIFO,
            &raw const priority,
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Keeps all memory of this process, of now and of later, from being paged out.
///
/// # Errors
/// When the process may not lock so much.
pub fn lock_memory() -> io::Result<()> {
    Ok(mlockall(
        MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The scheduling class of the calling thread.
    fn class() -> libc::c_long {
        // SAFETY: takes a number, touches no memory.
        unsafe { libc::syscall(libc::SYS_sched_getscheduler, 0) }
    }

    #[test]
    #[ignore = "needs root"]
    fn one_thread_becomes_real_time_and_the_others_stay() {
        let inside = std::thread::spawn(|| enter_fifo(1).map(|()| class()));
        let inside = inside.join().expect("the thread").expect("permitted");
        assert_eq!(inside, libc::c_long::from(libc::SCHED_FIFO));
        assert_eq!(class(), libc::c_long::from(libc::SCHED_OTHER));
    }

    #[test]
    fn a_priority_that_there_is_not_is_an_error() {
        assert!(enter_fifo(100).is_err());
    }
}
