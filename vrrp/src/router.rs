//! The engine: inputs in, frames, events and a lease out.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use core::net::IpAddr;

use wire::vrrp::Form;
use wire::{Duration, Instant};

use crate::config::{Centiseconds, Config, Family};
use crate::event::{Event, Reason};
use crate::history::History;
use crate::machine::{self, Role, Step};
use crate::outbox::{Outbox, Transmit};
use crate::receive::Received;
use crate::status::{Counters, Forwarder, Peer, State};
use crate::timers::lateness_limit;

/// What the host tells the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// An advert for this virtual router; one for another is passed over.
    Advert(&'a Received),
    /// The interface is up and has this primary IPv4 address, or this link-local IPv6 address; or
    /// it is down or has none. Also when nothing changed.
    Interface(Option<IpAddr>),
    /// Frames leave by another port of the switches than before: an Active router's next advert, by
    /// which they find its virtual MAC, is due at once.
    Moved,
    /// Whether the forwarder forwards. Until the host says so, it does not.
    Forwarder(Forwarder),
    /// A service lives or died; those that are not tracked are passed over.
    Service {
        /// Its name.
        name: &'a str,
        /// Whether at least one of its reals is up.
        is_up: bool,
    },
    /// After a restart: the lease holds until then, so this box is Active still. As soon as
    /// interface and forwarder are there it goes on, if it is not too late by then.
    Resume {
        /// What the lease's word says.
        until: Instant,
    },
    /// An orderly stop. Nothing starts the engine again.
    Shutdown,
}

/// The state of the machine with the timers that run in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Timers {
    Initialize,
    Backup(Watch),
    Active(Tenure),
    Leaving {
        until: Instant,
        /// Whether another router has taken over.
        is_relieved: bool,
    },
    Gone,
}

/// The timer of a Backup.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    pub active_down_timer: Instant,
    /// What its expiry will mean: silence, or nobody after a priority 0.
    pub armed_by: Reason,
    /// It was looked at too late once, and runs once more.
    pub is_second: bool,
    /// It ran out while the forwarder stood still.
    pub is_withheld: bool,
}

/// The timers of an Active router.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tenure {
    pub adver_timer: Instant,
    /// When the addresses are announced once more.
    pub announce_timer: Option<Instant>,
    /// Until then adverts that lose bring no new announcements, however many come.
    pub quiet_until: Instant,
    pub lease: Instant,
}

/// An Active router that was heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    pub peer: Peer,
    pub interval: Centiseconds,
    pub at: Instant,
    /// Whether Active_Down_Timer runs at its pace; else it shall be preempted.
    pub is_followed: bool,
    /// Whether it lowered its own priority below ours while it was watched.
    pub asks_relief: bool,
}

/// One virtual router.
#[derive(Clone, Debug)]
pub struct VirtualRouter {
    pub(crate) config: Config,
    pub(crate) source: Option<IpAddr>,
    pub(crate) forwarder: Forwarder,
    pub(crate) dead_services: BTreeSet<String>,
    pub(crate) resume: Option<Instant>,
    pub(crate) timers: Timers,
    /// Active_Adver_Interval.
    pub(crate) interval: Centiseconds,
    pub(crate) heard: Option<Heard>,
    /// What of an advert was last complained of.
    pub(crate) noted: Option<(IpAddr, Centiseconds, bool, bool)>,
    /// The form in which the last advert came, and the next one goes.
    pub(crate) form: Form,
    pub(crate) history: History,
    pub(crate) counters: Counters,
    pub(crate) outbox: Outbox,
}

