//! Lines of a terminal that only prints, which the kernel edits.

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::read;

use super::Typed;
use crate::interrupt::Interrupt;

/// What has come and is no line yet, or not the next one.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    rest: Vec<u8>,
}

impl Plain {
    pub(super) fn next(&mut self, prompt: &str, interrupt: &Interrupt) -> io::Result<Typed> {
        let mut stdout = io::stdout();
        write!(stdout, "{prompt}")?;
        stdout.flush()?;
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                return Ok(Typed::Line(line.trim_end_matches(['\r', '\n']).to_owned()));
            }
            if !self.wait(interrupt)? {
                // The kernel dropped what was typed of the line.
                self.rest.clear();
                writeln!(stdout)?;
                return Ok(Typed::Dropped);
            }
            let mut bytes = [0; 4096];
            match read(io::stdin(), &mut bytes) {
                Ok(0) | Err(Errno::EIO) => {
                    writeln!(stdout)?;
                    return Ok(Typed::End);
                }
                Ok(count) => self.rest.extend(bytes.iter().take(count)),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits for input; false when Ctrl-C came first.
    fn wait(&self, interrupt: &Interrupt) -> io::Result<bool> {
        let stdin = io::stdin();
        let mut fds = [
            PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            PollFd::new(interrupt.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => Ok(!interrupt.take()),
            Err(error) => Err(error.into()),
        }
    }
}
