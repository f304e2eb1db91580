//! A map from endpoints that is built once and only read afterwards.

use alloc::boxed::Box;
use alloc::vec;

use crate::address::Endpoint;

/// What is looked up: an endpoint and its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The IP protocol number, or 0 where only the address is meant.
    pub protocol: u8,
}

/// An open-addressing hash map, at most half full. Its keys are the operator's, so that its hash
/// needs no secret.
#[derive(Clone, Debug)]
pub struct Index<T> {
    slots: Box<[Option<(Place, T)>]>,
    mask: usize,
}

impl<T: Copy> Index<T> {
    /// The map of these pairs; of two with the same place the first one counts.
    pub fn new(pairs: impl IntoIterator<Item = (Place, T)> + Clone) -> Self {
        let count = pairs.clone().into_iter().count();
        let size = (count * 2).next_power_of_two().max(2);
        let mut slots = vec![None; size].into_boxed_slice();
        let mask = size - 1;
        for (place, value) in pairs {
            let free = probe(mask, place).find_map(|at| {
                let slot = slots.get(at)?;
                match slot {
                    None => Some(Some(at)),
                    Some((other, _)) if *other == place => Some(None),
                    Some(_) => None,
                }
            });
            if let Some(slot) = free.flatten().and_then(|at| slots.get_mut(at)) {
                *slot = Some((place, value));
            }
        }
        Self { slots, mask }
    }

    /// What lies at a place.
    #[inline]
    pub fn find(&self, place: Place) -> Option<T> {
        for at in probe(self.mask, place) {
            match self.slots.get(at)? {
                None => return None,
                Some((other, value)) if *other == place => return Some(*value),
                Some(_) => {}
            }
        }
        None
    }
}

/// The slots to look at, in order.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the mask keeps fewer bits than are left"
)]
fn probe(mask: usize, place: Place) -> impl Iterator<Item = usize> {
    let [high, low] = place.endpoint.address.to_words();
    let rest = u64::from(place.endpoint.port) << 32 | u64::from(place.protocol) << 48;
    let hash = (high.rotate_left(7) ^ low ^ rest).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let start = (hash ^ hash >> 32) as usize;
    (0..=mask).map(move |step| (start + step) & mask)
}
