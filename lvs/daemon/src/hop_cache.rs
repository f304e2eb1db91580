//! A worker's cache in front of the next-hop snapshot: reachable hops by destination address.

use std::net::IpAddr;

use wire::Mac;

use crate::nexthop::{NextHops, Resolution};

const SLOTS: usize = 1_024;

/// A direct-mapped cache; it holds answers of one snapshot only.
#[derive(Debug)]
pub struct HopCache {
    slots: Box<[Option<(IpAddr, usize, Mac)>]>,
}

impl Default for HopCache {
    fn default() -> Self {
        Self {
            slots: vec![None; SLOTS].into_boxed_slice(),
        }
    }
}

impl HopCache {
    /// Forgets everything; call when the snapshot was swapped.
    pub fn clear(&mut self) {
        self.slots.fill(None);
    }

    /// What `hops` says of `destination`.
    #[inline]
    pub fn resolve(&mut self, hops: &NextHops, destination: IpAddr) -> Resolution {
        let slot = &mut self.slots[slot_of(destination)];
        if let Some((known, bond, mac)) = *slot
            && known == destination
        {
            return Resolution::Reachable { bond, mac };
        }
        let resolution = hops.resolve(destination);
        if let Resolution::Reachable { bond, mac } = resolution {
            *slot = Some((destination, bond, mac));
        }
        resolution
    }
}

#[inline]
fn slot_of(address: IpAddr) -> usize {
    let bits = match address {
        IpAddr::V4(v4) => u64::from(v4.to_bits()),
        IpAddr::V6(v6) => {
            let bits = v6.to_bits().to_be_bytes();
            bits.chunks_exact(8).fold(0, |folded, half| {
                folded ^ u64::from_be_bytes(half.try_into().unwrap_or_default())
            })
        }
    };
    // Fibonacci hashing: the top ten bits of the product choose one of 1,024 slots.
    (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::nexthop::Route;

    fn hops(neighbour: Option<Mac>) -> NextHops {
        let route = Route {
            destination: "10.0.0.0".parse().unwrap(),
            prefix: 24,
            gateway: None,
            ifindex: 3,
            metric: 0,
        };
        let neighbours = neighbour.map(|mac| ((3, "10.0.0.7".parse().unwrap()), mac));
        NextHops::new(
            [route],
            neighbours.into_iter().collect(),
            HashMap::from([(3, 0)]),
        )
    }

    #[test]
    fn an_answer_is_kept_until_the_cache_is_cleared_and_a_miss_is_not_kept() {
        let destination = "10.0.0.7".parse().unwrap();
        let (old, new) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2]));
        let mut cache = HopCache::default();
        let miss = Resolution::Unresolved {
            ifindex: 3,
            neighbour: destination,
        };
        assert_eq!(cache.resolve(&hops(None), destination), miss);
        let reached = |mac| Resolution::Reachable { bond: 0, mac };
        assert_eq!(cache.resolve(&hops(Some(old)), destination), reached(old));
        assert_eq!(cache.resolve(&hops(Some(new)), destination), reached(old));
        cache.clear();
        assert_eq!(cache.resolve(&hops(Some(new)), destination), reached(new));
    }
}
