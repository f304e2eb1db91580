//! A child that ends with the process that started it, for programs that know nothing of us.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::getppid;

/// Has the kernel send `signal` to the child of `command` when the thread that starts it ends, however it
/// ends. What the child itself starts is not tied; nor is a child that changes its user.
pub fn tie(command: &mut Command, signal: Signal) {
    let parent = std::process::id();
    let tie = move || {
        set_pdeathsig(signal)?;
        // It may have died before that, and nobody would tell.
        if u32::try_from(getppid().as_raw()) == Ok(parent) {
            Ok(())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    };
    // SAFETY: between fork and exec it makes prctl and getppid calls, which are async-signal-safe, and
    // allocates nothing.
    unsafe { command.pre_exec(tie) };
}
