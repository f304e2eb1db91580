//! The frames' memory, and the list of those that nobody uses.
//!
//! Both are in one memfd: first the umem, as registered with the kernel, then the free list as 64-bit
//! words: how many there are, then their addresses. The list is written without locks by one worker;
//! a process that adopts the memory takes it as a hint that the rings overrule.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use sys::memory::SharedMemory;

use super::config::Shape;
use super::ring::Descriptor;
use crate::error::{Context, Error, Result};
use crate::frame::Frame;
use crate::tails::Part;

/// What the kernel keeps free in front of each frame: `XDP_PACKET_HEADROOM`.
pub(super) const HEADROOM: u32 = 256;

#[derive(Debug)]
pub(super) struct Umem {
    memory: SharedMemory,
    base: *mut u8,
    shape: Shape,
    free: usize,
}

// SAFETY: the pointer is into the mapping that `memory` owns, which is Send, and is only used
// through &self and &mut self.
unsafe impl Send for Umem {}

impl Umem {
    /// A new umem, every frame of it free.
    pub fn create(shape: Shape) -> Result<Self> {
        let bytes = shape.umem_bytes() + (shape.frames as usize + 1) * size_of::<u64>();
        let memory = SharedMemory::create("umem", bytes)
            .context(|| format!("allocate a umem of {bytes} bytes"))?;
        let mut umem = Self {
            base: memory.as_ptr(),
            memory,
            shape,
            free: 0,
        };
        for index in (0..shape.frames).rev() {
            umem.push(index * shape.chunk);
        }
        umem.store_count();
        Ok(umem)
    }

    /// The umem of another process, with its free list as yet empty: see [`Umem::listed`].
    pub fn adopt(memfd: OwnedFd, shape: Shape) -> Result<Self> {
        let operation = || "adopt a umem".to_owned();
        let memory = SharedMemory::from_fd(memfd).context(operation)?;
        if memory.len() < shape.umem_bytes() + (shape.frames as usize + 1) * size_of::<u64>() {
            return Err(Error::other(
                operation(),
                "the memory is smaller than its shape",
            ));
        }
        Ok(Self {
            base: memory.as_ptr(),
            memory,
            shape,
            free: 0,
        })
    }

    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    pub const fn base(&self) -> *mut u8 {
        self.base
    }

    pub const fn shape(&self) -> Shape {
        self.shape
    }

    pub const fn free_frames(&self) -> usize {
        self.free
    }

    /// The index of the chunk that an address lies in, or `None` beyond the last.
    pub fn index(&self, address: u64) -> Option<usize> {
        let index = usize::try_from(address).ok()? / self.shape.chunk as usize;
        (index < self.shape.frames as usize).then_some(index)
    }

    /// The address of a chunk.
    pub fn address(&self, index: usize) -> u32 {
        u32::try_from(index).map_or(u32::MAX, |index| index * self.shape.chunk)
    }

    /// Takes a free chunk's address.
    pub fn pop(&mut self) -> Option<u32> {
        let address = self.slot(self.free)?.load(Ordering::Relaxed);
        self.free -= 1;
        u32::try_from(address).ok()
    }

    /// Puts the chunk that an address lies in on the free list.
    pub fn push(&mut self, address: u32) {
        // A list longer than there are frames could only come from a broken ring: cut it.
        if let Some(slot) = self.slot(self.free + 1) {
            slot.store(
                u64::from(address & !(self.shape.chunk - 1)),
                Ordering::Relaxed,
            );
            self.free += 1;
        }
    }

    /// Writes down how long the list is, for who adopts it.
    pub fn store_count(&self) {
        if let Some(count) = self.words().first() {
            count.store(self.free as u64, Ordering::Release);
        }
    }

