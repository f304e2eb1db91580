//! Copies of frames for who captures: workers offer, a thread per capture hands them to its client.
//!
//! While nobody captures a worker reads one word a turn. A worker never waits: what finds no room in a
//! capture's queue is lost to that capture, and counted. What the kernel's own sockets receive and send
//! on the members (LACP, VRRP) does not come by here.

mod queue;
mod serve;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use nix::sys::eventfd::{EfdFlags, EventFd};
use sys::clock::unix_nanos;

pub use queue::Batch;
use queue::{Head, Queue};
pub use serve::capture;

/// Captures that may run at a time.
pub const MOST: usize = 4;
/// Bytes of frames that may wait in one capture, over all workers.
const BYTES: usize = 4 << 20;
/// What a worker's queue has at least, in bytes.
const LEAST_BYTES: usize = 256 << 10;

/// All captures.
#[derive(Debug, Default)]
pub struct Captures {
    /// A bit for each port that somebody captures.
    ports: AtomicU64,
    running: ArcSwap<Vec<Arc<Capture>>>,
    /// Held by who begins or ends one.
    change: Mutex<()>,
}

/// One capture.
#[derive(Debug)]
pub struct Capture {
    /// A bit for each of its ports.
    ports: u64,
    snap_length: usize,
    queues: Vec<Queue>,
    lost: AtomicU64,
    wake: EventFd,
}

/// Which way a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It came in, and is as it came.
    Received,
    /// It leaves, and is as it leaves.
    Sent,
}

impl Captures {
    /// A bit for each port that somebody captures: all that it costs while nobody does.
    #[inline]
    #[must_use]
    pub fn ports(&self) -> u64 {
        self.ports.load(Ordering::Relaxed)
    }

    /// Offers a frame to those who capture its port, from worker `worker`: which way it went, and its
    /// bytes, part after part.
    pub fn offer(&self, worker: usize, port: usize, direction: Direction, parts: &[&[u8]]) {
        let len = parts.iter().map(|part| part.len()).sum();
        let head = Head {
            unix_ns: unix_nanos(),
            port,
            direction,
            wire_len: len,
            len,
        };
        for capture in self.running.load().iter() {
            if capture.ports & bit(port) != 0 {
                capture.take(worker, head, parts);
            }
        }
    }

    /// Begins a capture of these ports, offered to by so many workers; none when too many run already.
    ///
    /// # Errors
    /// When the kernel grants no eventfd.
    pub fn begin(
        &self,
        ports: &[usize],
        snap_length: usize,
        workers: usize,
    ) -> io::Result<Option<Arc<Capture>>> {
        let capture = Arc::new(Capture::new(ports, snap_length, workers)?);
        let begun = self.change(|running| {
            let has_room = running.len() < MOST;
            has_room.then(|| running.push(Arc::clone(&capture)))
        });
        Ok(begun.map(|()| capture))
    }

    /// Ends a capture.
    pub fn end(&self, capture: &Arc<Capture>) {
        self.change(|running| running.retain(|other| !Arc::ptr_eq(other, capture)));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Arc<Capture>>) -> T) -> T {
        let _held = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running = Vec::clone(&self.running.load());
        let result = change(&mut running);
        let ports = running.iter().fold(0, |all, one| all | one.ports);
        self.running.store(Arc::new(running));
        self.ports.store(ports, Ordering::Relaxed);
        result
    }
}

impl Capture {
    fn new(ports: &[usize], snap_length: usize, workers: usize) -> io::Result<Self> {
        let bytes = (BYTES / workers.max(1)).max(LEAST_BYTES);
        Ok(Self {
            ports: ports.iter().fold(0, |all, port| all | bit(*port)),
            snap_length,
            queues: (0..workers).map(|_| Queue::new(bytes)).collect(),
            lost: AtomicU64::new(0),
            wake: EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?,
        })
    }

