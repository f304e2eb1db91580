//! The twin of the AF_XDP lane.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::eventfd::{EfdFlags, EventFd};
use wire::Duration;

use crate::frame::{Batch, Frame, Lane, PortIndex, Progress};
use crate::poll;

/// Bytes per chunk, as the real lane's default.
const CHUNK: usize = 2048;
/// Where a frame begins in its chunk: the room that the kernel keeps in front.
const HEADROOM: usize = 256;

/// Where a frame is. Exactly one place at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Free,
    Held,
    Sending,
}

/// A [`Lane`] whose wire is a test.
///
/// It is stricter than the kernel: a frame that comes back twice panics.
#[derive(Debug)]
pub struct MemoryLane {
    umem: Vec<u8>,
    places: Vec<Place>,
    free: Vec<usize>,
    sending: Vec<Vec<Frame>>,
    progress: Vec<Progress>,
    ring_size: usize,
    wire: MemoryWire,
}

/// The other end of a [`MemoryLane`]: puts frames on its ports and takes what it sent.
#[derive(Clone, Debug)]
pub struct MemoryWire {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    ports: Mutex<Vec<Port>>,
    arrived: EventFd,
}

#[derive(Debug, Default)]
struct Port {
    arriving: VecDeque<Vec<u8>>,
    sent: VecDeque<Vec<u8>>,
    blocked: bool,
}

impl MemoryLane {
    /// A lane of `ports` ports and `frames` frames of 2048 bytes, with transmit rings of
    /// `ring_size`.
    ///
    /// # Errors
    /// When the kernel gives no eventfd.
    pub fn new(ports: usize, frames: usize, ring_size: usize) -> io::Result<Self> {
        let arrived = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        let slots = (0..ports).map(|_| Port::default()).collect();
        Ok(Self {
            umem: vec![0; frames * CHUNK],
            places: vec![Place::Free; frames],
            free: (0..frames).rev().collect(),
            sending: (0..ports).map(|_| Vec::new()).collect(),
            progress: vec![Progress::default(); ports],
            ring_size,
            wire: MemoryWire {
                shared: Arc::new(Shared {
                    ports: Mutex::new(slots),
                    arrived,
                }),
            },
        })
    }

    /// The wire's end of this lane.
    #[must_use]
    pub fn wire(&self) -> MemoryWire {
        self.wire.clone()
    }

    /// How many frames the worker holds now: neither free nor being sent.
    #[must_use]
    pub fn held_frames(&self) -> usize {
        self.places
            .iter()
            .filter(|place| **place == Place::Held)
            .count()
    }

    fn index(frame: &Frame) -> usize {
        frame.address as usize / CHUNK
    }

    fn move_frame(&mut self, index: usize, from: Place, to: Place) {
        assert_eq!(
            self.places[index], from,
            "frame {index} is not where it should be"
        );
        self.places[index] = to;
    }
}

impl MemoryWire {
    /// Lets a frame arrive on a port.
    pub fn inject(&self, port: PortIndex, bytes: &[u8]) {
        self.lock()[port].arriving.push_back(bytes.to_vec());
        // A full counter is as good a wake-up as one more.
        self.shared.arrived.write(1).ok();
    }

    /// Takes what the lane has sent on a port, oldest first.
    #[must_use]
    pub fn take(&self, port: PortIndex) -> Vec<Vec<u8>> {
        self.lock()[port].sent.drain(..).collect()
    }

    /// Stops a port from sending, as a NIC without carrier does; its ring then fills.
    pub fn block(&self, port: PortIndex, blocked: bool) {
        self.lock()[port].blocked = blocked;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Port>> {
        self.shared
            .ports
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane for MemoryLane {
    fn ports(&self) -> usize {
        self.sending.len()
    }

    fn receive(&mut self, port: PortIndex, batch: &mut Batch) -> usize {
        let mut received = 0;
        while !batch.is_full() && !self.free.is_empty() {
            let Some(bytes) = self.wire.lock()[port].arriving.pop_front() else {
                break;
            };
            let Some(mut frame) = self.allocate() else {
                break;
            };
            self.set_len(&mut frame, bytes.len());
            let room = self.bytes(&frame);
            room.copy_from_slice(&bytes[..room.len()]);
            if batch.push(frame).is_ok() {
                received += 1;
            }
        }
        received
    }

    fn allocate(&mut self) -> Option<Frame> {
        let index = self.free.pop()?;
        self.move_frame(index, Place::Free, Place::Held);
        let address = u32::try_from(index * CHUNK + HEADROOM).ok()?;
        Some(Frame { address, len: 0 })
    }

    fn bytes(&mut self, frame: &Frame) -> &mut [u8] {
        let start = frame.address as usize;
        &mut self.umem[start..start + frame.len()]
    }

    fn buffer(&mut self, frame: &Frame) -> &mut [u8] {
        let start = frame.address as usize;
        &mut self.umem[start..(start / CHUNK + 1) * CHUNK]
    }

    fn set_len(&mut self, frame: &mut Frame, len: usize) {
        let room = CHUNK - frame.address as usize % CHUNK;
        frame.len = u32::try_from(len.min(room)).unwrap_or(0);
    }

    fn transmit(&mut self, port: PortIndex, frame: Frame) -> Result<(), Frame> {
        if self.sending[port].len() >= self.ring_size {
            return Err(frame);
        }
        if frame.is_empty() {
            self.release(frame);
            return Ok(());
        }
        self.move_frame(Self::index(&frame), Place::Held, Place::Sending);
        self.sending[port].push(frame);
        self.progress[port].queued += 1;
        Ok(())
    }

    fn progress(&self, port: PortIndex) -> Progress {
        self.progress[port]
    }

    fn release(&mut self, frame: Frame) {
        let index = Self::index(&frame);
        self.move_frame(index, Place::Held, Place::Free);
        self.free.push(index);
    }

    fn flush(&mut self) {
        for port in 0..self.ports() {
            if self.wire.lock()[port].blocked {
                continue;
            }
            for frame in std::mem::take(&mut self.sending[port]) {
                let bytes = self.bytes(&frame).to_vec();
                self.wire.lock()[port].sent.push_back(bytes);
                let index = Self::index(&frame);
                self.progress[port].sent += 1;
                self.move_frame(index, Place::Sending, Place::Free);
                self.free.push(index);
            }
        }
    }

    fn wait(&mut self, timeout: Duration, wake: Option<BorrowedFd<'_>>) -> io::Result<()> {
        if self
            .wire
            .lock()
            .iter()
            .any(|port| !port.arriving.is_empty())
        {
            return Ok(());
        }
        let arrived = &self.wire.shared.arrived;
        poll::readable::<2>(std::iter::once(arrived.as_fd()).chain(wake), timeout)?;
        // Nothing to read is the timeout.
        arrived.read().ok();
        Ok(())
    }

    fn free_frames(&self) -> usize {
        self.free.len()
    }
}
