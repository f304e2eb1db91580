//! What a worker forwards with: owned frames, and the lane that receives and transmits them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use wire::Duration;

/// A port of a worker: its index in the order given at construction.
pub type PortIndex = usize;

/// How many frames one call of [`Lane::receive`] hands out at most.
pub const BATCH: usize = 64;

/// The frames of one turn.
pub type Batch = heapless::Vec<Frame, BATCH>;

/// How many chunks of the umem one frame may have: 9,000 bytes take three of 4,096.
pub const CHUNKS_MAX: usize = 4;

/// The bytes of a frame, chunk after chunk.
pub type Parts<'l> = heapless::Vec<&'l [u8], CHUNKS_MAX>;

/// One frame of the umem, owned by whoever holds this value: its head, the first chunk, which has
/// all headers, and for a long frame a tail of further chunks that only the lane knows.
///
/// It is neither `Clone` nor `Copy`: it goes back by [`Lane::transmit`] or [`Lane::release`], tail
/// and all. One that is merely dropped is lost to the lane until the next process adopts it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a frame must be transmitted or released"]
pub struct Frame {
    /// Where the first byte stands, in bytes from the start of the umem.
    pub(crate) address: u32,
    /// How many bytes stand in the head.
    pub(crate) head: u16,
    /// How many bytes the frame has, tail included.
    pub(crate) len: u16,
}

impl Frame {
    /// A frame of one chunk.
    pub(crate) const fn short(address: u32, len: u16) -> Self {
        Self {
            address,
            head: len,
            len,
        }
    }

    /// Says how many bytes stand in the head; a tail stays as it is.
    pub(crate) fn set_head(&mut self, len: usize) {
        let tail = self.len - self.head;
        self.head = u16::try_from(len).unwrap_or(u16::MAX);
        self.len = self.head.saturating_add(tail);
    }

    /// How many bytes the whole frame has, tail included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether it has a tail.
    #[must_use]
    pub const fn is_long(&self) -> bool {
        self.len != self.head
    }

    /// Whether it has no bytes, as after [`Lane::allocate`].
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// How far a port has come with what it was given to send, in descriptors: a long frame counts once
/// for each of its chunks, as the kernel gives them back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Descriptors queued so far.
    pub queued: u64,
    /// How many of them have left: they are sent in the order in which they were queued.
    pub sent: u64,
}

/// The frames and the ports of one worker: one queue of every port, one umem, one free list.
///
/// A frame received on one port is transmitted on another without a copy. Nothing is seen by the
/// kernel, and nothing comes back from it, before [`Lane::flush`], which belongs at the end of each
/// turn.
pub trait Lane {
    /// How many ports there are.
    fn ports(&self) -> usize;

    /// Moves received frames into `batch`, up to its free capacity; says how many.
    fn receive(&mut self, port: PortIndex, batch: &mut Batch) -> usize;

    /// An empty frame, or `None` when every frame is in use.
    fn allocate(&mut self) -> Option<Frame>;

    /// A frame with these bytes, long if need be; `None` when there are not enough free chunks, or it
    /// would have more than [`CHUNKS_MAX`].
    fn compose(&mut self, bytes: &[u8]) -> Option<Frame> {
        let mut frame = self.allocate()?;
        let mut rest = fill(self, &mut frame, bytes);
        while !rest.is_empty() {
            let Some(mut part) = self.allocate() else {
                self.release(frame);
                return None;
            };
            rest = fill(self, &mut part, rest);
            if let Err(part) = self.append(&mut frame, part) {
                self.release(part);
                self.release(frame);
                return None;
            }
        }
        Some(frame)
    }

    /// Makes a frame of one chunk the end of another one's tail.
    ///
    /// # Errors
    /// Gives the part back when it has no bytes, or is one chunk too many.
    fn append(&mut self, frame: &mut Frame, part: Frame) -> Result<(), Frame>;

    /// Received frames that were dropped since they had more than [`CHUNKS_MAX`] chunks, so far.
    fn overlong(&self) -> u64;

    /// The bytes of a frame's head: all of them, unless it is long.
    fn bytes(&mut self, frame: &Frame) -> &mut [u8];

    /// All bytes of a frame.
    fn parts(&self, frame: &Frame) -> Parts<'_>;

    /// Copies a frame's bytes, as many as there is room for; says how many.
    fn copy(&self, frame: &Frame, room: &mut [u8]) -> usize {
        let mut copied = 0;
        for part in self.parts(frame) {
            let room = room.get_mut(copied..).unwrap_or_default();
            let len = part.len().min(room.len());
            room[..len].copy_from_slice(&part[..len]);
            copied += len;
        }
        copied
    }

    /// The room from the frame's first byte to the end of its chunk: more than its bytes.
    fn buffer(&mut self, frame: &Frame) -> &mut [u8];

    /// Says how many bytes of [`Lane::buffer`] are the frame's head; cut to the room there is. A tail
    /// stays as it is.
    fn set_len(&mut self, frame: &mut Frame, len: usize);

    /// Queues a frame on a port, whole or not at all; one without bytes is released instead.
    ///
    /// # Errors
    /// Gives the frame back when the transmit ring has no room for all of it: the caller counts and
    /// releases it.
    fn transmit(&mut self, port: PortIndex, frame: Frame) -> Result<(), Frame>;

    /// How far a port has come, as [`Lane::flush`] found it last; frames queued since count as queued.
    fn progress(&self, port: PortIndex) -> Progress;

    /// Gives a frame back unsent.
    fn release(&mut self, frame: Frame);

    /// Ends a turn: hands the kernel what was transmitted, takes back what it has sent, and gives
    /// it room for what comes in.
    fn flush(&mut self);

    /// Sleeps until a port has received, `wake` is readable, or `timeout` is over.
    ///
    /// # Errors
    /// What `ppoll` says, an interruption by a signal excepted.
    fn wait(&mut self, timeout: Duration, wake: Option<BorrowedFd<'_>>) -> io::Result<()>;

    /// How many chunks wait in the free list.
    fn free_frames(&self) -> usize;
}

/// Fills one chunk: the bytes that found no room in it.
fn fill<'b>(lane: &mut (impl Lane + ?Sized), frame: &mut Frame, bytes: &'b [u8]) -> &'b [u8] {
    let room = lane.buffer(frame);
    let (here, rest) = bytes.split_at(bytes.len().min(room.len()));
    room[..here.len()].copy_from_slice(here);
    lane.set_len(frame, here.len());
    rest
}

/// Something that sends and receives whole frames one at a time without blocking: a packet socket,
/// a TAP, or their twin. Its descriptor says when there is something to receive.
pub trait Port: AsFd {
    /// Sends one frame.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room now; else what the kernel says.
    fn send(&self, frame: &[u8]) -> io::Result<()>;

    /// Receives one frame into `buffer`, cut to its size, and says its length.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; else what the kernel says.
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize>;
}
