//! The lock of a shard. It lies in process memory: no killed process can leave one locked.

use core::hint;
use core::sync::atomic::{AtomicBool, Ordering};

/// Turns that a waiter spins before it gives up: some 100 us.
const SPINS: u32 = 4_096;

/// A small spin lock on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Lock(AtomicBool);

/// The right to change a shard, until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Guard<'a>(&'a AtomicBool);

impl Lock {
    /// Locks, unless the holder stays away for too long (it was preempted).
    pub fn lock(&self) -> Option<Guard<'_>> {
        for _ in 0..SPINS {
            if !self.0.load(Ordering::Relaxed) && !self.0.swap(true, Ordering::Acquire) {
                return Some(Guard(&self.0));
            }
            hint::spin_loop();
        }
        None
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
