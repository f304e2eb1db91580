//! Child processes, for a supervisor that never blocks on one.
//!
//! A child gets a readiness pipe (its end is named by `READY_FD`), one output pipe for its standard output
//! and error, an empty standard input and a process group of its own (so that a terminal's Ctrl-C reaches
//! the supervisor only); no signal is ignored or blocked in it. It is no death signal's subject: when its parent dies it lives on. So that its log
//! lines cannot kill it then, its end of the output pipe is open for reading, too: writes never meet
//! `EPIPE`; after [`OUTPUT_BYTES`] that nobody read they wait.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal;
use nix::unistd::pipe2;

use crate::ready::READY_FD;
use crate::watch::Watch;
use crate::watchdog::WATCHDOG_FD;
use crate::{process, signals};

/// What the output pipe holds: lines that nobody has read yet.
pub const OUTPUT_BYTES: i32 = 1 << 20;

/// What to run.
#[derive(Debug)]
pub struct Spawn {
    command: Command,
}

/// A running (or dead, not yet waited for) child.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    pidfd: OwnedFd,
    death: Option<Watch>,
    readiness: Option<OwnedFd>,
    output: Option<OwnedFd>,
}

/// The reading end of a child's readiness pipe.
#[derive(Debug)]
pub struct Readiness {
    pipe: Watch,
}

/// The reading end of a child's output pipe; ends when the child and all that inherited it are gone.
#[derive(Debug)]
pub struct Output {
    pipe: Watch,
}

impl Spawn {
    /// Runs `program` (a path, or a name looked up in `PATH`).
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            command: Command::new(program),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Adds a variable to the environment that the child inherits.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Starts the child. When it returns, the program has been executed (or was not, and this is the error).
    ///
    /// # Errors
    /// What the kernel says of the pipes or the program; the message names the program.
    pub fn start(mut self) -> io::Result<Child> {
        let (readiness, ready_fd) = pipe2(OFlag::O_CLOEXEC)?;
        let (output, writer) = pipe2(OFlag::O_CLOEXEC)?;
        // Refused beyond the user's pipe limit; the default of 64 KiB serves as well.
        fcntl(&writer, FcntlArg::F_SETPIPE_SZ(OUTPUT_BYTES)).ok();
        let both_ends = reopen(&writer)?;
        drop(writer);
        set_nonblocking(&readiness)?;
        set_nonblocking(&output)?;
        let inherited = ready_fd.as_raw_fd();
        self.command
            .env(READY_FD, inherited.to_string())
            .env_remove(WATCHDOG_FD)
            .stdin(Stdio::null())
            .stdout(both_ends.try_clone()?)
            .stderr(both_ends)
            .process_group(0);
        // SAFETY: between fork and exec it makes async-signal-safe calls only, one of them on a descriptor
        // that the parent keeps open until the child has been executed.
        unsafe {
            self.command.pre_exec(move || {
                signals::reset()?;
                keep_over_exec(inherited)
            })
        };
        let program = self.command.get_program().to_owned();
        let process = self.command.spawn().map_err(|e| {
            io::Error::new(e.kind(), format!("cannot start {}: {e}", program.display()))
        })?;
        // Not reaped yet, so that its id is still its own.
        let pidfd = process::open_pidfd(process.id())?;
        Ok(Child {
            process,
            pidfd,
            death: None,
            readiness: Some(readiness),
            output: Some(output),
        })
    }
}

impl Child {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Its pidfd: readable as soon as it is dead.
    #[must_use]
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Sends it a signal; a child that is already dead is no error. Never reaches another process.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        process::send(self.pidfd.as_fd(), signal)
    }

    /// Its exit status, if it is dead; reaps it.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.try_wait()
    }

    /// Waits until it is dead and reaps it. May be cancelled and called again. Needs a tokio runtime.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let death = match self.death.take() {
            Some(watch) => self.death.insert(watch),
            None => self.death.insert(Watch::of(&self.pidfd)?),
        };
        let process = &mut self.process;
        death
            .read(|_| process.try_wait()?.ok_or(io::ErrorKind::WouldBlock.into()))
            .await
    }

    /// The reading end of its readiness pipe; `None` the second time. Needs a tokio runtime.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn readiness(&mut self) -> io::Result<Option<Readiness>> {
        let pipe = self.readiness.take().map(Watch::new).transpose()?;
        Ok(pipe.map(|pipe| Readiness { pipe }))
    }

    /// The reading end of its output pipe; `None` the second time. Needs a tokio runtime.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn output(&mut self) -> io::Result<Option<Output>> {
        let pipe = self.output.take().map(Watch::new).transpose()?;
        Ok(pipe.map(|pipe| Output { pipe }))
    }
}

impl Readiness {
    /// Waits until the child says that it is ready (true), or closes the pipe or dies before (false).
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn wait(&self) -> io::Result<bool> {
        let mut bytes = [0; 64];
        loop {
            let len = read(&self.pipe, &mut bytes).await?;
            let said = &bytes[..len];
            if len == 0 || said.contains(&b'\n') {
                return Ok(len > 0);
            }
        }
    }
}

impl Output {
    /// The reading end of the output pipe of a process that somebody else started, from any descriptor of
    /// that pipe. Needs a tokio runtime.
    ///
    /// # Errors
    /// `InvalidInput` for anything but a pipe; else what the kernel says.
    pub fn reopen(pipe: &OwnedFd) -> io::Result<Self> {
        let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
        let mut options = OpenOptions::new();
        // Of its own, so that the writer's side stays as it is.
        let own = options
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)?;
        if !own.metadata()?.file_type().is_fifo() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "output that is no pipe",
            ));
        }
        let pipe = Watch::new(own.into())?;
        Ok(Self { pipe })
    }

    /// Reads what the child wrote; 0 at the end. May be cancelled without losing bytes.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        read(&self.pipe, bytes).await
    }

    /// Reads what has been written so far: `None` when that is nothing, 0 at the end. Never waits.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn try_read(&self, bytes: &mut [u8]) -> io::Result<Option<usize>> {
        match nix::unistd::read(&self.pipe, bytes) {
            Ok(len) => Ok(Some(len)),
            Err(Errno::EAGAIN) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
}

async fn read(pipe: &Watch, bytes: &mut [u8]) -> io::Result<usize> {
    pipe.read(|fd| Ok(nix::unistd::read(fd, bytes)?)).await
}

/// The same pipe, open for reading and writing.
fn reopen(pipe: &OwnedFd) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    Ok(OpenOptions::new().read(true).write(true).open(path)?.into())
}

fn set_nonblocking(pipe: &OwnedFd) -> io::Result<()> {
    fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(())
}

pub(crate) fn keep_over_exec(raw: RawFd) -> io::Result<()> {
    // SAFETY: sets the flags of a descriptor number; touches no memory.
    Errno::result(unsafe { libc::fcntl(raw, libc::F_SETFD, 0) })?;
    Ok(())
}
