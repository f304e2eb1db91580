//! An advert that passed all checks meets its virtual router.

use core::cmp::Ordering;
use core::net::IpAddr;

use wire::vrrp::Form;
use wire::{Duration, Instant};

use crate::config::Family;
use crate::event::Event;
use crate::machine::{self, Role, Step};
use crate::perform::count;
use crate::receive::Received;
use crate::router::VirtualRouter;

impl VirtualRouter {
    /// Compares the advert with what this box would say, and takes the machine's step.
    pub(crate) fn advert(&mut self, now: Instant, received: &Received) {
        let is_ours = received.family == self.config.family()
            && received.vrid == self.config.virtual_router_id
            && Family::of(received.source) == received.family;
        let Some(source) = self.source.filter(|_| is_ours) else {
            return;
        };
        let priority = received.advertisement.priority;
        let event = compare(
            (priority, received.source),
            (self.effective_priority(), source),
        );
        let asks_relief = self.asks_relief(received);
        let step = machine::next(self.role(), event, self.preempts() || asks_relief);
        let is_taken = match self.role() {
            Role::Backup | Role::Active | Role::Leaving => step != Step::OwnFrame,
            Role::Initialize | Role::Gone => false,
        };
        if is_taken && received.source != source {
            self.count_received(received);
            self.note(received);
        }
        self.perform(now, step, Some(received), Duration::ZERO);
        if let Some(heard) = &mut self.heard {
            heard.asks_relief = asks_relief;
        }
    }

    /// Whether the Active router has lowered its own priority below ours while it was watched:
    /// Preempt_Mode guards it against routers that come back, not against its own word that it is
    /// no longer the best. DEVIATION(RFC 5798 6.4.2 (445)): docs/adr/0019-relief.md.
    fn asks_relief(&self, received: &Received) -> bool {
        let priority = received.advertisement.priority;
        let before = self
            .heard
            .filter(|heard| heard.peer.address == received.source);
        let has_lowered =
            before.is_some_and(|heard| heard.asks_relief || priority < heard.peer.priority);
        has_lowered && priority < self.effective_priority()
    }

    fn count_received(&mut self, received: &Received) {
        let counters = &mut self.counters;
        count(&mut counters.adverts_received);
        if received.advertisement.priority == 0 {
            count(&mut counters.priority_zero_received);
        }
        match received.form {
            Form::PseudoHeader => count(&mut counters.checksum_pseudo_header),
            Form::MessageOnly => count(&mut counters.checksum_message_only),
        }
        self.form = received.form;
    }

    /// What differs from the configuration here is said when it begins, and counted always.
    fn note(&mut self, received: &Received) {
        let source = received.source;
        let advert = &received.advertisement;
        let ours = self.config.advert_int;
        let addresses_differ = advert.addresses != self.config.virtual_ipaddress;
        let is_second_owner = self.config.is_owner() && advert.priority == u8::MAX;
        if advert.interval != ours {
            count(&mut self.counters.interval_differs);
        }
        if addresses_differ {
            count(&mut self.counters.addresses_differ);
        }
        let note = (source, advert.interval, addresses_differ, is_second_owner);
        if self.noted.replace(note) == Some(note) {
            return;
        }
        if advert.interval != ours {
            let theirs = advert.interval;
            self.outbox.event(Event::IntervalDiffers {
                source,
                theirs,
                ours,
            });
        }
        if addresses_differ {
            self.outbox.event(Event::AddressesDiffer { source });
        }
        if is_second_owner {
            self.outbox.event(Event::SecondOwner { source });
        }
    }
}

/// What an advert of this priority and source is to a router of that priority and address.
/// Addresses compare as unsigned numbers in network order (RFC 5798 6.4.3 (735)).
fn compare(theirs: (u8, IpAddr), ours: (u8, IpAddr)) -> machine::Event {
    use machine::Event::{
        HigherAddress, HigherPriority, LowerAddress, LowerPriority, PriorityZero, SameAddress,
    };
    let own = theirs.1 == ours.1;
    if theirs.0 == 0 {
        return PriorityZero { own };
    }
    match (theirs.0.cmp(&ours.0), theirs.1.cmp(&ours.1)) {
        (Ordering::Greater, _) => HigherPriority,
        (Ordering::Equal, Ordering::Greater) => HigherAddress,
        (Ordering::Equal, Ordering::Equal) => SameAddress,
        (Ordering::Equal, Ordering::Less) => LowerAddress,
        (Ordering::Less, _) => LowerPriority { own },
    }
}
