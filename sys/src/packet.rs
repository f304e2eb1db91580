//! Records over Unix sockets of type `SOCK_SEQPACKET`: a record keeps its boundaries and may carry
//! descriptors (`SCM_RIGHTS`).
//!
//! [`Packet`] and [`Listener`] block; [`AsyncPacket`] and [`AsyncListener`] wait on tokio. A record is 1 to
//! [`MAX_RECORD`] bytes with at most [`MAX_FDS`] descriptors; what arrives truncated is an error, never a
//! shorter record. A connection whose peer has gone gives `UnexpectedEof` (or `ConnectionReset`, when the
//! peer left records unread).

mod asynchronous;
mod listener;
mod message;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, UnixAddr, connect, getsockopt, setsockopt, socket,
    socketpair, sockopt,
};
use nix::sys::time::TimeVal;

pub use asynchronous::{AsyncListener, AsyncPacket};
pub use listener::Listener;

/// The largest record, in bytes.
pub const MAX_RECORD: usize = 64 * 1024;
/// The most descriptors that one record carries.
pub const MAX_FDS: usize = 32;

/// A record and its descriptors, as received.
pub type Record = (Vec<u8>, Vec<OwnedFd>);

/// One end of a connection; calls block.
#[derive(Debug)]
pub struct Packet {
    fd: OwnedFd,
}

impl Packet {
    /// Connects to the listener at `path`.
    ///
    /// # Errors
    /// `NotFound` without a socket file, `ConnectionRefused` when nobody listens; the message names the path.
    pub fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let packet = Self { fd: new_socket()? };
        connect(packet.as_raw_fd(), &address(path)?).map_err(|e| at(path, "connect", e.into()))?;
        Ok(packet)
    }

    /// Two ends of a new connection.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?;
        Ok((Self { fd: one }, Self { fd: other }))
    }

    /// Sends one record with its descriptors. Whole or not at all.
    ///
    /// # Errors
    /// `InvalidInput` for an empty record, one above [`MAX_RECORD`] or more than [`MAX_FDS`]
    /// descriptors; `BrokenPipe` when the peer has gone; `WouldBlock` after the time limit.
    pub fn send(&self, record: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        message::send(self.as_fd(), record, fds)
    }

    /// Receives one record with its descriptors (all close-on-exec).
    ///
    /// # Errors
    /// `InvalidData` when record or descriptors were truncated (what did arrive is closed);
    /// `UnexpectedEof` or `ConnectionReset` when the peer has gone; `WouldBlock` after the time limit.
    pub fn recv(&self) -> io::Result<Record> {
        message::receive(self.as_fd())
    }

    /// Limits how long each [`send`](Self::send) and [`recv`](Self::recv) may take; `None` is for ever.
    ///
    /// # Errors
    /// `InvalidInput` for a zero limit.
    pub fn set_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        if limit == Some(Duration::ZERO) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a time limit of zero",
            ));
        }
        let limit = limit.unwrap_or_default();
        let seconds = i64::try_from(limit.as_secs()).map_err(io::Error::other)?;
        let value = TimeVal::new(seconds, i64::from(limit.subsec_micros()));
        setsockopt(&self.fd, sockopt::ReceiveTimeout, &value)?;
        setsockopt(&self.fd, sockopt::SendTimeout, &value)?;
        Ok(())
    }

    /// The process that connected (or made the pair). It may have died since.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn peer_pid(&self) -> io::Result<u32> {
        peer_pid(self.as_fd())
    }
}

impl From<OwnedFd> for Packet {
    /// Takes a connected `SOCK_SEQPACKET` socket, for example one received in a record.
    fn from(fd: OwnedFd) -> Self {
        Self { fd }
    }
}

impl From<Packet> for OwnedFd {
    fn from(packet: Packet) -> Self {
        packet.fd
    }
}

impl AsFd for Packet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Packet {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// Whether a socket can be at `path`.
///
/// # Errors
/// `InvalidInput`, with the path and what is legal, for a path that is too long.
pub fn check_path(path: &Path) -> io::Result<()> {
    address(path).map(drop)
}

fn address(path: &Path) -> io::Result<UnixAddr> {
    const MOST: usize = 107; // sun_path of unix(7), less its NUL
    let bytes = path.as_os_str().len();
    if bytes > MOST {
        let why = format!(
            "{}: a socket's path has at most {MOST} bytes, this one {bytes}",
            path.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    Ok(UnixAddr::new(path)?)
}

fn new_socket() -> io::Result<OwnedFd> {
    Ok(socket(
        AddressFamily::Unix,
        SockType::SeqPacket,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?)
}

fn peer_pid(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let credentials = getsockopt(&socket, sockopt::PeerCredentials)?;
    u32::try_from(credentials.pid()).map_err(io::Error::other)
}

fn peer_uid(socket: BorrowedFd<'_>) -> io::Result<u32> {
    Ok(getsockopt(&socket, sockopt::PeerCredentials)?.uid())
}

fn at(path: &Path, operation: &str, e: io::Error) -> io::Error {
    io::Error::new(e.kind(), format!("{operation} {}: {e}", path.display()))
}
