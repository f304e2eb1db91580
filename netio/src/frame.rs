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

/// One frame of the umem, owned by whoever holds this value.
///
/// It is neither `Clone` nor `Copy`: it goes back by [`Lane::transmit`] or [`Lane::release`]. One
/// that is merely dropped is lost to the lane until the next process adopts it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a frame must be transmitted or released"]
pub struct Frame {
    /// Where the first byte stands, in bytes from the start of the umem.
    pub(crate) address: u32,
    /// How many bytes the frame has.
    pub(crate) len: u32,
}

impl Frame {
    /// How many bytes the frame has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether it has no bytes, as after [`Lane::allocate`].
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// How far a port has come with what it was given to send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Frames queued so far.
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

    /// The bytes of a frame.
    fn bytes(&mut self, frame: &Frame) -> &mut [u8];

    /// The room from the frame's first byte to the end of its chunk: more than its bytes.
    fn buffer(&mut self, frame: &Frame) -> &mut [u8];

    /// Says how many bytes of [`Lane::buffer`] are the frame; cut to the room there is.
    fn set_len(&mut self, frame: &mut Frame, len: usize);

    /// Queues a frame on a port; one without bytes is released instead.
    ///
    /// # Errors
    /// Gives the frame back when the transmit ring is full: the caller counts and releases it.
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

    /// How many frames wait in the free list.
    fn free_frames(&self) -> usize;
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
