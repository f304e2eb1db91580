//! When which target is probed next.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

use wire::{Duration, Instant};

use crate::{TargetConfig, TargetId};

/// The targets that wait for their next probe, the earliest first; of those due at the same time, the
/// one that was configured first. A target is in it at most once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedule {
    waiting: BinaryHeap<Reverse<(Instant, TargetId)>>,
}

impl Schedule {
    pub(crate) fn push(&mut self, due: Instant, target: TargetId) {
        self.waiting.push(Reverse((due, target)));
    }

    /// The first target whose time has come, and when it came.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<(Instant, TargetId)> {
        self.earliest().filter(|due| *due <= now)?;
        self.waiting.pop().map(|Reverse(entry)| entry)
    }

    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.waiting.peek().map(|Reverse((due, _))| *due)
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

/// How long a target's first probe waits: less than its interval, the same at every start, and spread
/// evenly over many targets, so that a start is no burst.
pub(crate) fn first_wait(target: &TargetConfig) -> Duration {
    let interval = u128::from(target.check.interval.as_nanos());
    let wait = (u128::from(hash(target)) * interval) >> 64;
    Duration::from_nanos(u64::try_from(wait).unwrap_or(0))
}

/// FNV-1a over service, address and port, its bits mixed once more, because addresses in a row differ in
/// the last ones only.
fn hash(target: &TargetConfig) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    let mut hash = target.service.as_bytes().iter().fold(BASIS, fnv);
    hash = match target.real.ip() {
        core::net::IpAddr::V4(ip) => ip.octets().iter().fold(hash, fnv),
        core::net::IpAddr::V6(ip) => ip.octets().iter().fold(hash, fnv),
    };
    hash = target.real.port().to_be_bytes().iter().fold(hash, fnv);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