    /// The addresses that the free list of the memory's last owner held.
    pub fn listed(&self) -> impl Iterator<Item = u64> + '_ {
        let words = self.words();
        let count = words
            .first()
            .map_or(0, |count| count.load(Ordering::Acquire));
        let count = usize::try_from(count).unwrap_or(0);
        words
            .iter()
            .skip(1)
            .take(count)
            .map(|word| word.load(Ordering::Relaxed))
    }

    /// The entry `position` of the list, the first being 1.
    fn slot(&self, position: usize) -> Option<&AtomicU64> {
        if position == 0 {
            None
        } else {
            self.words().get(position)
        }
    }

    fn words(&self) -> &[AtomicU64] {
        let first = self.shape.umem_bytes() / size_of::<u64>();
        self.memory
            .words()
            .get(first..=first + self.shape.frames as usize)
            .unwrap_or_default()
    }

    /// The frame that a received descriptor names, unless it lies outside the umem.
    pub fn frame(&self, descriptor: Descriptor) -> Option<Frame> {
        let end = descriptor.address.checked_add(u64::from(descriptor.len))?;
        let address = u32::try_from(descriptor.address).ok()?;
        let len = u16::try_from(descriptor.len).ok()?;
        (end <= self.shape.umem_bytes() as u64).then_some(Frame::short(address, len))
    }

    /// How many bytes there are from the frame's first to the end of its chunk.
    pub const fn room(&self, frame: &Frame) -> u32 {
        self.shape.chunk - (frame.address & (self.shape.chunk - 1))
    }

    /// Brings the frame's first bytes into the cache.
    pub fn prefetch(&self, frame: &Frame) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a prefetch faults at no address.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(
                self.base
                    .cast_const()
                    .cast::<i8>()
                    .wrapping_add(frame.address as usize),
            );
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _: &Frame = frame;
    }

    /// `len` bytes from the frame's first.
    pub fn slice(&mut self, frame: &Frame, len: u32) -> &mut [u8] {
        let (start, len) = (frame.address as usize, len as usize);
        self.assert_inside(start + len);
        // SAFETY: inside the umem, as just checked. The slice borrows self exclusively, so there is
        // one at a time; the kernel writes only into chunks that no Frame stands for.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(start), len) }
    }

    /// The bytes of a part of a frame.
    pub fn part(&self, part: Part) -> &[u8] {
        let (start, len) = (part.address as usize, usize::from(part.len));
        self.assert_inside(start + len);
        // SAFETY: inside the umem, as just checked. The slice borrows self, so that no exclusive one
        // is about; the kernel writes only into chunks that no Frame stands for.
        unsafe { std::slice::from_raw_parts(self.base.add(start), len) }
    }

    fn assert_inside(&self, end: usize) {
        assert!(end <= self.shape.umem_bytes(), "a frame of another lane");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SHAPE: Shape = Shape {
        ring_size: 64,
        frames: 128,
        chunk: 2048,
        long_frames: false,
    };

    #[test]
    fn every_frame_is_free_once() {
        let mut umem = Umem::create(SHAPE).unwrap();
        let all: BTreeSet<_> = std::iter::from_fn(|| umem.pop()).collect();
        assert_eq!(all, (0..128).map(|index| index * 2048).collect());
        assert_eq!(umem.free_frames(), 0);
        umem.push(2048 + 300);
        assert_eq!(umem.pop(), Some(2048), "it is the chunk that is free");
    }

    #[test]
    fn the_next_owner_finds_the_list_as_it_was_stored() {
        let mut umem = Umem::create(SHAPE).unwrap();
        for _ in 0..100 {
            umem.pop();
        }
        umem.store_count();
        let memfd = umem.as_fd().try_clone_to_owned().unwrap();
        drop(umem);
        let next = Umem::adopt(memfd, SHAPE).unwrap();
        let listed: BTreeSet<_> = next.listed().collect();
        assert_eq!(listed, (100..128).map(|index| index * 2048).collect());
        assert_eq!(
            next.free_frames(),
            0,
            "it is a hint until the rings were read"
        );
    }

    #[test]
    fn memory_too_small_for_its_shape_is_refused() {
        let umem = Umem::create(SHAPE).unwrap();
        let memfd = umem.as_fd().try_clone_to_owned().unwrap();
        assert!(
            Umem::adopt(
                memfd,
                Shape {
                    frames: 129,
                    ..SHAPE
                }
            )
            .is_err()
        );
    }

    #[test]
    fn a_descriptor_outside_the_umem_is_no_frame() {
        let umem = Umem::create(SHAPE).unwrap();
        let frame = |address, len| {
            umem.frame(Descriptor {
                address,
                len,
                options: 0,
            })
        };
        assert!(frame(127 * 2048 + 256, 1792).is_some());
        assert!(frame(127 * 2048 + 256, 1793).is_none());
        assert!(frame(u64::MAX, 1).is_none());
        assert_eq!(umem.index(128 * 2048), None);
    }
}
