//! The four rings of a socket: pages shared with the kernel, one side producing, one consuming.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// The kernel's `xdp_desc`: where a frame stands, and its length.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub address: u64,
    pub len: u32,
    pub options: u32,
}

impl Descriptor {
    /// Whether the next descriptor goes on with the same frame.
    pub const fn is_continued(&self) -> bool {
        self.options & libc::XDP_PKT_CONTD != 0
    }
}

/// One ring's pages. The indexes run freely; the ring's size is a power of two.
#[derive(Debug)]
struct Ring<T> {
    pages: NonNull<libc::c_void>,
    bytes: usize,
    producer: NonNull<AtomicU32>,
    consumer: NonNull<AtomicU32>,
    flags: NonNull<AtomicU32>,
    entries: NonNull<T>,
    size: u32,
}

// SAFETY: the pages belong to no thread; access goes through &self or &mut self of the one owner.
unsafe impl<T: Send> Send for Ring<T> {}

impl<T: Copy> Ring<T> {
    /// Maps the ring that `page_offset` names; the socket must have it, with `size` entries.
    fn map(
        socket: BorrowedFd<'_>,
        page_offset: i64,
        offsets: &libc::xdp_ring_offset,
        size: u32,
    ) -> io::Result<Self> {
        let at = |offset: u64| usize::try_from(offset).map_err(io::Error::other);
        let bytes = at(offsets.desc)? + size as usize * size_of::<T>();
        let length = NonZeroUsize::new(bytes).ok_or(io::ErrorKind::InvalidInput)?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_POPULATE;
        // SAFETY: a new shared mapping at an address of the kernel's choice replaces nothing.
        let pages = unsafe { mmap(None, length, protection, flags, socket, page_offset)? };
        let (producer, consumer) = (at(offsets.producer)?, at(offsets.consumer)?);
        let (flags, entries) = (at(offsets.flags)?, at(offsets.desc)?);
        // SAFETY: the kernel's offsets lie inside the mapping, which ends after the entries.
        unsafe {
            Ok(Self {
                pages,
                bytes,
                producer: pages.byte_add(producer).cast(),
                consumer: pages.byte_add(consumer).cast(),
                flags: pages.byte_add(flags).cast(),
                entries: pages.byte_add(entries).cast(),
                size,
            })
        }
    }

    fn producer(&self) -> &AtomicU32 {
        // SAFETY: inside the mapping, which lives as long as self; the kernel uses it atomically.
        unsafe { self.producer.as_ref() }
    }

    fn consumer(&self) -> &AtomicU32 {
        // SAFETY: as for the producer.
        unsafe { self.consumer.as_ref() }
    }

    fn needs_wakeup(&self) -> bool {
        // SAFETY: as for the producer.
        unsafe { self.flags.as_ref() }.load(Ordering::Relaxed) & libc::XDP_RING_NEED_WAKEUP != 0
    }

    fn read(&self, index: u32) -> T {
        // SAFETY: the mask keeps the index inside the ring. The other side may be writing other
        // entries, never one that its index has handed to us.
        unsafe {
            self.entries
                .add((index & (self.size - 1)) as usize)
                .read_volatile()
        }
    }

    fn write(&mut self, index: u32, entry: T) {
        // SAFETY: as for read.
        unsafe {
            self.entries
                .add((index & (self.size - 1)) as usize)
                .write_volatile(entry)
        }
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        // SAFETY: these are the pages that map() made; nothing borrowed from them outlives self.
        // A failure would leave them mapped, which is all that could be done about it.
        unsafe { munmap(self.pages, self.bytes) }.ok();
    }
}

/// A ring that we fill: fill and transmit.
#[derive(Debug)]
pub(super) struct Producer<T> {
    ring: Ring<T>,
    /// Our index, ahead of the shared one until [`Producer::publish`].
    next: u32,
    published: u32,
    /// The kernel's index as last seen.
    consumed: u32,
}

impl<T: Copy> Producer<T> {
    pub fn map(
        socket: BorrowedFd<'_>,
        page_offset: i64,
        offsets: &libc::xdp_ring_offset,
        size: u32,
    ) -> io::Result<Self> {
        let ring = Ring::map(socket, page_offset, offsets, size)?;
        let next = ring.producer().load(Ordering::Relaxed);
        let consumed = ring.consumer().load(Ordering::Acquire);
        Ok(Self {
            ring,
            next,
            published: next,
            consumed,
        })
    }

    /// Whether there are so many free entries; looks again when fewer are known.
    pub fn has_room(&mut self, wanted: u32) -> bool {
        self.known_room() >= wanted || self.fresh_room() >= wanted
    }

    /// Free entries by the kernel's present index.
    pub fn fresh_room(&mut self) -> u32 {
        self.consumed = self.ring.consumer().load(Ordering::Acquire);
        self.known_room()
    }

