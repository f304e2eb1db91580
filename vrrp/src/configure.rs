//! Priority and configuration while the virtual router runs.

use alloc::vec::Vec;
use core::net::IpAddr;

use wire::Instant;

use crate::config::Config;
use crate::event::Event;
use crate::frame;
use crate::machine;
use crate::perform::count;
use crate::router::{Timers, VirtualRouter};
use crate::timers::active_down_interval;

impl VirtualRouter {
    /// Takes over another configuration without losing the role. One with another interface, VRID
    /// or family is another virtual router: an Active one leaves with priority 0, and the
    /// other one starts in Initialize. A service that is tracked anew counts as up until the host
    /// says otherwise.
    pub fn set_config(&mut self, now: Instant, config: Config) {
        if !is_same_router(&self.config, &config) {
            self.replace(now, config);
            return;
        }
        let priority = self.effective_priority();
        let before = core::mem::replace(&mut self.config, config);
        self.noted = None;
        let tracked = &self.config.track_service;
        self.dead_services
            .retain(|name| tracked.iter().any(|track| track.service == *name));
        match self.timers {
            Timers::Backup(_) => self.rearm(now),
            Timers::Active(_) => self.interval = self.config.advert_int,
            Timers::Initialize | Timers::Leaving { .. } | Timers::Gone => {}
        }
        let says_the_same = before.advert_int == self.config.advert_int
            && before.virtual_ipaddress == self.config.virtual_ipaddress
            && priority == self.effective_priority();
        if !says_the_same && matches!(self.timers, Timers::Active(_)) {
            self.readvertise(now);
            self.announce_new(&before.virtual_ipaddress);
        }
        self.run(now);
    }

    /// Another router in this one's place; what is known of interface and forwarder stays.
    fn replace(&mut self, now: Instant, config: Config) {
        self.event(now, machine::Event::Shutdown);
        let mut next = Self::new(config, now);
        let family = next.config.family();
        next.source = self
            .source
            .filter(|source| crate::Family::of(*source) == family);
        next.forwarder = self.forwarder;
        core::mem::swap(&mut next.outbox, &mut self.outbox);
        *self = next;
        self.run(now);
    }

    /// A Backup whose timer would now be shorter waits no longer than that.
    fn rearm(&mut self, now: Instant) {
        if !self.heard.is_some_and(|heard| heard.is_followed) {
            self.interval = self.config.advert_int;
        }
        let span = active_down_interval(self.effective_priority(), self.interval);
        if let Timers::Backup(watch) = &mut self.timers {
            watch.active_down_timer = watch.active_down_timer.min(now + span);
        }
    }

    fn announce_new(&mut self, before: &[IpAddr]) {
        let addresses = self.config.virtual_ipaddress.iter();
        let new: Vec<IpAddr> = addresses
            .filter(|address| !before.contains(address))
            .copied()
            .collect();
        for address in new {
            count(&mut self.counters.announcements_sent);
            let frame = frame::announcement(self.config.virtual_mac(), address);
            self.outbox.send(frame);
        }
    }

    /// An advert at once and the beat from here.
    fn readvertise(&mut self, now: Instant) {
        if let Timers::Active(tenure) = &mut self.timers {
            tenure.adver_timer = now + self.config.advert_int.duration();
        }
        self.advertise(now);
    }

    /// Says a changed priority; an Active router's peers hear it at once.
    pub(crate) fn priority_changed(&mut self, now: Instant, before: u8) {
        let after = self.effective_priority();
        if before == after {
            return;
        }
        let (from, to) = (before, after);
        self.outbox.event(Event::Priority { from, to });
        self.advertise(now);
    }

    /// The priority that counts: the owner's is 255 whatever happens; else what dead services cost
    /// is taken off, and what is left is 1 to 254.
    pub(crate) fn effective_priority(&self) -> u8 {
        let configured = self.config.priority.get();
        if self.config.is_owner() {
            return configured;
        }
        let tracked = self.config.track_service.iter();
        let cost = tracked
            .filter(|track| self.dead_services.contains(&track.service))
            .fold(0_i32, |sum, track| sum.saturating_add(track.weight.into()));
        let priority = i32::from(configured).saturating_add(cost).clamp(1, 254);
        u8::try_from(priority).unwrap_or(configured)
    }

    /// Preempt_Mode; the owner always preempts (RFC 5798 6.1).
    pub(crate) fn preempts(&self) -> bool {
        self.config.preempt || self.config.is_owner()
    }
}

fn is_same_router(one: &Config, other: &Config) -> bool {
    one.interface == other.interface
        && one.virtual_router_id == other.virtual_router_id
        && one.family() == other.family()
}
