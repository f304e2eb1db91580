//! Ctrl-C ends what runs, never the console.

use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::SIGINT;
use signal_hook::low_level::{pipe, unregister};

/// Whether Ctrl-C was pressed. From its making on, SIGINT no longer ends the process.
#[derive(Debug)]
pub(crate) struct Interrupt {
    pressed: Arc<AtomicBool>,
    wake: UnixStream,
    handlers: [SigId; 2],
}

impl Interrupt {
    pub(crate) fn new() -> io::Result<Self> {
        let pressed = Arc::new(AtomicBool::new(false));
        let (wake, signal) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let handlers = [
            signal_hook::flag::register(SIGINT, Arc::clone(&pressed))?,
            pipe::register(SIGINT, signal)?,
        ];
        Ok(Self {
            pressed,
            wake,
            handlers,
        })
    }

    /// Whether it was pressed and nobody has taken notice of it yet.
    pub(crate) fn is_pressed(&self) -> bool {
        self.pressed.load(Ordering::Relaxed)
    }

    /// Whether it was pressed; that is over then.
    pub(crate) fn take(&self) -> bool {
        let mut bytes = [0; 64];
        while matches!((&self.wake).read(&mut bytes), Ok(1..)) {}
        self.pressed.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        for handler in self.handlers {
            unregister(handler);
        }
    }
}

impl AsFd for Interrupt {
    /// Readable from the moment it is pressed until [`Interrupt::take`].
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}
