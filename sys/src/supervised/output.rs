//! The pipe that this process writes its lines to, from the writer's side.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

nix::ioctl_read_bad!(fionread, libc::FIONREAD, libc::c_int);

/// This process's own standard error from both sides, and what was taken out of it here. Neither side waits,
/// and none takes the lock that a thread in the middle of a line holds.
#[derive(Debug)]
pub(super) struct Output {
    pipe: File,
    /// Above so many bytes that nobody has read, lines are taken out.
    most: usize,
    /// Lines taken out and not told of yet.
    lost: u64,
}

impl Output {
    /// The pipe that [`crate::spawn`] gave to this process; none when its standard error is anything else,
    /// for example somebody else's pipe, which is not ours to read.
    pub(super) fn of_this_process() -> Option<Self> {
        let stderr = io::stderr();
        let flags = OFlag::from_bits_retain(fcntl(&stderr, FcntlArg::F_GETFL).ok()?);
        if flags & OFlag::O_ACCMODE != OFlag::O_RDWR {
            return None;
        }
        let capacity = usize::try_from(fcntl(&stderr, FcntlArg::F_GETPIPE_SZ).ok()?).ok()?;
        let pipe = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(format!("/proc/self/fd/{}", stderr.as_raw_fd()))
            .ok()?;
        let is_pipe = pipe.metadata().ok()?.file_type().is_fifo();
        is_pipe.then_some(Self {
            pipe,
            most: capacity / 2,
            lost: 0,
        })
    }

    /// Takes the oldest lines out when half of the pipe is full: nobody reads it, and the next line but few
    /// would wait until somebody does.
    pub(super) fn relieve(&mut self) {
        let mut waiting = self.waiting();
        if waiting <= self.most {
            return;
        }
        let mut bytes = [0; 4096];
        let mut last = b'\n';
        // To the end of a line, unless that is longer than any.
        while waiting > self.most / 2 {
            // Somebody else reads it after all.
            let Ok(len @ 1..) = self.pipe.read(&mut bytes) else {
                break;
            };
            let taken = &bytes[..len];
            self.lost += taken
                .iter()
                .map(|byte| u64::from(*byte == b'\n'))
                .sum::<u64>();
            last = *taken.last().unwrap_or(&last);
            waiting = waiting.saturating_sub(len);
        }
        let mut byte = [0];
        while last != b'\n' && matches!(self.pipe.read(&mut byte), Ok(1)) {
            last = byte[0];
            self.lost += u64::from(last == b'\n');
        }
    }

    /// Says how many lines were taken out, once.
    pub(super) fn confess(&mut self, daemon: &str) {
        if self.lost > 0
            && self.line(&format!(
                "{daemon}: {} lines lost: nobody read them",
                self.lost
            ))
        {
            self.lost = 0;
        }
    }

    /// Writes a line, if there is room for it.
    pub(super) fn line(&mut self, text: &str) -> bool {
        self.pipe.write_all(format!("{text}\n").as_bytes()).is_ok()
    }

    fn waiting(&self) -> usize {
        let mut bytes = 0;
        // SAFETY: FIONREAD writes one int, to a place that outlives the call.
        let asked = unsafe { fionread(self.pipe.as_raw_fd(), &raw mut bytes) };
        asked.map_or(0, |_| usize::try_from(bytes).unwrap_or(0))
    }
}
