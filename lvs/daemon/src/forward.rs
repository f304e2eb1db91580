//! One frame's way: bond receive, lvs, next hop, bond transmit.
//!
//! [`Forwarder::decide`] is the whole decision over the frame's bytes, without any port at hand;
//! the worker carries it out.

mod leave;
mod marker;

use std::net::IpAddr;
use std::sync::Arc;

use bond::egress::Table;
use bond::{Mode, feedback};
use lvs::Verdict;
use netio::frame::Progress;
use wire::headers::{Headers, Net};
use wire::{Instant, Mac, ParseError};

use crate::exits::Exits;
use crate::hop_cache::HopCache;
use crate::nexthop::NextHops;
use crate::reason::{DropReason, PuntReason};
use crate::ring::FRAME_MAX;
use crate::routers;
use crate::shared::{PortPlace, Shared};
use crate::view::BondView;

use leave::leave;
pub use marker::Marker;

/// Bytes of an Ethernet header with one VLAN tag.
const LINK_HEADER: usize = 18;

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Put it on these ports' transmit rings.
    Send(Exits),
    /// Release it and send [`Forwarder::reply`] by these ports.
    Reply {
        /// The ports.
        exits: Exits,
        /// The reply's length.
        len: usize,
    },
    /// Hand it to the kernel.
    Punt(PuntReason),
    /// Keep it until the next hop is known.
    Park {
        /// The address whose next hop is sought.
        next_hop: IpAddr,
    },
    /// Dropped by the forwarder or by the bond.
    Drop(Loss),
    /// Dropped by lvs, which has counted it.
    LvsDrop,
}

/// Why a frame goes no further, and whose counter says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The forwarder's own.
    Own(DropReason),
    /// The bond's.
    Bond(bond::DropReason),
}

/// A frame as it is decided on: the bytes of its head, in which all that is rewritten stands.
#[derive(Debug)]
pub struct Head<'f> {
    /// The bytes.
    pub bytes: &'f mut [u8],
    /// How many bytes the whole frame has.
    pub len: usize,
}

impl<'f> Head<'f> {
    /// A frame that is all there.
    pub const fn whole(bytes: &'f mut [u8]) -> Self {
        Self {
            len: bytes.len(),
            bytes,
        }
    }
}

/// What is new since the turn before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Next hops are.
    pub hops: bool,
    /// By which ports frames leave a bond, or which of them are held.
    pub exits: bool,
}

/// One worker's snapshots and engine state.
#[derive(Debug)]
pub struct Forwarder {
    shared: Arc<Shared>,
    worker: usize,
    views: Vec<BondView>,
    hops: Arc<NextHops>,
    hop_cache: HopCache,
    services: Arc<lvs::Snapshot>,
    engine: lvs::Worker,
    reply: Box<[u8; FRAME_MAX]>,
}

impl Forwarder {
    /// The forwarder of worker `worker`.
    #[must_use]
    pub fn new(shared: Arc<Shared>, worker: usize, engine: lvs::Worker) -> Self {
        Self {
            views: shared.bonds.iter().map(|_| BondView::new(worker)).collect(),
            hops: shared.hops.load_full(),
            hop_cache: HopCache::default(),
            services: shared.services.load_full(),
            worker,
            engine,
            reply: Box::new([0; FRAME_MAX]),
            shared,
        }
    }

    /// Takes up what the slow path and bondd published.
    pub fn refresh(&mut self, now: Instant) -> News {
        let mut news = News::default();
        for (view, link) in self.views.iter_mut().zip(&self.shared.bonds) {
            news.exits |= view.refresh(link, now);
        }
        if !std::ptr::eq(&**self.shared.services.load(), &*self.services) {
            self.services = self.shared.services.load_full();
        }
        news.hops = !std::ptr::eq(&**self.shared.hops.load(), &*self.hops);
        if news.hops {
            self.hops = self.shared.hops.load_full();
            self.hop_cache.clear();
        }
        news
    }

    /// Tells each bond's bondd that this worker is alive, and what has left.
    pub fn pulse(&mut self, progress: impl Fn(usize) -> Progress) {
        for (view, link) in self.views.iter_mut().zip(&self.shared.bonds) {
            view.pulse(link, self.worker, &progress);
        }
    }

    /// Tells each bond's bondd that this worker sleeps; true: some bondd waits for it.
    pub fn rest(&self, progress: impl Fn(usize) -> Progress) -> bool {
        let bonds = self.views.iter().zip(&self.shared.bonds);
        bonds.fold(false, |is_awaited, (view, link)| {
            view.rest(link, self.worker, &progress) || is_awaited
        })
    }

    /// Tells each bond's bondd that this worker is awake again.
    pub fn rise(&self) {
        for (view, link) in self.views.iter().zip(&self.shared.bonds) {
            view.rise(link, self.worker);
        }
    }

    /// A finished frame waits because its bucket moves.
    pub fn note_held(&self, bond: usize) {
        feedback::hold(self.shared.bonds[bond].feedback.words(), self.worker);
    }

    /// The frame that [`Fate::Reply`] speaks of.
    #[must_use]
    pub fn reply(&self, len: usize) -> &[u8] {
        &self.reply[..len]
    }

