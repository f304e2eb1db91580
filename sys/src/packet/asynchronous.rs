//! The same connections for a tokio host.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::{Listener, Packet, Record, message};
use crate::watch::Watch;

/// One end of a connection; calls wait on tokio. Every wait may be cancelled without losing a record.
#[derive(Debug)]
pub struct AsyncPacket {
    watch: Watch,
}

impl AsyncPacket {
    /// Takes a connection over; it does not block from here on. Needs a tokio runtime with I/O.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn new(packet: Packet) -> io::Result<Self> {
        set_nonblocking(packet.as_fd())?;
        Ok(Self {
            watch: Watch::new(packet.into())?,
        })
    }

    /// Connects to the listener at `path`. Never waits: a Unix listener takes a connection at once.
    ///
    /// # Errors
    /// As [`Packet::connect`].
    pub fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::new(Packet::connect(path)?)
    }

    /// Sends one record with its descriptors. Whole or not at all.
    ///
    /// # Errors
    /// As [`Packet::send`].
    pub async fn send(&self, record: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        self.watch
            .write(|socket| message::send(socket, record, fds))
            .await
    }

    /// Receives one record with its descriptors.
    ///
    /// # Errors
    /// As [`Packet::recv`].
    pub async fn recv(&self) -> io::Result<Record> {
        self.watch.read(message::receive).await
    }

    /// The process that connected. It may have died since.
    ///
    /// # Errors
    /// As [`Packet::peer_pid`].
    pub fn peer_pid(&self) -> io::Result<u32> {
        super::peer_pid(self.as_fd())
    }

    /// The user whose process connected, as it was then.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn peer_uid(&self) -> io::Result<u32> {
        super::peer_uid(self.as_fd())
    }
}

impl AsFd for AsyncPacket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watch.as_fd()
    }
}

/// A listening socket; its file goes when the value does.
#[derive(Debug)]
pub struct AsyncListener {
    listener: Listener,
    watch: Watch,
}

impl AsyncListener {
    /// Listens at `path` as [`Listener::bind`] does. Needs a tokio runtime with I/O.
    ///
    /// # Errors
    /// As [`Listener::bind`].
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let listener = Listener::bind(path)?;
        set_nonblocking(listener.as_fd())?;
        let watch = Watch::of(&listener)?;
        Ok(Self { listener, watch })
    }

    /// Waits for the next connection. May be cancelled.
    ///
    /// # Errors
    /// As [`Listener::accept`].
    pub async fn accept(&self) -> io::Result<AsyncPacket> {
        AsyncPacket::new(self.watch.read(|_| self.listener.accept()).await?)
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.listener.path()
    }
}

fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}
