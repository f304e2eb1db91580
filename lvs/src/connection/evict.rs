//! Who makes way when a place is full.

use core::sync::atomic::Ordering;

use super::cell::{Bucket, StateWord};
use super::table::Table;
use super::tick::Tick;
use crate::tcp_state::TcpState;

/// The order in which connections make way; within a class the longest silent goes first. A flood
/// of SYNs makes half-open ones: they go before any connection that may still carry data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Expired,
    /// Over on both sides.
    Closed,
    HalfOpen,
    /// One side may still send.
    Closing,
    Established,
}

impl<'m> Table<'m> {
    /// Frees a cell of two full buckets. The shard is locked.
    pub(super) fn evict(&self, buckets: [Bucket<'m>; 2], now: Tick) -> Option<(Bucket<'m>, usize)> {
        let candidates = buckets.into_iter().flat_map(|bucket| {
            bucket.taken().filter_map(move |at| {
                let (_, _, word) = bucket.cell(at)?.read();
                Some(((self.class(word, now), word.last_seen()), bucket, at))
            })
        });
        let ((class, _), bucket, at) = candidates.min_by_key(|(rank, _, _)| *rank)?;
        self.retire(bucket, at);
        let counter = match class {
            Class::Expired => &self.events.expired,
            Class::Closed | Class::Closing => &self.events.evicted_closing,
            Class::HalfOpen => &self.events.evicted_half_open,
            Class::Established => &self.events.evicted_established,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Some((bucket, at))
    }

    fn class(&self, word: StateWord, now: Tick) -> Class {
        if self.remaining(word, now) == 0 {
            return Class::Expired;
        }
        match word.state() {
            TcpState::TimeWait | TcpState::Close => Class::Closed,
            state if state.is_half_open() => Class::HalfOpen,
            state if state.is_active() => Class::Established,
            TcpState::None
            | TcpState::Established
            | TcpState::SynSent
            | TcpState::SynRecv
            | TcpState::FinWait
            | TcpState::CloseWait
            | TcpState::LastAck
            | TcpState::Listen
            | TcpState::SynAck => Class::Closing,
        }
    }
}
