//! The monitor's targets as words: how many of each family, then target, source and VLAN of each.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::config::monitor::MAX_TARGETS;
use crate::monitor::{TARGETS, Target, Targets};

/// Of an IPv6 target, two words for each address; of an IPv4 target, one each and two empty; then the VLAN, or 0.
const EACH: usize = 5;
const FIRST: usize = 1;

/// Words that the targets take.
pub(super) const WORDS: usize = FIRST + TARGETS * EACH;

pub(super) fn encode(targets: &Targets) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    let (count, rest) = words.split_at_mut(FIRST);
    for (target, place) in targets.iter().zip(rest.chunks_exact_mut(EACH)) {
        let vlan = target.vlan().map_or(0, u64::from);
        let (one, values) = match target {
            Target::V4 { target, source, .. } => {
                let [target, source] = [target, source].map(|ip| u64::from(ip.to_bits()));
                (1, [target, source, 0, 0, vlan])
            }
            Target::V6 { target, source, .. } => {
                let ([a, b], [c, d]) = (halves(*target), halves(*source));
                (1 << 8, [a, b, c, d, vlan])
            }
        };
        count.iter_mut().for_each(|count| *count += one);
        place.copy_from_slice(&values);
    }
    words
}

/// None: these are no words of [`encode`].
pub(super) fn decode(words: &[u64]) -> Option<Targets> {
    let (count, rest) = words.split_first()?;
    let [v4, v6, ..] = count.to_le_bytes();
    let (v4, v6) = (usize::from(v4), usize::from(v6));
    if v4 > MAX_TARGETS || v6 > MAX_TARGETS {
        return None;
    }
    let places = rest.as_chunks::<EACH>().0.iter().take(v4 + v6).enumerate();
    let target = |(i, [a, b, c, d, vlan]): (usize, &[u64; EACH])| {
        let vlan = u16::try_from(*vlan).ok()?;
        let vlan = (vlan != 0).then_some(vlan);
        Some(if i < v4 {
            Target::V4 {
                target: Ipv4Addr::from_bits(u32::try_from(*a).ok()?),
                source: Ipv4Addr::from_bits(u32::try_from(*b).ok()?),
                vlan,
            }
        } else {
            Target::V6 {
                target: whole(*a, *b),
                source: whole(*c, *d),
                vlan,
            }
        })
    };
    places.map(target).collect()
}

fn halves(address: Ipv6Addr) -> [u64; 2] {
    let bytes = address.octets();
    let (halves, _) = bytes.as_chunks::<8>();
    let half = |i: usize| halves.get(i).map_or(0, |half| u64::from_be_bytes(*half));
    [half(0), half(1)]
}

fn whole(high: u64, low: u64) -> Ipv6Addr {
    Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low))
}
