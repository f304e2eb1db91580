//! A bond's network, as the elections see it: which members carry adverts, which address they come
//! from, whether the forwarder lives.

use std::net::IpAddr;
use std::sync::Arc;

use bond::egress::{self, Table};
use bond::pulse::{Limits, PulseWatch};
use vrrp::{Family, Forwarder, Vrid};
use wire::{Duration, Instant};

use super::outlet;
use crate::forwarder::{Attachment, BondMemory};
use crate::interfaces::Sources;
use crate::port::Port;

/// A forwarder whose pulse rests for longer than this, or that is gone for so long, stands still.
const LIMITS: Limits = Limits {
    stall: Duration::from_millis(500),
    absence: Duration::from_millis(500),
};

/// How long a bond must have been usable, and its forwarder alive, before its virtual routers take part:
/// until the LACP partner sends to it again nobody is heard, and who hears nobody takes over.
pub const SETTLE: Duration = Duration::from_secs(1);

/// A table that any published one is newer than.
fn unread() -> Table {
    Table {
        generation: 0,
        ..Table::default()
    }
}

/// One bond.
#[derive(Debug)]
pub struct Link {
    name: String,
    /// Its place in lvsd's order, while lvsd knows it.
    place: Option<usize>,
    sources: Sources,
    ports: Vec<Option<Arc<Port>>>,
    table: Table,
    /// Since when a member can send.
    usable_since: Option<Instant>,
    /// Behind which member switches found the bond last, and how often that became another one.
    behind: Option<u8>,
    moves: u64,
    pulse: PulseWatch,
    forwarder: Forwarder,
    /// Since when it lives.
    alive_since: Option<Instant>,
    is_attached: bool,
}

