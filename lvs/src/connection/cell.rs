//! A connection's words, and the tags of a bucket.

use core::sync::atomic::{AtomicU64, Ordering, fence};

use super::layout::{BUCKET_CELLS, BucketWords, CELL_WORDS};
use super::registry::RealId;
use super::tick::Tick;
use crate::address::{Address, Endpoint};
use crate::tcp_state::TcpState;

/// What tells a connection from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The client.
    pub client: Endpoint,
    /// The virtual endpoint.
    pub service: Endpoint,
    /// The IP protocol number.
    pub protocol: u8,
}

/// A connection, as it is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: Key,
    /// The real that serves it.
    pub real: RealId,
    /// Its state.
    pub state: TcpState,
    /// Whether the replies go past the balancer.
    pub one_way: bool,
}

/// The word of a connection that changes while it lives:
/// last seen (32 bits) generation (8) flags (8) state (8) protocol (8), highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateWord(pub u64);

const ONE_WAY: u8 = 1;

impl StateWord {
    fn new(entry: &Entry, generation: u8, now: Tick) -> Self {
        let flags = if entry.one_way { ONE_WAY } else { 0 };
        let low = [generation, flags, entry.state as u8, entry.key.protocol];
        Self(u64::from(now.0) << 32 | u64::from(u32::from_be_bytes(low)))
    }

    /// When the last packet of either direction came.
    #[inline]
    pub const fn last_seen(self) -> Tick {
        Tick((self.0 >> 32) as u32)
    }

    const fn low(self) -> [u8; 4] {
        let [_, _, _, _, low @ ..] = self.0.to_be_bytes();
        low
    }

    /// The generation of the cell's use.
    #[inline]
    pub const fn generation(self) -> u8 {
        self.low()[0]
    }

    /// Whether the replies go past the balancer.
    #[inline]
    pub const fn is_one_way(self) -> bool {
        self.low()[1] & ONE_WAY != 0
    }

    /// The state; `None` as well for a number that is none.
    #[inline]
    pub fn state(self) -> TcpState {
        TcpState::from_index(self.low()[2]).unwrap_or(TcpState::None)
    }

    /// The IP protocol number.
    #[inline]
    pub const fn protocol(self) -> u8 {
        self.low()[3]
    }

    /// The word after a packet.
    #[inline]
    pub fn after(self, state: TcpState, now: Tick) -> Self {
        let [generation, flags, _, protocol] = self.low();
        let low = u32::from_be_bytes([generation, flags, state as u8, protocol]);
        let seen = now.0.max(self.last_seen().0);
        Self(u64::from(seen) << 32 | u64::from(low))
    }
}

/// A tag: 24 bits of hash, 7 of generation, the valid bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub u32);

impl Tag {
    const VALID: u32 = 1;
    /// The bits in which a tag agrees with a hash.
    const COMPARED: u32 = 0xffff_ff01;

    /// Whether the cell holds a connection.
    #[inline]
    pub const fn is_valid(self) -> bool {
        self.0 & Self::VALID != 0
    }

    /// The generation of the cell's use.
    #[inline]
    pub const fn generation(self) -> u8 {
        let [.., low] = self.0.to_be_bytes();
        low >> 1
    }

    /// The tag of the next use, for a hash's 24 bits.
    pub const fn taken(self, hash: u32) -> Self {
        let generation = self.generation() as u32;
        Self(hash << 8 | generation << 1 | Self::VALID)
    }

    /// The tag of the free cell after this use.
    pub const fn freed(self) -> Self {
        Self(((self.generation() as u32 + 1) & 0x7f) << 1)
    }

    /// The bits that a tag with this hash has.
    #[inline]
    pub const fn pattern(hash: u32) -> u32 {
        hash << 8 | Self::VALID
    }

    /// Whether the cell may hold a connection with this hash.
    #[inline]
    pub const fn matches(self, pattern: u32) -> bool {
        (self.0 ^ pattern) & Self::COMPARED == 0
    }
}

/// A bucket: tags and cells.
#[derive(Clone, Copy, Debug)]
pub struct Bucket<'m> {
    tags: &'m [AtomicU64; CELL_WORDS],
    cells: &'m [[AtomicU64; CELL_WORDS]],
}

impl<'m> Bucket<'m> {
    /// The bucket in these words.
    #[inline]
    pub fn new(words: &'m BucketWords) -> Option<Self> {
        let (chunks, _) = words.as_chunks();
        let (tags, cells) = chunks.split_first()?;
        Some(Self { tags, cells })
    }

    /// The tag of a cell.
    #[inline]
    pub fn tag(self, cell: usize) -> Tag {
        let word = self
            .tags
            .get(cell / 2)
            .map_or(0, |word| word.load(Ordering::Acquire));
        Tag(half(word, cell))
    }

    /// Writes a tag; the shard must be locked. Everything written before is seen by whoever sees
    /// the tag.
    pub fn set_tag(self, cell: usize, tag: Tag) {
        let Some(word) = self.tags.get(cell / 2) else {
            return;
        };
        let shift = shift(cell);
        let others = word.load(Ordering::Relaxed) & !(0xffff_ffff << shift);
        word.store(others | u64::from(tag.0) << shift, Ordering::Release);
        // What follows is not seen before the tag is.
        fence(Ordering::Release);
    }

