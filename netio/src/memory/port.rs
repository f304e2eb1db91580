//! The twin of packet socket and TAP: two ends of a wire.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixDatagram;

use crate::frame::Port;

/// One end of a wire in memory.
#[derive(Debug)]
pub struct MemoryPort {
    socket: UnixDatagram,
}

impl MemoryPort {
    /// A wire's two ends: what one sends the other receives.
    ///
    /// # Errors
    /// When the kernel gives no socket pair.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = UnixDatagram::pair()?;
        one.set_nonblocking(true)?;
        other.set_nonblocking(true)?;
        Ok((Self { socket: one }, Self { socket: other }))
    }
}

impl Port for MemoryPort {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.socket.send(frame).map(|_| ())
    }

    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.recv(buffer)
    }
}

impl AsFd for MemoryPort {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for MemoryPort {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
