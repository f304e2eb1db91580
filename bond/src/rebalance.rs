//! Which buckets go to another member when their load, as measured, wants it.
//!
//! Linux deals all buckets out anew every ten seconds; here a bucket moves only where that lowers the
//! load of the busiest member, and none does unless all moves together gain a tenth of it.

use crate::resilient::BUCKETS;
use crate::{Interface, MAX_MEMBERS};

/// A member's load: bytes, and what it can carry beside the others.
#[derive(Clone, Copy, Debug)]
struct Load {
    member: u8,
    bytes: u128,
    weight: u128,
}

impl Load {
    /// How it compares to another with so many bytes instead of its own.
    fn is_above(&self, bytes: u128, other: &Self, other_bytes: u128) -> bool {
        bytes * other.weight > other_bytes * self.weight
    }
}

/// What each of these members can carry: their speeds, or the same where one's is not known.
#[must_use]
pub fn weights(interfaces: &[Interface]) -> heapless::Vec<u32, MAX_MEMBERS> {
    let speed = |interface: &Interface| interface.speed.filter(|speed| *speed > 0);
    let are_known = interfaces.iter().all(|one| speed(one).is_some());
    let weight = |one: &Interface| speed(one).filter(|_| are_known).unwrap_or(1);
    interfaces.iter().map(weight).take(MAX_MEMBERS).collect()
}

/// Moves buckets, which had so many `bytes` of late, between `members`, each with its weight, so that the
/// busiest has a tenth less to do for what it can carry; with less to gain none moves. How many did.
pub fn rebalance(
    buckets: &mut [u8; BUCKETS],
    bytes: &[u64; BUCKETS],
    members: &[(u8, u32)],
) -> usize {
    let mut plan = *buckets;
    let mut loads = loads(&plan, bytes, members);
    let Some(before) = busiest(&loads) else {
        return 0;
    };
    let mut moves = 0;
    while moves < BUCKETS && step(&mut plan, bytes, &mut loads) {
        moves += 1;
    }
    let gains = busiest(&loads)
        .is_some_and(|after| !after.is_above(after.bytes * 10, &before, before.bytes * 9));
    if moves == 0 || !gains {
        return 0;
    }
    let moved = buckets.iter().zip(&plan).filter(|(old, new)| old != new);
    let moved = moved.count();
    *buckets = plan;
    moved
}

fn loads(
    buckets: &[u8; BUCKETS],
    bytes: &[u64; BUCKETS],
    members: &[(u8, u32)],
) -> heapless::Vec<Load, MAX_MEMBERS> {
    let load = |&(member, weight): &(u8, u32)| {
        let own = buckets.iter().zip(bytes);
        let own = own.filter(|(owner, _)| **owner == member);
        Load {
            member,
            bytes: own.map(|(_, bytes)| u128::from(*bytes)).sum(),
            weight: u128::from(weight.max(1)),
        }
    };
    members.iter().map(load).take(MAX_MEMBERS).collect()
}

/// The first of equals.
fn busiest(loads: &[Load]) -> Option<Load> {
    let busier = |one: Load, other: &Load| {
        if other.is_above(other.bytes, &one, one.bytes) {
            *other
        } else {
            one
        }
    };
    Some(loads.iter().skip(1).fold(*loads.first()?, busier))
}

fn idlest(loads: &[Load]) -> Option<Load> {
    let idler = |one: Load, other: &Load| {
        if one.is_above(one.bytes, other, other.bytes) {
            *other
        } else {
            one
        }
    };
    Some(loads.iter().skip(1).fold(*loads.first()?, idler))
}

/// Moves the bucket that helps most from the busiest member to the idlest; false: none is worth it.
fn step(plan: &mut [u8; BUCKETS], bytes: &[u64; BUCKETS], loads: &mut [Load]) -> bool {
    let (Some(high), Some(low)) = (busiest(loads), idlest(loads)) else {
        return false;
    };
    let total: u128 = loads.iter().map(|load| load.bytes).sum();
    let weight: u128 = loads.iter().map(|load| load.weight).sum();
    // Within a twentieth of its share there is nothing left to gain.
    if high.bytes * weight * 20 <= total * high.weight * 21 {
        return false;
    }
    // The two are even when this much has moved; the bucket next to that is the best.
    let even = (high.bytes * low.weight).saturating_sub(low.bytes * high.weight)
        / (high.weight + low.weight);
    let helps = |moved: u128| moved > 0 && !low.is_above(low.bytes + moved, &high, high.bytes - 1);
    let mut own = plan.iter_mut().zip(bytes);
    let mut best: Option<(&mut u8, u128)> = None;
    for (owner, bytes) in own.by_ref().filter(|(owner, _)| **owner == high.member) {
        let bytes = u128::from(*bytes);
        let is_better = |(_, best): &(&mut u8, u128)| bytes.abs_diff(even) < best.abs_diff(even);
        if helps(bytes) && best.as_ref().is_none_or(is_better) {
            best = Some((owner, bytes));
        }
    }
    let Some((owner, moved)) = best else {
        return false;
    };
    *owner = low.member;
    for load in loads {
        if load.member == high.member {
            load.bytes -= moved;
        } else if load.member == low.member {
            load.bytes += moved;
        }
    }
    true
}

#[cfg(test)]
#[path = "tests/rebalance.rs"]
mod tests;
