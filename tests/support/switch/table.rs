//! The forwarding database: behind which port or group a station was heard last, by VLAN.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use wire::{Duration, Instant, Mac, ethertype};

/// The most addresses that are remembered: guests may make up as many as they like.
const CAPACITY: usize = 16_384;

/// Where a frame comes from or goes to: its number among the ports or among the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A port that is in no group.
    Port(usize),
    /// A group.
    Group(usize),
}

/// An address as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// The VLAN; 0: untagged.
    pub vlan: u16,
    /// The address.
    pub mac: Mac,
    /// The port or group that it is behind.
    pub at: String,
    /// For how long it was not heard, in milliseconds.
    pub age_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    place: Place,
    heard: Instant,
}

/// The table.
#[derive(Debug)]
pub struct Table {
    entries: HashMap<(u16, Mac), Entry>,
    ageing: Duration,
}

impl Table {
    /// An empty one that forgets an address after this time.
    pub fn new(ageing: Duration) -> Self {
        Self {
            entries: HashMap::new(),
            ageing,
        }
    }

    /// A station was heard; one that has moved is at its new place from now on.
    pub fn learn(&mut self, now: Instant, vlan: u16, mac: Mac, place: Place) {
        if mac.is_group() || mac == Mac::ZERO {
            return;
        }
        if self.entries.len() >= CAPACITY && !self.entries.contains_key(&(vlan, mac)) {
            self.expire(now);
            if self.entries.len() >= CAPACITY {
                return;
            }
        }
        let heard = now;
        self.entries.insert((vlan, mac), Entry { place, heard });
    }

    /// Where a station is; `None`: not known, or not heard for too long.
    pub fn find(&self, now: Instant, vlan: u16, mac: Mac) -> Option<Place> {
        let entry = self.entries.get(&(vlan, mac))?;
        (now.since(entry.heard) < self.ageing).then_some(entry.place)
    }

    /// Nobody is at this place any more.
    pub fn forget(&mut self, place: Place) {
        self.entries.retain(|_, entry| entry.place != place);
    }

    /// Every known station, by VLAN and address.
    pub fn stations(&self, now: Instant, name: impl Fn(Place) -> String) -> Vec<Station> {
        let known = self
            .entries
            .iter()
            .filter(|(_, entry)| now.since(entry.heard) < self.ageing);
        let mut stations: Vec<Station> = known
            .map(|(&(vlan, mac), entry)| Station {
                vlan,
                mac,
                at: name(entry.place),
                age_ms: now.since(entry.heard).as_millis(),
            })
            .collect();
        stations.sort_by_key(|station| (station.vlan, station.mac));
        stations
    }

    fn expire(&mut self, now: Instant) {
        let ageing = self.ageing;
        self.entries
            .retain(|_, entry| now.since(entry.heard) < ageing);
    }
}

/// The VLAN of a frame: the identifier in its outer tag; 0 without one.
pub fn vlan(frame: &[u8]) -> u16 {
    let half = |at: usize| {
        let bytes = frame.get(at..)?.first_chunk()?;
        Some(u16::from_be_bytes(*bytes))
    };
    match half(12) {
        Some(ethertype::VLAN | ethertype::SERVICE_VLAN) => half(14).unwrap_or(0) & 0x0fff,
        Some(_) | None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGEING: Duration = Duration::from_secs(300);
    const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_station_is_forgotten_when_it_is_silent_for_too_long_and_not_before() {
        let mut table = Table::new(AGEING);
        table.learn(at(0), 0, MAC, Place::Port(1));
        assert_eq!(table.find(at(299), 0, MAC), Some(Place::Port(1)));
        assert_eq!(table.find(at(300), 0, MAC), None);
        assert_eq!(table.stations(at(300), |_| String::new()), []);
    }

    #[test]
    fn group_addresses_are_nobodys_and_so_is_zero() {
        let mut table = Table::new(AGEING);
        for mac in [Mac::BROADCAST, Mac([1, 0, 0x5e, 0, 0, 18]), Mac::ZERO] {
            table.learn(at(0), 0, mac, Place::Port(1));
            assert_eq!(table.find(at(0), 0, mac), None);
        }
    }

    #[test]
    fn made_up_addresses_fill_the_table_to_its_bound_and_make_room_when_they_age() {
        let mut table = Table::new(AGEING);
        let made_up = |number: usize| Mac::from_bits(u64::try_from(number).unwrap() << 8 | 4);
        for number in 1..=CAPACITY + 10 {
            table.learn(at(0), 0, made_up(number), Place::Port(0));
        }
        assert_eq!(table.stations(at(0), |_| String::new()).len(), CAPACITY);
        table.learn(at(1), 0, MAC, Place::Port(1));
        assert_eq!(table.find(at(1), 0, MAC), None);
        table.learn(at(300), 0, MAC, Place::Port(1));
        assert_eq!(table.find(at(300), 0, MAC), Some(Place::Port(1)));
    }

    #[test]
    fn the_vlan_is_the_identifier_in_the_tag_whatever_the_priority() {
        let mut frame = [0_u8; 18];
        assert_eq!(vlan(&frame), 0);
        frame[12..16].copy_from_slice(&[0x81, 0, 0xe0, 100]);
        assert_eq!(vlan(&frame), 100);
        assert_eq!(vlan(&frame[..13]), 0);
    }
}
