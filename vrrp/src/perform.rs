//! What the steps of the machine do.

use wire::{Duration, Instant};

use crate::event::{Event, Reason};
use crate::frame;
use crate::history::Change;
use crate::machine::Step;
use crate::receive::Received;
use crate::router::{Heard, Tenure, Timers, VirtualRouter, Watch};
use crate::status::{Forwarder, Peer, State};
use crate::timers::{
    ANNOUNCE_AGAIN, PARTING_SHADOW, active_down_interval, parting_limit, skew_time,
};

impl VirtualRouter {
    /// Takes a step; `received` is the advert that led to it, `late` how late a timer did.
    pub(crate) fn perform(
        &mut self,
        now: Instant,
        step: Step,
        received: Option<&Received>,
        late: Duration,
    ) {
        match step {
            Step::Ignore => {}
            Step::Watch => self.watch(now, Reason::Startup),
            Step::Claim(reason) => self.claim(now, reason, late),
            Step::Follow => self.follow(now, received),
            Step::Hurry => self.hurry(now, received),
            Step::Discard => self.discard(now, received),
            Step::Advertise => self.advertise(now),
            Step::Assert => self.assert(now, received),
            Step::OwnFrame => self.own_frame(),
            Step::Yield(reason) => {
                self.watch(now, reason);
                self.follow(now, received);
            }
            Step::Resign => {
                self.send_advert(0);
                self.watch(now, Reason::ForwarderStale);
            }
            Step::Doubt => self.watch(now, Reason::LeaseExpired),
            Step::Sleep => self.enter(
                now,
                Timers::Initialize,
                Reason::InterfaceDown,
                Duration::ZERO,
            ),
            Step::Stop | Step::Release => self.leave(now, Timers::Gone),
            Step::Relieved => self.relieved(now),
            Step::Leave => {
                self.send_advert(0);
                let until = now + parting_limit(self.config.advert_int);
                let is_relieved = false;
                self.leave(now, Timers::Leaving { until, is_relieved });
            }
        }
    }

    /// Backup, as from a Startup: nobody is known.
    fn watch(&mut self, now: Instant, reason: Reason) {
        self.interval = self.config.advert_int;
        let watch = self.armed(now, Reason::ActiveDownTimer);
        self.enter(now, Timers::Backup(watch), reason, Duration::ZERO);
        self.heard = None;
    }

    /// An Active_Down_Timer that starts now, for silence or after a priority 0.
    fn armed(&self, now: Instant, armed_by: Reason) -> Watch {
        let priority = self.effective_priority();
        let span = if armed_by == Reason::PriorityZero {
            skew_time(priority, self.interval)
        } else {
            active_down_interval(priority, self.interval)
        };
        Watch {
            active_down_timer: now + span,
            armed_by,
            is_second: false,
            is_withheld: false,
        }
    }

    /// Active, if the forwarder lives; else the claim waits for it.
    fn claim(&mut self, now: Instant, reason: Reason, late: Duration) {
        if self.forwarder == Forwarder::Stale {
            let watch = Watch {
                is_withheld: true,
                ..self.armed(now, Reason::ActiveDownTimer)
            };
            self.outbox.event(Event::Withheld);
            self.enter(now, Timers::Backup(watch), Reason::Startup, Duration::ZERO);
            return;
        }
        let tenure = Tenure {
            adver_timer: now + self.config.advert_int.duration(),
            announce_timer: Some(now + ANNOUNCE_AGAIN),
            quiet_until: now,
            lease: self.lease_from(now),
        };
        self.enter(now, Timers::Active(tenure), reason, late);
        count(&mut self.counters.became_active);
        self.interval = self.config.advert_int;
        self.heard = None;
        self.resume = None;
        self.send_advert(self.effective_priority());
        self.announce();
    }

    fn follow(&mut self, now: Instant, received: Option<&Received>) {
        let Some(received) = received else { return };
        self.interval = received.advertisement.interval;
        self.heard = Some(heard(now, received, true));
        self.resume = None;
        self.timers = Timers::Backup(self.armed(now, Reason::ActiveDownTimer));
    }

    fn discard(&mut self, now: Instant, received: Option<&Received>) {
        count(&mut self.counters.lower_priority);
        self.heard = received.map(|received| heard(now, received, false));
    }

    fn hurry(&mut self, now: Instant, received: Option<&Received>) {
        let leaves = received.map(|received| received.source);
        if let Some(heard) = &mut self.heard
            && Some(heard.peer.address) == leaves
        {
            heard.at = now;
        }
        self.timers = Timers::Backup(self.armed(now, Reason::PriorityZero));
    }

