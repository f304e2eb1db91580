//! A port for a NIC of QEMU's: a Unix datagram socket, one frame a datagram.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::socket_file;

/// The switch's end; its socket's file goes with the value.
#[derive(Debug)]
pub struct Datagram {
    socket: UnixDatagram,
    path: PathBuf,
    guest: PathBuf,
}

impl Datagram {
    /// Makes the socket `switch`, whether or not a guest has made `guest` yet. A file that a dead switch
    /// left is replaced.
    ///
    /// # Errors
    /// When a process has that socket; what the kernel says, for example of a path beyond 107 bytes.
    pub fn bind(guest: &Path, switch: &Path) -> Result<Self> {
        let what = || format!("making the socket {}", switch.display());
        socket_file::clear(switch)?;
        let socket = UnixDatagram::bind(switch).with_context(what)?;
        socket.set_nonblocking(true).with_context(what)?;
        Ok(Self {
            socket,
            path: switch.to_owned(),
            guest: guest.to_owned(),
        })
    }

    /// Receives one frame.
    ///
    /// # Errors
    /// `WouldBlock` when there is none.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.recv(buffer)
    }

    /// Sends one frame to whoever is the guest now. Never connected: a guest that comes back is another
    /// socket under the same name.
    ///
    /// # Errors
    /// `NotFound` and `ConnectionRefused` when there is no guest, `WouldBlock` when it is too slow.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.socket.send_to(frame, &self.guest)?;
        Ok(())
    }
}

impl AsFd for Datagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Datagram {
    fn drop(&mut self) {
        // Somebody may have cleaned the directory up before.
        fs::remove_file(&self.path).ok();
    }
}
