//! What lvsd tells bondd back, in words of shared memory: one block for each worker, written by
//! that worker only, summed by the reader. Accesses beyond the words given do nothing.

use core::sync::atomic::{AtomicU64, Ordering, fence};

use wire::Instant;

use crate::monitor::{Kind, Seen, TARGETS};
use crate::{BUCKETS, MAX_MEMBERS};

/// The most workers that have a block.
pub const MAX_WORKERS: usize = 32;

const WORKERS: usize = 0;
/// The header takes a cache line of its own.
const HEADER: usize = 8;

const PULSE: usize = 0;
const GENERATION: usize = 1;
const DRAINED: usize = 2;
const HELD: usize = 3;
const LAST_RECEIVE: usize = 8;
const BYTES: usize = LAST_RECEIVE + MAX_MEMBERS;
const LAST_NEIGHBOUR: usize = BYTES + BUCKETS;
/// By member, target and kind; untouched, and so without pages, where no monitor wants it.
const LAST_OF_TARGET: usize = LAST_NEIGHBOUR + MAX_MEMBERS;
const KINDS: usize = Kind::ALL.len();
const BLOCK: usize = LAST_OF_TARGET + MAX_MEMBERS * TARGETS * KINDS;

/// Words of the whole area.
pub const WORDS: usize = HEADER + MAX_WORKERS * BLOCK;

fn cell(words: &[AtomicU64], worker: usize, at: usize) -> Option<&AtomicU64> {
    if worker >= MAX_WORKERS || at >= BLOCK {
        return None;
    }
    words.get(HEADER + worker * BLOCK + at)
}

/// A cell with one writer: no read-modify-write needed.
fn add(cell: Option<&AtomicU64>, amount: u64) {
    if let Some(cell) = cell {
        let sum = cell.load(Ordering::Relaxed).wrapping_add(amount);
        cell.store(sum, Ordering::Relaxed);
    }
}

fn set(cell: Option<&AtomicU64>, value: u64) {
    if let Some(cell) = cell {
        cell.store(value, Ordering::Release);
    }
}

fn value(cell: Option<&AtomicU64>) -> u64 {
    cell.map_or(0, |cell| cell.load(Ordering::Acquire))
}

/// lvsd: how many workers there are, at most [`MAX_WORKERS`].
pub fn set_workers(words: &[AtomicU64], workers: usize) {
    set(
        words.get(WORKERS),
        u64::try_from(workers.min(MAX_WORKERS)).unwrap_or(0),
    );
}

/// How many workers there are; 0 before lvsd has said so.
#[must_use]
pub fn workers(words: &[AtomicU64]) -> usize {
    usize::try_from(value(words.get(WORKERS)))
        .unwrap_or(0)
        .min(MAX_WORKERS)
}

/// Worker: I am alive and forward by this generation of the egress table; once a turn of its
/// loop, at least ten times a second also when idle.
pub fn beat(words: &[AtomicU64], worker: usize, generation: u64) {
    set(cell(words, worker, GENERATION), generation);
    add(cell(words, worker, PULSE), 1);
}

/// How often this worker has beaten.
#[must_use]
pub fn pulse(words: &[AtomicU64], worker: usize) -> u64 {
    value(cell(words, worker, PULSE))
}

/// The generation of the egress table that this worker forwards by.
#[must_use]
pub fn generation(words: &[AtomicU64], worker: usize) -> u64 {
    value(cell(words, worker, GENERATION))
}

/// Worker: no frame chosen by an older generation than this is still in a transmit ring.
pub fn set_drained(words: &[AtomicU64], worker: usize, generation: u64) {
    set(cell(words, worker, DRAINED), generation);
}

/// What a worker that sleeps has drained: nothing of it is in a transmit ring, and it looks at the
/// egress table before it sends again.
pub const ASLEEP: u64 = u64::MAX;

/// Worker: it wakes up, having drained so far; to be said before it looks at the egress table.
pub fn rise(words: &[AtomicU64], worker: usize, generation: u64) {
    set_drained(words, worker, generation);
    // Either bondd sees us awake, or we see what it published before it looked.
    fence(Ordering::SeqCst);
}

/// Whether every worker has drained what tables older than this generation chose; to be asked after
/// that one was published.
#[must_use]
pub fn is_drained(words: &[AtomicU64], generation: u64) -> bool {
    fence(Ordering::SeqCst);
    (0..workers(words)).all(|worker| drained(words, worker) >= generation)
}

/// A worker that will look at the egress table soonest: the first that is awake, else the first.
#[must_use]
pub fn prompt_worker(words: &[AtomicU64]) -> usize {
    let is_awake = |worker: &usize| drained(words, *worker) != ASLEEP;
    (0..workers(words)).find(is_awake).unwrap_or(0)
}

/// The oldest generation that may still have frames of this worker in a transmit ring.
#[must_use]
pub fn drained(words: &[AtomicU64], worker: usize) -> u64 {
    value(cell(words, worker, DRAINED))
}

/// Worker: a frame came by this member now (once a batch is enough).
pub fn received(words: &[AtomicU64], worker: usize, member: usize, now: Instant) {
    if member < MAX_MEMBERS {
        set(cell(words, worker, LAST_RECEIVE + member), now.as_nanos());
    }
}

/// When the last frame came by this member; None: never.
#[must_use]
pub fn last_receive(words: &[AtomicU64], member: usize) -> Option<Instant> {
    (member < MAX_MEMBERS).then(|| latest(words, LAST_RECEIVE + member))?
}

