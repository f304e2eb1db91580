//! Programs that process 1 starts: no runtime, no pidfd. It learns of their ends as the one who reaps
//! every process.
//!
//! A program starts with nothing but what it is given: the environment that is named, default signals, a
//! session of its own, and no descriptor but the standard streams and those passed.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;

use crate::{signals, spawn};

/// What to run.
#[derive(Debug)]
pub struct Program {
    command: Command,
    passed: Vec<OwnedFd>,
    terminal: bool,
}

impl Program {
    /// Runs `program`: a path, or a name that is looked up in the `PATH` given by [`Program::env`]. Its
    /// input and output are empty unless given.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            command,
            passed: Vec::new(),
            terminal: false,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Adds a variable to the environment.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Passes `fd`, whose number the variable `key` says.
    #[must_use]
    pub fn pass(mut self, key: &str, fd: OwnedFd) -> Self {
        self.command.env(key, fd.as_raw_fd().to_string());
        self.passed.push(fd);
        self
    }

    /// Both output streams go to `fd`.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn output(mut self, fd: OwnedFd) -> io::Result<Self> {
        self.command.stdout(fd.try_clone()?).stderr(fd);
        Ok(self)
    }

    /// All three streams are this terminal, and it is the session's controlling one.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn terminal(mut self, terminal: File) -> io::Result<Self> {
        self.command.stdin(terminal.try_clone()?);
        self.terminal = true;
        self.output(terminal.into())
    }

    /// Starts it. When this returns, the program has been executed, or was not and this is the error.
    /// Returns its process id.
    ///
    /// # Errors
    /// What the kernel says; the message names the program.
    pub fn start(mut self) -> io::Result<u32> {
        let passed: Vec<RawFd> = self.passed.iter().map(AsRawFd::as_raw_fd).collect();
        let terminal = self.terminal;
        let begin = move || {
            signals::reset()?;
            // SAFETY: takes no argument, touches no memory.
            Errno::result(unsafe { libc::setsid() })?;
            if terminal {
                // SAFETY: descriptor 0 is the terminal here; the argument is a number.
                Errno::result(unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) })?;
            }
            passed
                .iter()
                .try_for_each(|raw| spawn::keep_over_exec(*raw))
        };
        // SAFETY: between fork and exec `begin` makes async-signal-safe calls only and allocates nothing;
        // the descriptors stay open until the program has been executed.
        unsafe { self.command.pre_exec(begin) };
        let name = self.command.get_program().to_owned();
        let child = self.command.spawn().map_err(|e| {
            io::Error::new(e.kind(), format!("cannot start {}: {e}", name.display()))
        })?;
        Ok(child.id())
    }
}