    fn take(&self, worker: usize, head: Head, parts: &[&[u8]]) {
        let head = Head {
            len: head.wire_len.min(self.snap_length),
            ..head
        };
        let pushed = self.queues.get(worker).map(|queue| queue.push(head, parts));
        match pushed {
            // A full eventfd counter means that the reader has been told already.
            Some(Some(was_empty)) => drop(was_empty.then(|| self.wake.write(1).ok())),
            Some(None) | None => drop(self.lost.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Takes what waits, of one worker after the other, in exchange for an empty `batch` that was given
    /// before; false when nothing waits.
    pub fn exchange(&self, batch: &mut Batch) -> bool {
        self.wake.read().ok();
        self.queues.iter().any(|queue| queue.exchange(batch))
    }

    /// Frames that were lost since the last call.
    pub fn lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }

    /// Readable when something waits.
    #[must_use]
    pub fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// The bit of a port, of which there are fewer than bits.
const fn bit(port: usize) -> u64 {
    1 << (port % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What waits in a capture: port, direction, and bytes.
    fn waiting(capture: &Capture) -> Vec<(usize, Direction, Vec<u8>)> {
        let mut batch = Batch::new(LEAST_BYTES);
        let mut all = Vec::new();
        while capture.exchange(&mut batch) {
            let frames = batch.frames();
            all.extend(frames.map(|(head, bytes)| (head.port, head.direction, bytes.to_vec())));
        }
        all
    }

    #[test]
    fn a_capture_gets_the_frames_of_its_ports_until_it_ends_and_no_others() {
        let captures = Captures::default();
        assert_eq!(captures.ports(), 0, "nobody captures");
        let capture = captures.begin(&[0, 2], 100, 1).unwrap().unwrap();
        assert_eq!(captures.ports(), 0b101);
        captures.offer(0, 0, Direction::Received, &[&[1; 60]]);
        captures.offer(0, 1, Direction::Received, &[&[2; 60]]);
        captures.offer(0, 2, Direction::Sent, &[&[3; 60]]);
        assert_eq!(
            waiting(&capture),
            [
                (0, Direction::Received, vec![1; 60]),
                (2, Direction::Sent, vec![3; 60])
            ]
        );
        captures.end(&capture);
        assert_eq!(captures.ports(), 0);
        captures.offer(0, 0, Direction::Received, &[&[4; 60]]);
        assert_eq!(waiting(&capture), []);
        assert_eq!(capture.lost(), 0);
    }

    #[test]
    fn what_is_longer_than_asked_for_is_cut_and_its_length_told() {
        let captures = Captures::default();
        let capture = captures.begin(&[0], 20, 1).unwrap().unwrap();
        captures.offer(0, 0, Direction::Received, &[&[7; 15], &[7; 45]]);
        let mut batch = Batch::new(LEAST_BYTES);
        assert!(capture.exchange(&mut batch));
        let (head, bytes) = batch.frames().next().unwrap();
        assert_eq!((head.wire_len, bytes), (60, &[7; 20][..]));
    }

    #[test]
    fn what_finds_no_room_is_lost_and_counted_once() {
        let captures = Captures::default();
        let capture = captures.begin(&[0], 1_500, 16).unwrap().unwrap();
        for _ in 0..1_000 {
            captures.offer(3, 0, Direction::Received, &[&[0; 1_500]]);
        }
        let kept = waiting(&capture).len();
        assert!(kept >= LEAST_BYTES / 1_500, "{kept}");
        assert_eq!(capture.lost() + kept as u64, 1_000);
        assert_eq!(capture.lost(), 0);
        captures.offer(3, 0, Direction::Received, &[&[0; 1_500]]);
        assert_eq!(waiting(&capture).len(), 1, "there is room again");
    }

    #[test]
    fn frames_of_every_worker_come_in_the_order_of_each() {
        let captures = Captures::default();
        let capture = captures.begin(&[0], 100, 2).unwrap().unwrap();
        for number in 0..3 {
            captures.offer(0, 0, Direction::Received, &[&[number]]);
            captures.offer(1, 0, Direction::Received, &[&[10 + number]]);
        }
        let bytes: Vec<u8> = waiting(&capture).iter().map(|(_, _, b)| b[0]).collect();
        assert_eq!(bytes, [0, 1, 2, 10, 11, 12]);
    }

    #[test]
    fn only_so_many_run_at_a_time() {
        let captures = Captures::default();
        let begin = || captures.begin(&[1], 100, 1).unwrap();
        let mut running: Vec<_> = (0..MOST).map(|_| begin().unwrap()).collect();
        assert!(begin().is_none());
        captures.end(&running.pop().unwrap());
        assert!(begin().is_some());
    }
}