    /// An advert now, whatever the timer says; it starts anew.
    pub(crate) fn advertise(&mut self, now: Instant) {
        let interval = self.config.advert_int.duration();
        let lease = self.lease_from(now);
        if let Timers::Active(tenure) = &mut self.timers {
            let in_time = tenure.adver_timer + interval;
            // Adverts keep their beat, unless they fell out of it.
            let is_beat = tenure.adver_timer <= now && in_time > now;
            tenure.adver_timer = if is_beat { in_time } else { now + interval };
            tenure.lease = lease;
            self.send_advert(self.effective_priority());
        }
    }

    fn assert(&mut self, now: Instant, received: Option<&Received>) {
        count(&mut self.counters.lower_priority);
        if let Some(received) = received {
            self.outbox.event(Event::SecondActive {
                source: received.source,
                priority: received.advertisement.priority,
            });
        }
        self.send_advert(self.effective_priority());
        let lease = self.lease_from(now);
        let Timers::Active(tenure) = &mut self.timers else {
            return;
        };
        tenure.lease = lease;
        if tenure.quiet_until <= now {
            tenure.quiet_until = now + ANNOUNCE_AGAIN;
            tenure.announce_timer = Some(now + ANNOUNCE_AGAIN);
            self.announce();
        }
    }

    fn own_frame(&mut self) {
        count(&mut self.counters.own_frames);
        if let Some(source) = self.source {
            self.outbox.event(Event::OwnFrame { source });
        }
    }

    /// Another router serves: what still comes here is served for a little while longer.
    fn relieved(&mut self, now: Instant) {
        if let Timers::Leaving { until, is_relieved } = &mut self.timers
            && !*is_relieved
        {
            (*until, *is_relieved) = (now + PARTING_SHADOW, true);
        }
    }

    fn leave(&mut self, now: Instant, timers: Timers) {
        self.resume = None;
        self.enter(now, timers, Reason::Shutdown, Duration::ZERO);
    }

    /// The timer was looked at too late: it runs once more before it counts.
    pub(crate) fn listen_again(&mut self, now: Instant, watch: Watch, late: Duration) {
        count(&mut self.counters.late);
        self.outbox.event(Event::Late { by: late });
        self.timers = Timers::Backup(Watch {
            is_second: true,
            ..self.armed(now, watch.armed_by)
        });
    }

    /// Goes to a state, and remembers why if it is another one.
    fn enter(&mut self, now: Instant, timers: Timers, reason: Reason, late: Duration) {
        let (from, active_before) = (self.state(), self.active_router());
        self.timers = timers;
        let to = self.state();
        if from == to {
            return;
        }
        let heard = self.heard.filter(|_| to == State::Active);
        let outage = heard.map(|heard| now.since(heard.at));
        let missed = heard.map(|heard| {
            let interval = heard.interval.duration().as_nanos().max(1);
            now.since(heard.at).as_nanos() / interval
        });
        self.history.push(Change {
            at: now,
            from,
            to,
            reason,
            active_before,
            missed_adverts: missed.unwrap_or(0),
            late,
            outage,
        });
        self.outbox.event(Event::Transition { from, to, reason });
    }

    /// The Active router, as far as is known.
    pub(crate) fn active_router(&self) -> Option<Peer> {
        match self.timers {
            Timers::Active(_) => self.source.map(|address| Peer {
                address,
                priority: self.effective_priority(),
            }),
            Timers::Backup(_) => self.heard.map(|heard| heard.peer),
            Timers::Initialize | Timers::Leaving { .. } | Timers::Gone => None,
        }
    }

    /// How long this box is Active for others after an advert sent now.
    fn lease_from(&self, now: Instant) -> Instant {
        now + active_down_interval(self.effective_priority(), self.config.advert_int)
    }

    fn send_advert(&mut self, priority: u8) {
        let Some(source) = self.source else { return };
        count(&mut self.counters.adverts_sent);
        if priority == 0 {
            count(&mut self.counters.priority_zero_sent);
        }
        let frame = frame::advert(&self.config, source, priority, self.form);
        self.outbox.send(frame);
    }

    /// Tells hosts and bridges where the addresses are.
    fn announce(&mut self) {
        let virtual_mac = self.config.virtual_mac();
        for address in &self.config.virtual_ipaddress {
            count(&mut self.counters.announcements_sent);
            self.outbox.send(frame::announcement(virtual_mac, *address));
        }
    }

    pub(crate) fn announce_again(&mut self) {
        if let Timers::Active(tenure) = &mut self.timers {
            tenure.announce_timer = None;
            self.announce();
        }
    }
}

/// An Active router, as its advert says.
const fn heard(now: Instant, received: &Received, is_followed: bool) -> Heard {
    Heard {
        peer: Peer {
            address: received.source,
            priority: received.advertisement.priority,
        },
        interval: received.advertisement.interval,
        at: now,
        is_followed,
        asks_relief: false,
    }
}

/// One more.
pub(crate) const fn count(counter: &mut u64) {
    *counter = counter.wrapping_add(1);
}
