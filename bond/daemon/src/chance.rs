//! Randomness for discriminators and jitter: from the kernel, not for secrets.

use std::hash::{BuildHasher as _, RandomState};

/// A random number.
pub fn draw() -> u64 {
    RandomState::new().hash_one(())
}