impl VirtualRouter {
    /// A virtual router in Initialize, whose interface and forwarder are not known yet.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
            interval: config.advert_int,
            config,
            source: None,
            forwarder: Forwarder::Stale,
            dead_services: BTreeSet::new(),
            resume: None,
            timers: Timers::Initialize,
            heard: None,
            noted: None,
            form: Form::PseudoHeader,
            history: History::new(now),
            counters: Counters::default(),
            outbox: Outbox::default(),
        }
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Takes what the host saw.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.expire_lease(now);
        match input {
            Input::Advert(received) => self.advert(now, received),
            Input::Interface(source) => self.interface(now, source),
            Input::Moved => self.advertise(now),
            Input::Forwarder(state) => self.forwarder(now, state),
            Input::Service { name, is_up } => self.service(now, name, is_up),
            Input::Resume { until } => self.resume = Some(until),
            Input::Shutdown => self.event(now, machine::Event::Shutdown),
        }
        self.run(now);
    }

    /// Does what is due. Harmless when nothing is.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.expire_lease(now);
        self.run(now);
    }

    /// The next frame to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.poll_transmit()
    }

    /// The next thing to log.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outbox.poll_event()
    }

    /// When something is due; None: nothing until the next input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.timers {
            Timers::Initialize | Timers::Gone => None,
            Timers::Backup(watch) => (!watch.is_withheld).then_some(watch.active_down_timer),
            Timers::Active(tenure) => {
                let timers = [Some(tenure.adver_timer), tenure.announce_timer];
                timers.into_iter().flatten().min()
            }
            Timers::Leaving { until, .. } => Some(until),
        }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.role().state()
    }

    /// Until when this box is Active, as the forwarder must know; None: it is not. An Active
    /// router's lease ends Active_Down_Interval after its last advert, when others take over.
    #[must_use]
    pub const fn lease(&self) -> Option<Instant> {
        match self.timers {
            Timers::Active(tenure) => Some(tenure.lease),
            Timers::Leaving { until, .. } => Some(until),
            Timers::Initialize | Timers::Backup(_) => self.resume,
            Timers::Gone => None,
        }
    }

    /// After [`Input::Shutdown`]: whether another router has taken over while the lease still holds,
    /// for what switches send here until they have learnt. Nothing may leave by the virtual MAC then.
    #[must_use]
    pub const fn is_relieved(&self) -> bool {
        match self.timers {
            Timers::Leaving { is_relieved, .. } => is_relieved,
            Timers::Initialize | Timers::Backup(_) | Timers::Active(_) | Timers::Gone => false,
        }
    }

    /// After [`Input::Shutdown`]: whether there is nothing left to serve, because this box was not
    /// Active, another router took over a short while ago ([`crate::timers::PARTING_SHADOW`]), or any that heard the priority 0 could have: that
    /// takes the longest Skew_Time of all, that of priority 1, and one interval is added.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(self.timers, Timers::Gone)
    }

    pub(crate) const fn role(&self) -> Role {
        match self.timers {
            Timers::Initialize => Role::Initialize,
            Timers::Backup(_) => Role::Backup,
            Timers::Active(_) => Role::Active,
            Timers::Leaving { .. } => Role::Leaving,
            Timers::Gone => Role::Gone,
        }
    }

    /// Gives the machine an event that is no advert.
    pub(crate) fn event(&mut self, now: Instant, event: machine::Event) {
        let step = machine::next(self.role(), event, self.preempts());
        self.perform(now, step, None, Duration::ZERO);
    }

    fn interface(&mut self, now: Instant, source: Option<IpAddr>) {
        let family = self.config.family();
        self.source = source.filter(|source| Family::of(*source) == family);
        if self.source.is_none() {
            self.event(now, machine::Event::InterfaceDown);
        }
    }

    fn forwarder(&mut self, now: Instant, state: Forwarder) {
        self.forwarder = state;
        if state == Forwarder::Stale {
            self.event(now, machine::Event::ForwarderStale);
        }
    }

    fn service(&mut self, now: Instant, name: &str, is_up: bool) {
        let mut tracked = self.config.track_service.iter();
        if !tracked.any(|track| track.service == name) {
            return;
        }
        let before = self.effective_priority();
        if is_up {
            self.dead_services.remove(name);
        } else {
            self.dead_services.insert(name.to_string());
        }
        self.priority_changed(now, before);
    }

    /// Whoever slept until its lease was over is not what it was; that comes before all else.
    fn expire_lease(&mut self, now: Instant) {
        let is_over = match self.timers {
            Timers::Active(tenure) => tenure.lease <= now,
            Timers::Leaving { until, .. } => until <= now,
            Timers::Initialize | Timers::Backup(_) | Timers::Gone => false,
        };
        if is_over {
            self.event(now, machine::Event::LeaseExpired);
        }
    }

    /// Everything that follows from what is known now.
    pub(crate) fn run(&mut self, now: Instant) {
        let is_out = matches!(self.role(), Role::Initialize | Role::Backup);
        self.resume = self.resume.filter(|until| is_out && *until > now);
        let can_serve = self.source.is_some() && self.forwarder == Forwarder::Alive;
        if can_serve && self.resume.is_some() {
            self.event(now, machine::Event::Resume);
        }
        if self.source.is_some() && self.role() == Role::Initialize {
            self.event(now, self.startup());
        }
        match self.timers {
            Timers::Backup(watch) => self.run_backup(now, watch),
            Timers::Active(tenure) => self.run_active(now, tenure),
            Timers::Initialize | Timers::Leaving { .. } | Timers::Gone => {}
        }
    }

    fn startup(&self) -> machine::Event {
        if self.config.is_owner() {
            machine::Event::StartupOwner
        } else {
            machine::Event::Startup
        }
    }

    fn run_backup(&mut self, now: Instant, watch: Watch) {
        if watch.is_withheld {
            if self.forwarder == Forwarder::Alive {
                let claim = Step::Claim(Reason::ForwarderAlive);
                self.perform(now, claim, None, Duration::ZERO);
            }
            return;
        }
        if watch.active_down_timer > now {
            return;
        }
        let late = now.since(watch.active_down_timer);
        if late > lateness_limit(self.interval) && !watch.is_second {
            self.listen_again(now, watch, late);
            return;
        }
        let step = match machine::next(
            Role::Backup,
            machine::Event::ActiveDownTimer,
            self.preempts(),
        ) {
            Step::Claim(_) => Step::Claim(watch.armed_by),
            other => other,
        };
        self.perform(now, step, None, late);
    }

    fn run_active(&mut self, now: Instant, tenure: Tenure) {
        if tenure.adver_timer <= now {
            self.event(now, machine::Event::AdverTimer);
        }
        if tenure.announce_timer.is_some_and(|at| at <= now) {
            self.announce_again();
        }
    }
}
