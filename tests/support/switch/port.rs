//! A port's socket, and the frames that wait for a guest that is slow.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::Result;
use wire::{Duration, Instant};

use super::config::Cable;
use super::counters::Reason;
use super::datagram::Datagram;
use super::fabric::Frame;
use super::packet::PacketSocket;

/// Frames that wait for a guest; a socket itself holds 10 or so (`net.unix.max_dgram_qlen`).
const WAITING: usize = 1024;
/// A guest that was too slow is tried again after this, then after twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// A port's socket.
#[derive(Debug)]
pub enum Socket {
    /// To a guest's NIC.
    Datagram(Datagram),
    /// On a kernel interface.
    Packet(PacketSocket),
}

impl Socket {
    /// Opens what a port is plugged into.
    ///
    /// # Errors
    /// As [`Datagram::bind`] and [`PacketSocket::open`].
    pub fn open(cable: Cable) -> Result<Self> {
        Ok(match cable {
            Cable::Datagram { guest, switch } => Self::Datagram(Datagram::bind(&guest, &switch)?),
            Cable::Interface(name) => Self::Packet(PacketSocket::open(&name)?),
            Cable::Socket(socket) => Self::Packet(socket),
        })
    }

    /// Receives one frame.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; else what the kernel says.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Datagram(socket) => socket.receive(buffer),
            Self::Packet(socket) => socket.receive(buffer),
        }
    }

    fn send(&self, frame: &[u8]) -> Sent {
        let result = match self {
            Self::Datagram(socket) => socket.send(frame),
            Self::Packet(socket) => socket.send(frame),
        };
        let Err(error) = result else {
            return Sent::Yes;
        };
        match error.kind() {
            ErrorKind::WouldBlock => Sent::Later,
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => Sent::No(Reason::NoGuest),
            _ => Sent::No(Reason::SendFailed),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Datagram(socket) => socket.as_fd(),
            Self::Packet(socket) => socket.as_fd(),
        }
    }
}

/// What came of sending a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was sent.
    Yes,
    /// It waits.
    Later,
    /// It was dropped.
    No(Reason),
}

/// A socket with its waiting frames.
#[derive(Debug)]
pub struct Outlet {
    /// The socket.
    pub socket: Socket,
    waiting: VecDeque<Frame>,
    pause: Duration,
    retry: Instant,
}

impl Outlet {
    /// An outlet where nothing waits.
    pub fn new(socket: Socket) -> Self {
        Self {
            socket,
            waiting: VecDeque::new(),
            pause: FIRST_PAUSE,
            retry: Instant::from_nanos(0),
        }
    }

    /// Sends a frame, or lets it wait behind those that do.
    pub fn send(&mut self, now: Instant, frame: &Frame) -> Sent {
        if self.waiting.is_empty() {
            let sent = self.socket.send(frame);
            if sent != Sent::Later {
                return sent;
            }
            self.retry = now + self.pause;
        }
        if self.waiting.len() >= WAITING {
            return Sent::No(Reason::QueueFull);
        }
        self.waiting.push_back(Frame::clone(frame));
        Sent::Later
    }

    /// When frames that wait are tried again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.retry)
    }

    /// Tries the frame that waits longest, once its time has come; `None`: nothing was tried.
    pub fn retry(&mut self, now: Instant) -> Option<(Frame, Sent)> {
        if now < self.retry {
            return None;
        }
        let frame = self.waiting.pop_front()?;
        match self.socket.send(&frame) {
            Sent::Later => {
                self.waiting.push_front(frame);
                self.retry = now + self.pause;
                self.pause = self.pause.times(2).min(LONGEST_PAUSE);
                None
            }
            sent @ (Sent::Yes | Sent::No(_)) => {
                self.pause = FIRST_PAUSE;
                Some((frame, sent))
            }
        }
    }
}