    fn known_room(&self) -> u32 {
        self.ring
            .size
            .saturating_sub(self.next.wrapping_sub(self.consumed))
    }

    /// Adds an entry; there must be room.
    pub fn write(&mut self, entry: T) {
        debug_assert!(self.known_room() > 0, "the ring is full");
        self.ring.write(self.next, entry);
        self.next = self.next.wrapping_add(1);
    }

    /// Shows the kernel what was added.
    pub fn publish(&mut self) {
        if self.next != self.published {
            self.ring.producer().store(self.next, Ordering::Release);
            self.published = self.next;
        }
    }

    /// How many entries the kernel has not taken yet.
    pub fn outstanding(&mut self) -> u32 {
        self.consumed = self.ring.consumer().load(Ordering::Acquire);
        self.published.wrapping_sub(self.consumed)
    }

    /// Whether anything may be outstanding, by what is known without looking.
    pub const fn may_be_outstanding(&self) -> bool {
        self.published != self.consumed
    }

    pub fn needs_wakeup(&self) -> bool {
        self.ring.needs_wakeup()
    }

    /// The kernel's index now.
    pub fn kernel_index(&self) -> u32 {
        self.ring.consumer().load(Ordering::Acquire)
    }

    /// The entries that the kernel has not taken yet; `None` when the indexes make no sense.
    pub fn pending(&self) -> Option<impl Iterator<Item = T> + '_> {
        let first = self.kernel_index();
        let count = self.published.wrapping_sub(first);
        (count <= self.ring.size)
            .then(|| (0..count).map(move |step| self.ring.read(first.wrapping_add(step))))
    }
}

/// A ring that we empty: receive and completion.
#[derive(Debug)]
pub(super) struct Consumer<T> {
    ring: Ring<T>,
    /// Our index, ahead of the shared one until [`Consumer::release`].
    next: u32,
    released: u32,
    /// The kernel's index as last seen.
    produced: u32,
}

impl<T: Copy> Consumer<T> {
    pub fn map(
        socket: BorrowedFd<'_>,
        page_offset: i64,
        offsets: &libc::xdp_ring_offset,
        size: u32,
    ) -> io::Result<Self> {
        let ring = Ring::map(socket, page_offset, offsets, size)?;
        let next = ring.consumer().load(Ordering::Relaxed);
        let produced = ring.producer().load(Ordering::Acquire);
        Ok(Self {
            ring,
            next,
            released: next,
            produced,
        })
    }

    /// How many entries can be read, up to `wanted`; looks again when fewer are known.
    pub fn available(&mut self, wanted: u32) -> u32 {
        let mut known = self.produced.wrapping_sub(self.next);
        if known < wanted {
            self.produced = self.ring.producer().load(Ordering::Acquire);
            known = self.produced.wrapping_sub(self.next);
        }
        known.min(wanted)
    }

    /// The next entry; one must be available.
    pub fn read(&mut self) -> T {
        let entry = self.ring.read(self.next);
        self.next = self.next.wrapping_add(1);
        entry
    }

    /// Takes the last read back.
    pub const fn unread(&mut self) {
        self.next = self.next.wrapping_sub(1);
    }

    /// Gives the kernel back the room of what was read.
    pub fn release(&mut self) {
        if self.next != self.released {
            self.ring.consumer().store(self.next, Ordering::Release);
            self.released = self.next;
        }
    }

    /// The kernel's index as last seen.
    pub const fn kernel_index(&self) -> u32 {
        self.produced
    }

    /// Whether no more entries are waiting than the ring has.
    pub const fn is_sane(&self) -> bool {
        self.produced.wrapping_sub(self.next) <= self.ring.size
    }

    /// Puts these entries in place of those waiting when last seen, of which they are some, in order.
    /// The entries are ours until released, so they may be moved in place.
    pub fn keep(&mut self, entries: &[T]) {
        let mut target = self.produced;
        for entry in entries.iter().rev() {
            target = target.wrapping_sub(1);
            self.ring.write(target, *entry);
        }
        self.next = target;
    }

    /// The entries waiting when last seen.
    pub fn waiting(&self) -> impl Iterator<Item = T> + '_ {
        let first = self.next;
        (0..self.produced.wrapping_sub(first))
            .map(move |step| self.ring.read(first.wrapping_add(step)))
    }
}

impl Consumer<Descriptor> {
    /// How many entries the next frame has; `None` until all of them are there.
    pub fn next_frame(&mut self) -> Option<u32> {
        for count in 1..=self.ring.size {
            if self.available(count) < count {
                return None;
            }
            let last = self.ring.read(self.next.wrapping_add(count - 1));
            if !last.is_continued() {
                return Some(count);
            }
        }
        None
    }
}