impl Link {
    /// A bond of which only the name is known.
    pub fn new(name: &str, now: Instant) -> Self {
        Self {
            name: name.to_owned(),
            place: None,
            sources: Sources::default(),
            ports: Vec::new(),
            table: unread(),
            usable_since: None,
            behind: None,
            moves: 0,
            pulse: PulseWatch::expecting(LIMITS, now),
            forwarder: Forwarder::Stale,
            alive_since: None,
            is_attached: false,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its place in lvsd's order, which the leases follow.
    pub const fn place(&self) -> Option<usize> {
        self.place
    }

    /// lvsd has come, and may not know this bond.
    pub fn attach(&mut self, attachment: &Attachment, now: Instant) {
        let mut bonds = attachment.bonds.iter();
        self.place = bonds.position(|bond| bond.name == self.name);
        self.is_attached = self.place.is_some();
        // Another bondd's table is another one, whatever its generation.
        self.table.generation = 0;
        if self.is_attached {
            self.pulse.attach(now);
        }
    }

    /// lvsd has gone. What it said last holds, but for its pulse.
    pub fn detach(&mut self, now: Instant) {
        self.is_attached = false;
        self.pulse.detach(now);
    }

    /// Reads what changed in the shared memory.
    pub fn look(&mut self, attachment: Option<&Attachment>, now: Instant) {
        let memory = attachment
            .zip(self.place)
            .and_then(|(attachment, place)| attachment.bonds.get(place));
        if let Some(memory) = memory {
            self.read(memory);
        }
        let is_usable = self.place.is_some() && !self.table.usable.is_empty();
        self.usable_since = self.usable_since.or(Some(now)).filter(|_| is_usable);
        let beating = memory.filter(|_| self.is_attached);
        let words = beating.map(|memory| memory.feedback.words());
        match self.pulse.look(words, now) {
            Some(bond::Forwarder::Alive) => self.forwarder = Forwarder::Alive,
            Some(bond::Forwarder::Stale) => self.forwarder = Forwarder::Stale,
            None => {}
        }
        let is_alive = self.forwarder == Forwarder::Alive;
        self.alive_since = self.alive_since.or(Some(now)).filter(|_| is_alive);
    }

    fn read(&mut self, memory: &BondMemory) {
        let words = memory.egress.words();
        if egress::generation(words) == self.table.generation {
            return;
        }
        // While bondd writes, or when it died over it, the last table holds.
        if let Some(table) = egress::read(words) {
            let behind = table.place().or(self.behind);
            if self.behind.is_some_and(|before| Some(before) != behind) {
                self.moves = self.moves.wrapping_add(1);
            }
            self.behind = behind;
            self.table = table;
        }
    }

    /// How often frames began to leave by another port of the switches.
    pub const fn moves(&self) -> u64 {
        self.moves
    }

    /// What is known of the source addresses.
    pub const fn set_sources(&mut self, sources: Sources) {
        self.sources = sources;
    }

    /// The sockets on a member.
    pub fn set_port(&mut self, member: usize, port: Option<Arc<Port>>) {
        if self.ports.len() <= member {
            self.ports.resize(member + 1, None);
        }
        if let Some(place) = self.ports.get_mut(member) {
            *place = port;
        }
    }

    /// The members' sockets.
    pub fn ports(&self) -> &[Option<Arc<Port>>] {
        &self.ports
    }

    /// Where adverts of this family come from; none while no member can send.
    pub fn source(&self, family: Family) -> Option<IpAddr> {
        let sources = self.usable_since.map(|_| self.sources);
        sources.and_then(|sources| sources.of(family))
    }

    /// Whether a member has been able to send for [`SETTLE`].
    pub fn is_settled(&self, now: Instant) -> bool {
        self.usable_since
            .is_some_and(|since| now.since(since) >= SETTLE)
    }

    /// Whether the forwarder forwards.
    pub const fn forwarder(&self) -> Forwarder {
        self.forwarder
    }

    /// Whether it has forwarded for [`SETTLE`].
    pub fn is_steady(&self, now: Instant) -> bool {
        self.alive_since
            .is_some_and(|since| now.since(since) >= SETTLE)
    }

    /// Whether adverts, which are group frames, count that are received by this member.
    pub fn is_receiving(&self, member: usize) -> bool {
        let entry = self.table.members.get(member);
        entry.is_some_and(|entry| entry.rx_enabled && !entry.unicast_only)
    }

    /// Sends by the member that the frames of this virtual router leave by, or else by another one
    /// that may send; by all of them where the bond's mode sends so. Whether one could.
    pub fn send(&self, frame: &[u8], vrid: Vrid) -> bool {
        outlet::send(&self.table, vrid, frame, |member| {
            self.port(member)
                .is_some_and(|port| port.send(frame).is_ok())
        })
    }

    /// The sockets on a member, if they are on the interface that bondd means.
    fn port(&self, member: usize) -> Option<&Port> {
        let entry = self.table.members.get(member)?;
        let port = self.ports.get(member)?.as_deref()?;
        (port.ifindex() == entry.ifindex).then_some(port)
    }
}

#[cfg(test)]
mod tests {
    use bond::egress::MemberEntry;
    use bond::feedback;
    use sys::memory::SharedMemory;

    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    /// lvsd's memory of two bonds, of which the second is ours.
    fn attachment() -> Attachment {
        let memory = |words: usize| SharedMemory::create("test", words * 8).expect("memory");
        let bond = |name: &str| BondMemory {
            name: name.to_owned(),
            feedback: memory(feedback::WORDS),
            egress: memory(egress::WORDS),
        };
        let bonds = vec![bond("bond7"), bond("bond0")];
        feedback::set_workers(bonds[1].feedback.words(), 1);
        Attachment {
            leases: memory(vrrp::lease::WORDS),
            bonds,
        }
    }

    fn publish(attachment: &Attachment, generation: u64, rx_enabled: bool, is_usable: bool) {
        let mut table = Table {
            generation,
            ..Table::default()
        };
        let entry = MemberEntry {
            rx_enabled,
            ..MemberEntry::default()
        };
        table.members.push(entry).expect("room");
        if is_usable {
            assert!(table.usable.push(0));
        }
        egress::publish(attachment.bonds[1].egress.words(), &table);
    }

    fn link() -> Link {
        let mut link = Link::new("bond0", at(0));
        link.set_sources(Sources {
            ipv4: "192.0.2.1".parse().ok(),
            ipv6: None,
        });
        link
    }

    #[test]
    fn a_source_needs_a_usable_member_and_an_address_of_the_family() {
        let (mut link, attachment) = (link(), attachment());
        assert_eq!(link.source(Family::Ipv4), None, "before lvsd is there");
        link.attach(&attachment, at(1));
        assert_eq!(link.place(), Some(1));
        publish(&attachment, 2, true, false);
        link.look(Some(&attachment), at(2));
        assert_eq!(link.source(Family::Ipv4), None, "without a usable member");
        assert!(link.is_receiving(0) && !link.is_receiving(1));
        publish(&attachment, 4, false, true);
        link.look(Some(&attachment), at(3));
        assert_eq!(link.source(Family::Ipv4), "192.0.2.1".parse().ok());
        assert_eq!(link.source(Family::Ipv6), None);
        assert!(!link.is_receiving(0));
    }

    #[test]
    fn adverts_do_not_count_by_a_member_that_leaves_group_frames_to_another() {
        for unicast_only in [false, true] {
            let (mut link, attachment) = (link(), attachment());
            link.attach(&attachment, at(1));
            let entry = MemberEntry {
                rx_enabled: true,
                unicast_only,
                ..MemberEntry::default()
            };
            let table = Table {
                members: [entry].into_iter().collect(),
                ..Table::default()
            };
            egress::publish(attachment.bonds[1].egress.words(), &table);
            link.look(Some(&attachment), at(2));
            assert_eq!(link.is_receiving(0), !unicast_only);
        }
    }

    #[test]
    fn a_bond_is_settled_when_it_has_been_usable_for_a_second() {
        let (mut link, attachment) = (link(), attachment());
        link.attach(&attachment, at(0));
        publish(&attachment, 2, true, true);
        link.look(Some(&attachment), at(10));
        assert!(!link.is_settled(at(1_009)));
        assert!(link.is_settled(at(1_010)));
        publish(&attachment, 4, true, false);
        link.look(Some(&attachment), at(1_020));
        publish(&attachment, 6, true, true);
        link.look(Some(&attachment), at(1_030));
        assert!(!link.is_settled(at(2_020)), "it begins anew");
        assert!(link.is_settled(at(2_030)));
    }

    #[test]
    fn the_table_of_another_bondd_counts_whatever_its_generation() {
        let mut link = link();
        for rx_enabled in [true, false] {
            let attachment = attachment();
            link.attach(&attachment, at(1));
            publish(&attachment, 2, rx_enabled, true);
            link.look(Some(&attachment), at(2));
            assert_eq!(link.is_receiving(0), rx_enabled);
        }
    }

    #[test]
    fn a_forwarder_lives_from_its_first_beat_until_half_a_second_after_its_last() {
        let (mut link, attachment) = (link(), attachment());
        let words = attachment.bonds[1].feedback.words();
        link.attach(&attachment, at(0));
        link.look(Some(&attachment), at(10));
        assert_eq!(link.forwarder(), Forwarder::Stale);
        feedback::beat(words, 0, 2);
        for ms in (20..=520).step_by(10) {
            link.look(Some(&attachment), at(ms));
            assert_eq!(link.forwarder(), Forwarder::Alive, "{ms}");
        }
        link.look(Some(&attachment), at(530));
        assert_eq!(link.forwarder(), Forwarder::Stale);
    }

    #[test]
    fn a_forwarder_is_steady_when_it_has_lived_for_a_second() {
        let (mut link, attachment) = (link(), attachment());
        let words = attachment.bonds[1].feedback.words();
        link.attach(&attachment, at(0));
        link.look(Some(&attachment), at(10));
        for ms in (20..=2_000).step_by(10) {
            // It rests from 300 to 1,200 ms.
            if !(300..1_200).contains(&ms) {
                feedback::beat(words, 0, ms);
            }
            link.look(Some(&attachment), at(ms));
            assert!(!link.is_steady(at(ms)), "{ms}");
        }
        for ms in (2_010..=2_210).step_by(10) {
            feedback::beat(words, 0, ms);
            link.look(Some(&attachment), at(ms));
        }
        assert!(link.is_steady(at(2_210)));
    }

    #[test]
    fn a_forwarder_that_is_gone_for_half_a_second_is_stale_even_if_its_old_memory_beats() {
        let (mut link, attachment) = (link(), attachment());
        let words = attachment.bonds[1].feedback.words();
        link.attach(&attachment, at(0));
        link.look(Some(&attachment), at(10));
        feedback::beat(words, 0, 2);
        link.look(Some(&attachment), at(20));
        link.detach(at(30));
        for ms in (40..=530).step_by(10) {
            feedback::beat(words, 0, 2);
            link.look(Some(&attachment), at(ms));
            assert_eq!(link.forwarder(), Forwarder::Alive, "{ms}");
        }
        link.look(Some(&attachment), at(540));
        assert_eq!(link.forwarder(), Forwarder::Stale);
    }
}