    /// The words of a cell.
    #[inline]
    pub fn cell(self, cell: usize) -> Option<Cell<'m>> {
        self.cells.get(cell).map(Cell)
    }

    /// The cells whose tags agree with a pattern.
    #[inline]
    pub fn candidates(self, pattern: u32) -> Cells {
        let mut found = 0;
        for (at, word) in self.tags.iter().enumerate() {
            let word = word.load(Ordering::Acquire);
            let low = Tag(half(word, 0)).matches(pattern);
            let high = Tag(half(word, 1)).matches(pattern);
            found |= (u32::from(low) | u32::from(high) << 1) << (2 * at);
        }
        Cells(found & ALL_CELLS)
    }

    /// The cells that hold a connection.
    pub fn taken(self) -> Cells {
        Cells(!self.free().0 & ALL_CELLS)
    }

    /// The cells that hold none.
    pub fn free(self) -> Cells {
        let mut taken = 0;
        for (at, word) in self.tags.iter().enumerate() {
            let word = word.load(Ordering::Acquire);
            let [low, high] = [0, 1].map(|cell| Tag(half(word, cell)).is_valid());
            taken |= (u32::from(low) | u32::from(high) << 1) << (2 * at);
        }
        Cells(!taken & ALL_CELLS)
    }

    /// Connections whose first bucket this is, and which lie in their second one.
    #[inline]
    pub fn displaced(self) -> u32 {
        self.tag(BUCKET_CELLS).0
    }

    /// Counts them; the shard must be locked.
    pub fn set_displaced(self, count: u32) {
        self.set_tag(BUCKET_CELLS, Tag(count));
    }

    /// Whether this is the same bucket.
    pub fn is(self, other: Self) -> bool {
        core::ptr::eq(self.tags, other.tags)
    }
}

/// Cells, a bit each.
#[derive(Clone, Copy, Debug)]
pub struct Cells(u32);

/// The bits of all cells; the place of a sixteenth tag counts what was displaced.
const ALL_CELLS: u32 = (1 << BUCKET_CELLS) - 1;

impl Cells {
    /// How many there are.
    pub const fn count(self) -> usize {
        self.0.count_ones() as usize
    }
}

impl Iterator for Cells {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let cell = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(cell)
    }
}

const fn shift(cell: usize) -> usize {
    (cell & 1) * 32
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "one half is what is wanted"
)]
const fn half(word: u64, cell: usize) -> u32 {
    (word >> shift(cell)) as u32
}

/// The words of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'m>(&'m [AtomicU64; CELL_WORDS]);

impl<'m> Cell<'m> {
    /// What the words say; it is one connection's only if the tag is still the same afterwards.
    #[inline]
    pub fn read(self) -> (Key, RealId, StateWord) {
        let [c0, c1, v0, v1, ports, state, ..] = self.0;
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        let state = StateWord(load(state));
        let ports = Ports(load(ports));
        let key = Key {
            client: Endpoint {
                address: Address::from_words([load(c0), load(c1)]),
                port: ports.client(),
            },
            service: Endpoint {
                address: Address::from_words([load(v0), load(v1)]),
                port: ports.service(),
            },
            protocol: state.protocol(),
        };
        fence(Ordering::Acquire);
        (key, ports.real(), state)
    }

    /// Writes a connection into a free cell; its tag makes it valid.
    pub fn write(self, entry: &Entry, generation: u8, now: Tick) {
        let [c0, c1, v0, v1, ports, state, r0, r1] = self.0;
        let [client_high, client_low] = entry.key.client.address.to_words();
        let [service_high, service_low] = entry.key.service.address.to_words();
        let store = |word: &AtomicU64, value| word.store(value, Ordering::Relaxed);
        store(c0, client_high);
        store(c1, client_low);
        store(v0, service_high);
        store(v1, service_low);
        store(ports, Ports::new(entry).0);
        store(r0, 0);
        store(r1, 0);
        store(state, StateWord::new(entry, generation, now).0);
    }

    /// The word that changes.
    #[inline]
    pub const fn state(self) -> &'m AtomicU64 {
        let [_, _, _, _, _, state, ..] = self.0;
        state
    }
}

/// client port, virtual port, slot and generation of the real; 16 bits each, highest first.
#[derive(Clone, Copy)]
struct Ports(u64);

impl Ports {
    fn new(entry: &Entry) -> Self {
        let ports =
            u64::from(entry.key.client.port) << 48 | u64::from(entry.key.service.port) << 32;
        Self(ports | u64::from(entry.real.slot) << 16 | u64::from(entry.real.generation))
    }

    const fn client(self) -> u16 {
        let [a, b, ..] = self.0.to_be_bytes();
        u16::from_be_bytes([a, b])
    }

    const fn service(self) -> u16 {
        let [_, _, a, b, ..] = self.0.to_be_bytes();
        u16::from_be_bytes([a, b])
    }

    const fn real(self) -> RealId {
        let [.., s0, s1, g0, g1] = self.0.to_be_bytes();
        RealId {
            slot: u16::from_be_bytes([s0, s1]),
            generation: u16::from_be_bytes([g0, g1]),
        }
    }
}
