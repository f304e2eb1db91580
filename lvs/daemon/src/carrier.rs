//! The forwarder's own look at its members' carrier, and the host interfaces that follow the bonds.
//!
//! bondd decides which members a bond uses. A cable that is pulled is seen here as well, so that no
//! frame is sent into it until bondd has said so, or while there is no bondd.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bond::balance_alb::{Lesson, bucket};
use bond::egress::Table;
use bond::{BUCKETS, Mode};
use netio::ethtool::Ethtool;
use netio::tap::Tap;
use sys::memory::SharedMemory;
use wire::{Instant, Mac};

use crate::announce::lesson::unasked;
use crate::announce::place::{Place, Plan};
use crate::shared::{BondLink, Shared};

/// How often the members are looked at: twice in the 10 ms in which the last frame may go into a cable that
/// is pulled.
pub const INTERVAL: std::time::Duration = std::time::Duration::from_millis(5);

/// What was told to a bond's host interface last.
#[derive(Clone, Debug, Default)]
struct Told {
    source: Option<Arc<SharedMemory>>,
    generation: u64,
    carrier: Option<bool>,
    mac: Option<Mac>,
    place: Place,
    /// balance-alb: the MAC that each bucket of clients is told.
    macs: Option<Box<[Mac; BUCKETS]>>,
}

/// Clients told in one look: a frame each in a worker's ring.
const TOLD_AT_ONCE: usize = 64;

/// Watches members and host interfaces.
#[derive(Debug)]
pub struct CarrierWatch {
    ethtool: Ethtool,
    told: Vec<Told>,
}

impl CarrierWatch {
    /// A watch over `bonds` bonds.
    #[must_use]
    pub fn new(ethtool: Ethtool, bonds: usize) -> Self {
        Self {
            ethtool,
            told: vec![Told::default(); bonds],
        }
    }

    /// Looks at every member once and masks those without carrier, or without a NIC.
    pub fn look(&mut self, shared: &Shared, ifnames: &[String]) {
        for link in &shared.bonds {
            let gone = |(member, port): (usize, &Option<usize>)| {
                let carrier = port.and_then(|port| self.ethtool.carrier(&ifnames[port]).ok());
                u32::from(carrier != Some(true)) << member
            };
            let masked = link
                .ports
                .iter()
                .enumerate()
                .map(gone)
                .fold(0, |all, bit| all | bit);
            link.masked.store(masked, Ordering::Relaxed);
        }
    }

    /// Whether a member has carrier, as seen last.
    #[must_use]
    pub fn has_carrier(shared: &Shared, bond: usize, member: usize) -> bool {
        (shared.bonds[bond].masked.load(Ordering::Relaxed) >> member) & 1 == 0
    }

    /// Gives each host interface its bond's MAC and carrier, and announces the bond from its new place,
    /// where bondd has published news. `plans` and `taps` stand in the order of the bonds.
    pub fn follow(
        &mut self,
        shared: &Shared,
        taps: &[Arc<Tap>],
        (plans, virtuals): (&[Plan], &[IpAddr]),
        now: Instant,
    ) {
        let bonds = shared.bonds.iter().zip(taps).zip(plans);
        for (bond, (((link, tap), plan), told)) in bonds.zip(&mut self.told).enumerate() {
            if let Some(table) = told.news(link) {
                let carrier = !table.usable.is_empty();
                tell(&link.name, tap, told, table.bond_mac, carrier);
                told.place.follow(&table, plan, now);
                told.assign(link, &table, now);
            }
            let Some(mac) = told.mac else { continue };
            let mut frames = told.place.say(shared, bond, (plan, virtuals), mac, now);
            let clients = link.clients.due(now, TOLD_AT_ONCE).into_iter();
            let ours = clients.filter(|lesson| plan.has(lesson.local, virtuals));
            frames.extend(ours.filter_map(|lesson| unasked(mac, &lesson)));
            for frame in frames {
                if !shared.workers[0].from_host.push(bond, &[&frame]) {
                    link.from_host_full.add(1);
                }
            }
        }
    }

    /// Announces the virtual addresses that were not ours to announce before: hosts know them by the
    /// MAC of the virtual router that they were in, or do not know them.
    pub fn serve(&mut self, before: &[IpAddr], virtuals: &[IpAddr]) {
        for told in &mut self.told {
            told.place.serve(before, virtuals);
        }
    }
}

impl Told {
    /// balance-alb: clients are to be told whose MAC for us is another one.
    fn assign(&mut self, link: &BondLink, table: &Table, now: Instant) {
        let macs = (table.mode == Mode::BalanceAlb).then(|| Box::new(table.client_macs()));
        if macs.is_some() != self.macs.is_some() {
            link.clients.serve(macs.is_some());
        }
        if let (Some(before), Some(macs)) = (&self.macs, &macs) {
            let of =
                |macs: &[Mac; BUCKETS], lesson: &Lesson| macs[usize::from(bucket(lesson.client))];
            let is_moved = |lesson: &Lesson| of(before, lesson) != of(macs, lesson);
            link.clients.moved(is_moved, now);
        }
        self.macs = macs;
    }

    /// The bond's table, when it is another than before.
    fn news(&mut self, link: &BondLink) -> Option<Table> {
        let egress = link.egress.load_full()?;
        // Another bondd counts its generations from where it likes.
        let same = self
            .source
            .as_ref()
            .is_some_and(|source| Arc::ptr_eq(source, &egress));
        if same && bond::egress::generation(egress.words()) == self.generation {
            return None;
        }
        let table = bond::egress::read(egress.words())?;
        self.generation = table.generation;
        self.source = Some(egress);
        Some(table)
    }
}

fn tell(name: &str, tap: &Tap, told: &mut Told, mac: Mac, carrier: bool) {
    // A bond has none before its first member is there.
    if told.mac != Some(mac) && mac != Mac::ZERO {
        match tap.set_mac(mac) {
            Ok(()) => told.mac = Some(mac),
            Err(error) => eprintln!("{name}: {error}"),
        }
    }
    if told.carrier != Some(carrier) {
        match tap.set_carrier(carrier) {
            Ok(()) => {
                told.carrier = Some(carrier);
                eprintln!("{name}: carrier {}", if carrier { "on" } else { "off" });
            }
            Err(error) => eprintln!("{name}: {error}"),
        }
    }
}
