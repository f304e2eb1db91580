//! The twin of the AF_XDP lane.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::eventfd::{EfdFlags, EventFd};
use wire::Duration;

use crate::frame::{Batch, CHUNKS_MAX, Frame, Lane, Parts, PortIndex, Progress};
use crate::poll;
use crate::tails::{Part, Tails};

/// Bytes per chunk, as the forwarder has them.
const CHUNK_BYTES: u32 = 4096;
const CHUNK: usize = CHUNK_BYTES as usize;
/// Where a frame begins in its chunk: the room that the kernel keeps in front.
const HEADROOM: usize = 256;

/// The chunks of one frame.
type Chunks = heapless::Vec<usize, CHUNKS_MAX>;

/// Where a chunk is. Exactly one place at any time.
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
    tails: Tails,
    places: Vec<Place>,
    free: Vec<usize>,
    sending: Vec<Vec<Frame>>,
    progress: Vec<Progress>,
    overlong: u64,
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
    /// A lane of `ports` ports and `frames` chunks of 4096 bytes, with transmit rings of
    /// `ring_size` descriptors.
    ///
    /// # Errors
    /// When the kernel gives no eventfd.
    pub fn new(ports: usize, frames: usize, ring_size: usize) -> io::Result<Self> {
        let arrived = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        let slots = (0..ports).map(|_| Port::default()).collect();
        Ok(Self {
            umem: vec![0; frames * CHUNK],
            tails: Tails::new(frames, CHUNK_BYTES),
            places: vec![Place::Free; frames],
            free: (0..frames).rev().collect(),
            sending: (0..ports).map(|_| Vec::new()).collect(),
            progress: vec![Progress::default(); ports],
            overlong: 0,
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

    /// How many chunks the worker holds now: neither free nor being sent.
    #[must_use]
    pub fn held_frames(&self) -> usize {
        self.places
            .iter()
            .filter(|place| **place == Place::Held)
            .count()
    }

    /// Moves all chunks of a frame; says which they are.
    fn move_all(&mut self, frame: &Frame, from: Place, to: Place) -> Chunks {
        let parts = self.tails.parts(frame);
        let chunks = parts.iter().map(|part| part.address as usize / CHUNK);
        let chunks: Chunks = chunks.collect();
        for chunk in &chunks {
            self.move_frame(*chunk, from, to);
        }
        chunks
    }

    /// How many descriptors of a port's ring are taken.
    fn taken(&self, port: PortIndex) -> usize {
        let frames = self.sending[port].iter();
        frames.map(|frame| self.tails.parts(frame).len()).sum()
    }

    fn move_frame(&mut self, index: usize, from: Place, to: Place) {
        assert_eq!(
            self.places[index], from,
            "chunk {index} is not where it should be"
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
            if bytes.len() > CHUNKS_MAX * (CHUNK - HEADROOM) {
                self.overlong += 1;
                continue;
            }
            // As of the kernel's: what finds no room for all of it is lost.
            let Some(frame) = self.compose(&bytes) else {
                continue;
            };
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
        Some(Frame::short(address, 0))
    }

    fn append(&mut self, frame: &mut Frame, part: Frame) -> Result<(), Frame> {
        self.tails.append(frame, part)
    }

    fn overlong(&self) -> u64 {
        self.overlong
    }

    fn bytes(&mut self, frame: &Frame) -> &mut [u8] {
        let start = frame.address as usize;
        &mut self.umem[start..start + usize::from(frame.head)]
    }

    fn parts(&self, frame: &Frame) -> Parts<'_> {
        let parts = self.tails.parts(frame);
        let bytes = |part: &Part| &self.umem[part.address as usize..][..usize::from(part.len)];
        parts.iter().map(bytes).collect()
    }

    fn buffer(&mut self, frame: &Frame) -> &mut [u8] {
        let start = frame.address as usize;
        &mut self.umem[start..(start / CHUNK + 1) * CHUNK]
    }

    fn set_len(&mut self, frame: &mut Frame, len: usize) {
        let room = CHUNK - frame.address as usize % CHUNK;
        frame.set_head(len.min(room));
    }

    fn transmit(&mut self, port: PortIndex, frame: Frame) -> Result<(), Frame> {
        let wanted = self.tails.parts(&frame).len();
        if self.taken(port) + wanted > self.ring_size {
            return Err(frame);
        }
        if frame.is_empty() {
            self.release(frame);
            return Ok(());
        }
        let chunks = self.move_all(&frame, Place::Held, Place::Sending);
        self.sending[port].push(frame);
        self.progress[port].queued += chunks.len() as u64;
        Ok(())
    }

    fn progress(&self, port: PortIndex) -> Progress {
        self.progress[port]
    }

    fn release(&mut self, frame: Frame) {
        let chunks = self.move_all(&frame, Place::Held, Place::Free);
        self.free.extend(chunks);
    }

    fn flush(&mut self) {
        for port in 0..self.ports() {
            if self.wire.lock()[port].blocked {
                continue;
            }
            for frame in std::mem::take(&mut self.sending[port]) {
                let bytes = self.parts(&frame).concat();
                self.wire.lock()[port].sent.push_back(bytes);
                let chunks = self.move_all(&frame, Place::Sending, Place::Free);
                self.progress[port].sent += chunks.len() as u64;
                self.free.extend(chunks);
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