/// Worker: ARP or Neighbor Discovery came by this member now, which the monitor wants to know of.
pub fn seen(words: &[AtomicU64], worker: usize, member: usize, seen: Seen, now: Instant) {
    if member >= MAX_MEMBERS {
        return;
    }
    set(cell(words, worker, LAST_NEIGHBOUR + member), now.as_nanos());
    if let Seen::Of { target, kind } = seen
        && let Some(at) = of_target(member, target, kind)
    {
        set(cell(words, worker, at), now.as_nanos());
    }
}

/// When ARP or Neighbor Discovery last came by this member; None: never.
#[must_use]
pub fn last_neighbour(words: &[AtomicU64], member: usize) -> Option<Instant> {
    (member < MAX_MEMBERS).then(|| latest(words, LAST_NEIGHBOUR + member))?
}

/// When this member last heard this of the target at this place; None: never.
#[must_use]
pub fn last_of_target(
    words: &[AtomicU64],
    member: usize,
    target: usize,
    kind: Kind,
) -> Option<Instant> {
    latest(words, of_target(member, target, kind)?)
}

fn of_target(member: usize, target: usize, kind: Kind) -> Option<usize> {
    let kind = match kind {
        Kind::Reply => 0,
        Kind::Request => 1,
        Kind::Own => 2,
    };
    (member < MAX_MEMBERS && target < TARGETS)
        .then_some(LAST_OF_TARGET + (member * TARGETS + target) * KINDS + kind)
}

/// The latest of the workers' times at this place of their blocks.
fn latest(words: &[AtomicU64], at: usize) -> Option<Instant> {
    let of_worker = |worker| value(cell(words, worker, at));
    let latest = (0..workers(words)).map(of_worker).max().unwrap_or(0);
    (latest != 0).then(|| Instant::from_nanos(latest))
}

/// Worker: a frame of so many bytes with this hash was sent.
pub fn sent(words: &[AtomicU64], worker: usize, hash: u32, bytes: usize) {
    let [bucket, ..] = hash.to_le_bytes();
    add(
        cell(words, worker, BYTES + usize::from(bucket)),
        u64::try_from(bytes).unwrap_or(0),
    );
}

/// Worker: a frame waits because its bucket moves.
pub fn hold(words: &[AtomicU64], worker: usize) {
    add(cell(words, worker, HELD), 1);
}

/// How many frames have waited because their buckets moved.
#[must_use]
pub fn held(words: &[AtomicU64]) -> u64 {
    let of_worker = |worker| value(cell(words, worker, HELD));
    (0..workers(words))
        .map(of_worker)
        .fold(0, u64::wrapping_add)
}

/// Bytes sent in this bucket by all workers.
#[must_use]
pub fn bytes(words: &[AtomicU64], bucket: u8) -> u64 {
    let of_worker = |worker| value(cell(words, worker, BYTES + usize::from(bucket)));
    (0..workers(words))
        .map(of_worker)
        .fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    fn area() -> Vec<AtomicU64> {
        (0..WORDS).map(|_| AtomicU64::new(0)).collect()
    }

    #[test]
    fn each_worker_has_its_own_pulse_and_generations() {
        let words = area();
        set_workers(&words, 2);
        beat(&words, 1, 6);
        beat(&words, 1, 8);
        set_drained(&words, 1, 6);
        assert_eq!([pulse(&words, 0), pulse(&words, 1)], [0, 2]);
        assert_eq!([generation(&words, 0), generation(&words, 1)], [0, 8]);
        assert_eq!([drained(&words, 0), drained(&words, 1)], [0, 6]);
    }

    #[test]
    fn all_is_drained_when_every_worker_has_drained_or_sleeps() {
        let words = area();
        set_workers(&words, 2);
        set_drained(&words, 0, 8);
        assert!(!is_drained(&words, 8));
        set_drained(&words, 1, 6);
        assert!(is_drained(&words, 6) && !is_drained(&words, 8));
        set_drained(&words, 0, ASLEEP);
        assert_eq!(prompt_worker(&words), 1);
        set_drained(&words, 1, ASLEEP);
        assert!(is_drained(&words, 8) && prompt_worker(&words) == 0);
        rise(&words, 1, 6);
        assert!(!is_drained(&words, 8));
    }

    #[test]
    fn bytes_are_summed_and_the_latest_receive_counts() {
        let words = area();
        set_workers(&words, 2);
        sent(&words, 0, 0x1ff, 100);
        sent(&words, 1, 0xff, 23);
        received(&words, 0, 15, Instant::from_nanos(7));
        received(&words, 1, 15, Instant::from_nanos(9));
        assert_eq!(bytes(&words, 255), 123);
        assert_eq!(bytes(&words, 0), 0);
        assert_eq!(last_receive(&words, 15), Some(Instant::from_nanos(9)));
        assert_eq!(last_receive(&words, 0), None);
    }

    #[test]
    fn no_index_reaches_a_neighbours_words() {
        let words = area();
        set_workers(&words, 99);
        beat(&words, MAX_WORKERS, 2);
        received(&words, 0, MAX_MEMBERS, Instant::from_nanos(5));
        assert_eq!(workers(&words), MAX_WORKERS);
        assert!(
            words
                .iter()
                .skip(1)
                .all(|word| word.load(Ordering::Relaxed) == 0)
        );
        assert_eq!(pulse(&words[..4], 0), 0);
    }
}