    /// Has memory fetched that deciding on a batch will read, so that the waits overlap.
    pub fn look_ahead<'h>(&self, now: Instant, batch: impl IntoIterator<Item = &'h Headers>) {
        lvs::look_ahead(&self.context(now, 0, Mac::ZERO), batch);
    }

    /// Decides a received frame's fate, rewriting it in place when it goes on. `headers` are what
    /// [`Headers::parse_head`] said of it.
    pub fn decide(
        &mut self,
        now: Instant,
        port: usize,
        frame: &mut Head<'_>,
        headers: &Result<Headers, ParseError>,
    ) -> Fate {
        let place = self.shared.places[port];
        let Some(table) = self.views[place.bond].table() else {
            return Fate::Drop(Loss::Own(DropReason::NotAttached));
        };
        let mac = table.bond_mac;
        let Ok(headers) = headers else {
            return Fate::Drop(Loss::Own(DropReason::Malformed));
        };
        if !table.targets.is_empty() {
            self.note_neighbour(now, place, table, frame.bytes, headers);
        }
        let router = self.router(place.bond, headers);
        // What is for a virtual router of ours is for the bond.
        let destination = router.map_or(headers.destination, |_| mac);
        if let Err(reason) = bond::receive::admit(table, place.member, destination, headers.source)
        {
            return Fate::Drop(Loss::Bond(reason));
        }
        if router.is_some_and(|lease| !self.context(now, place.bond, mac).is_active(lease)) {
            return Fate::Drop(Loss::Own(DropReason::NotActive));
        }
        if headers.vlan.is_some() {
            return Fate::Punt(PuntReason::Vlan);
        }
        if table.mode == Mode::BalanceAlb {
            if let Some(lesson) = table.heard(frame.bytes, headers) {
                self.shared.bonds[place.bond].clients.hear(lesson);
            }
            // The kernel knows one MAC of the bond's.
            if router.is_none() && !headers.destination.is_group() {
                frame.bytes[..6].copy_from_slice(&mac.0);
            }
        }
        match self.serve(now, place, mac, frame, headers) {
            // The kernel routes it, and knows the bond's own MAC only.
            Fate::Punt(PuntReason::Host) if router.is_some() => {
                frame.bytes[..6].copy_from_slice(&mac.0);
                Fate::Punt(PuntReason::Gateway)
            }
            fate => fate,
        }
    }

    /// The lease of the virtual router of this bond that a frame is for.
    fn router(&self, bond: usize, headers: &Headers) -> Option<usize> {
        let lease = routers::lease_of(bond, headers.destination)?;
        let is_ours =
            headers.vlan.is_none() && self.services.has_router(headers.destination, lease);
        is_ours.then_some(lease)
    }

    /// Tells bondd that frames have come by this port.
    pub fn note_receive(&self, now: Instant, port: usize) {
        let place = self.shared.places[port];
        let words = self.shared.bonds[place.bond].feedback.words();
        feedback::received(words, self.worker, place.member, now);
    }

    /// Tells bondd of ARP and Neighbor Discovery that its monitor waits for.
    #[inline(never)]
    fn note_neighbour(
        &self,
        now: Instant,
        place: PortPlace,
        table: &Table,
        frame: &[u8],
        headers: &Headers,
    ) {
        if let Some(seen) = bond::monitor::observe(table, frame, headers) {
            let words = self.shared.bonds[place.bond].feedback.words();
            feedback::seen(words, self.worker, place.member, seen, now);
        }
    }

    fn context(&self, now: Instant, bond: usize, mac: Mac) -> lvs::Context<'_, 'static> {
        lvs::Context {
            snapshot: &self.services,
            table: &self.shared.connections,
            now,
            mac,
            leases: self.shared.leases.words(),
            link: routers::link(bond),
        }
    }

    fn serve(
        &mut self,
        now: Instant,
        place: PortPlace,
        mac: Mac,
        frame: &mut Head<'_>,
        headers: &Headers,
    ) -> Fate {
        let connections = &self.shared.connections;
        let context = lvs::Context {
            snapshot: &self.services,
            table: connections,
            now,
            mac,
            leases: self.shared.leases.words(),
            link: routers::link(place.bond),
        };
        // No reply is longer than what the bond can carry.
        let room = (self.shared.bonds[place.bond].mtu + LINK_HEADER).min(FRAME_MAX);
        let room = &mut self.reply[..room];
        let verdict = lvs::process(&context, &mut self.engine, frame.bytes, headers, room);
        match verdict {
            Verdict::Forward { next_hop } => match self.route(frame, next_hop) {
                Ok(Some(exits)) => Fate::Send(exits),
                Ok(None) => Fate::Park { next_hop },
                Err(loss) => Fate::Drop(loss),
            },
            Verdict::Reply { len } => {
                let (view, link) = (&mut self.views[place.bond], &self.shared.bonds[place.bond]);
                let part = (self.worker, place.bond);
                match leave(view, link, part, &mut Head::whole(&mut self.reply[..len])) {
                    Ok(exits) => Fate::Reply { exits, len },
                    Err(loss) => Fate::Drop(loss),
                }
            }
            Verdict::NotMine => Fate::Punt(punt_reason(headers)),
            Verdict::Drop(_) => Fate::LvsDrop,
        }
    }
}

fn punt_reason(headers: &Headers) -> PuntReason {
    match headers.net {
        Net::Arp(_) => PuntReason::Arp,
        Net::Other => PuntReason::NotIp,
        Net::V4(_) | Net::V6(_) if headers.destination.is_group() => PuntReason::Group,
        Net::V4(_) | Net::V6(_) => PuntReason::Host,
    }
}
