//! One virtual router in its host: what it was told last, and what becomes of what it makes.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use vrrp::{Config, Forwarder, Input, VirtualRouter, lease};
use wire::Instant;

use super::Said;
use super::link::Link;
use crate::drops::{Drops, OwnReason};
use crate::plan::Key;

/// Where events and losses go.
#[derive(Debug)]
pub struct Outlet {
    /// To the main thread.
    pub events: mpsc::Sender<Said>,
    /// Events that did not fit.
    pub lost: Arc<AtomicU64>,
    /// Frames that were dropped.
    pub drops: Arc<Drops>,
}

/// The bond and the leases around a virtual router.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The bond.
    pub link: &'a Link,
    /// The leases, while there are any.
    pub leases: Option<&'a [AtomicU64]>,
    /// Where events and losses go.
    pub outlet: &'a Outlet,
}

/// A virtual router.
#[derive(Debug)]
pub struct Hosted {
    engine: VirtualRouter,
    name: Arc<str>,
    key: Key,
    /// Its bond.
    link: usize,
    source: Option<IpAddr>,
    forwarder: Forwarder,
    /// What the bond's count of moves was.
    moves: u64,
    /// Whether a lease that a predecessor left may still be taken up.
    is_fresh: bool,
    is_leaving: bool,
}

impl Hosted {
    /// A virtual router that knows nothing of its surroundings yet.
    pub fn new(config: Config, link: usize, now: Instant) -> Self {
        Self {
            name: config.name.as_str().into(),
            key: Key::of(&config),
            engine: VirtualRouter::new(config, now),
            link,
            source: None,
            forwarder: Forwarder::Stale,
            moves: 0,
            is_fresh: true,
            is_leaving: false,
        }
    }

    /// The engine, to be asked.
    pub const fn engine(&self) -> &VirtualRouter {
        &self.engine
    }

    /// When it has something due.
    pub fn due(&self) -> Option<Instant> {
        self.engine.poll_timeout()
    }

    /// What makes it this one.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Its bond.
    pub const fn link(&self) -> usize {
        self.link
    }

    /// Whether it has been shut down and is done.
    pub const fn is_gone(&self) -> bool {
        self.is_leaving && self.engine.is_gone()
    }

    /// Gives it an input, and hands out what it makes of it.
    pub fn give(&mut self, input: Input<'_>, now: Instant, around: Surroundings<'_>) {
        self.engine.handle_input(now, input);
        self.hand_out(now, around);
    }

    /// Takes over another configuration.
    pub fn configure(&mut self, config: Config, now: Instant, around: Surroundings<'_>) {
        self.name = config.name.as_str().into();
        self.engine.set_config(now, config);
        self.hand_out(now, around);
    }

    /// Leaves the network.
    pub fn leave(&mut self, now: Instant, around: Surroundings<'_>) {
        self.is_leaving = true;
        self.give(Input::Shutdown, now, around);
    }

    /// Tells it what is new around it, and does what is due.
    pub fn turn(&mut self, now: Instant, around: Surroundings<'_>) {
        if self.is_fresh {
            self.resume(now, around);
        }
        // One that takes part already, or was Active a moment ago, knows its network.
        let knows = self.source.is_some() || self.engine.lease().is_some();
        let source = around.link.source(self.key.family);
        let source = source.filter(|_| knows || around.link.is_settled(now));
        if source != self.source {
            self.source = source;
            self.give(Input::Interface(source), now, around);
        }
        let takes_part = self.forwarder == Forwarder::Alive || self.engine.lease().is_some();
        let forwarder = match around.link.forwarder() {
            Forwarder::Alive if !takes_part && !around.link.is_steady(now) => Forwarder::Stale,
            told => told,
        };
        if forwarder != self.forwarder {
            self.forwarder = forwarder;
            self.give(Input::Forwarder(forwarder), now, around);
        }
        let moves = around.link.moves();
        if moves != self.moves {
            self.moves = moves;
            self.give(Input::Moved, now, around);
        }
        if self.due().is_some_and(|due| due <= now) {
            self.engine.handle_timeout(now);
        }
        // Also when nothing happened: the leases may be another lvsd's.
        self.hand_out(now, around);
    }

    /// Once, as soon as there are leases: one that still holds is a predecessor's, and now ours.
    fn resume(&mut self, now: Instant, around: Surroundings<'_>) {
        let Some((words, word)) = self.lease(around) else {
            return;
        };
        self.is_fresh = false;
        if lease::is_held(words, word, now) {
            let until = words
                .get(word)
                .map_or(0, |until| until.load(Ordering::Acquire));
            let until = Instant::from_nanos(until);
            self.give(Input::Resume { until }, now, around);
        }
    }

    /// Its words among the leases.
    fn lease<'a>(&self, around: Surroundings<'a>) -> Option<(&'a [AtomicU64], usize)> {
        let (words, place) = around.leases.zip(around.link.place())?;
        Some((words, lease::word(place, self.key.family, self.key.vrid)))
    }

    /// Brings the lease up to date, then sends: who asks because of a frame is to be answered.
    pub fn hand_out(&mut self, now: Instant, around: Surroundings<'_>) {
        if !self.is_fresh
            && let Some((words, word)) = self.lease(around)
        {
            match self.engine.lease() {
                Some(until) if self.engine.is_relieved() => lease::fade(words, word, until),
                Some(until) => lease::grant(words, word, now, until),
                None => lease::release(words, word),
            }
        }
        while let Some(transmit) = self.engine.poll_transmit() {
            if !around.link.send(&transmit.frame, self.key.vrid) {
                around.outlet.drops.count_own(OwnReason::NoMember);
            }
        }
        while let Some(event) = self.engine.poll_event() {
            let name = Arc::clone(&self.name);
            if around.outlet.events.try_send(Said { name, event }).is_err() {
                around.outlet.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Ends the lease, whatever the engine says: it has been dropped or was too slow to leave.
    pub fn release(&self, around: Surroundings<'_>) {
        if let Some((words, word)) = self.lease(around) {
            lease::release(words, word);
        }
    }
}
