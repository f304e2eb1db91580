//! 802.3ad: the ports of one bond and their machines, one file for each machine of IEEE 802.1AX.
//!
//! After each input the machines run in a fixed order - Receive, Periodic Transmission, Mux,
//! Selection - until none moves; then Churn Detection, and Transmit sends what is news. An actor's state bits are not
//! stored but follow from its machines, so that they cannot contradict them.

pub mod aggregator;
pub mod churn;
pub mod counters;
mod fallback;
mod frame;
pub mod lag_id;
pub mod marker;
pub mod mux;
pub mod periodic;
pub mod policy;
pub mod port;
pub mod receive;
mod report;
pub mod saved;
pub mod selection;
pub mod standby;
pub mod transmit;
mod why;

use wire::lacp::State as Bits;
use wire::{Duration, Instant, Mac};

use crate::member::Member;
use crate::outbox::Outbox;
use crate::renumbering::Renumbering;
use crate::{Config, Duplex, Event, Forwarder, MAX_MEMBERS};
use counters::bump;
use policy::Policy;
use port::{Port, System};
use report::View;
use selection::Selected;

/// More rounds than the longest chain of transitions that one input can set off.
const ROUNDS: usize = 16;

/// A machine that is run this much after it was due was not run on time.
const ON_TIME: Duration = Duration::from_millis(100);
/// How long the PDUs that came meanwhile may take until they are heard.
const HEARING: Duration = Duration::from_millis(200);

/// The LACP side of a bond.
#[derive(Clone, Debug)]
pub struct Lacp {
    system: System,
    ports: heapless::Vec<Port, MAX_MEMBERS>,
    active: Option<u8>,
    policy: Policy,
    fallback: fallback::State,
    /// What the host was told last.
    told: heapless::Vec<View, MAX_MEMBERS>,
}

/// A link as LACP sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The link is up, `updelay` and `downdelay` over.
    pub is_enabled: bool,
    /// Speed in Mb/s.
    pub speed: Option<u32>,
    /// Duplex.
    pub duplex: Option<Duplex>,
    /// The member's own MAC.
    pub mac: Mac,
}

impl Lacp {
    /// The ports of a bond, all links down.
    #[must_use]
    pub fn new(config: &Config, members: &[Member]) -> Self {
        let ports = members.iter().zip(&config.members);
        let ports = ports.map(|(member, config)| Port::new(member.number, config.port_priority));
        let system = system(config, Mac::ZERO);
        let ports: heapless::Vec<Port, MAX_MEMBERS> = ports.collect();
        let told = ports.iter().map(report::view).collect();
        Self {
            system,
            ports,
            active: None,
            policy: Policy::new(config),
            fallback: fallback::State::default(),
            told,
        }
    }

    /// What all ports share.
    #[must_use]
    pub const fn system(&self) -> &System {
        &self.system
    }

    /// The ports in the bond's order.
    #[must_use]
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// The aggregator that carries the traffic.
    #[must_use]
    pub const fn active(&self) -> Option<u8> {
        self.active
    }

    /// The port that carries traffic without a partner, by its place in the bond.
    #[must_use]
    pub const fn alone(&self) -> Option<usize> {
        self.fallback.port
    }

    /// Takes over changed options; the bond's MAC becomes the system unless one is configured.
    /// The partner hears of it with the next PDU.
    pub fn configure(&mut self, config: &Config, bond_mac: Mac) {
        let forwarder = self.system.forwarder;
        let system = System {
            forwarder,
            ..system(config, bond_mac)
        };
        let is_same = system == self.system;
        // The partner sends as rarely from now on as we ask; it does not say so before it is silent.
        let longer = receive::longer(self.system.rate, system.rate);
        let rekeyed = system.user_key != self.system.user_key || system.id != self.system.id;
        self.system = system;
        self.policy = Policy::new(config);
        for (port, member) in self.ports.iter_mut().zip(&config.members) {
            port.ntt |= !is_same || port.priority != member.port_priority;
            port.priority = member.port_priority;
            if port.receive == receive::State::Current {
                port.current_while = port.current_while.map(|until| until + longer);
            }
            if rekeyed {
                port.selected = Selected::Unselected;
            }
        }
    }

    /// The ports have other places, which are those of `members` now. An aggregator's number is no
    /// port's place, and stays.
    pub(crate) fn renumber(&mut self, to: &Renumbering, members: &[Member], config: &Config) {
        let fresh = |i: usize| {
            let number = members.get(i).map_or(0, |member| member.number);
            let priority = config
                .members
                .get(i)
                .map_or(0, |member| member.port_priority);
            Port::new(number, priority)
        };
        self.ports = to.carry(core::mem::take(&mut self.ports), fresh).collect();
        self.fallback.port = self.fallback.port.and_then(|port| to.place(port));
        self.told = self.ports.iter().map(report::view).collect();
    }

    /// A member's link as it is now.
    pub fn link(&mut self, member: usize, link: Link, now: Instant) {
        let system = self.system;
        let Some(port) = self.ports.get_mut(member) else {
            return;
        };
        let key = port.key(&system);
        port.mac = link.mac;
        if link.is_enabled {
            // Without a link the NIC knows neither: keep what it had, for the key's sake.
            (port.speed, port.duplex) = (link.speed, link.duplex);
        }
        port.is_enabled = link.is_enabled;
        if port.key(&system) != key {
            port.selected = Selected::Unselected;
            port.ntt = true;
        }
        let event = match (link.is_enabled, port.is_lacp_enabled()) {
            (false, _) => receive::Event::Disabled,
            (true, true) => receive::Event::Enabled,
            (true, false) => receive::Event::EnabledWithoutLacp,
        };
        receive::step(port, event, now);
    }

    /// The forwarder stopped or resumed: every partner is told at once.
    pub fn forwarder(&mut self, state: Forwarder) {
        if self.system.forwarder != state {
            self.system.forwarder = state;
            self.ports.iter_mut().for_each(|port| port.ntt = true);
        }
    }

    /// Timers that have run out, then all machines, then what is to be sent.
    pub fn run(&mut self, now: Instant, out: &mut Outbox) {
        let (aggregator, alone) = (self.active, self.fallback.port);
        if self.is_late(now) {
            self.ports.iter_mut().for_each(|port| hear_out(port, now));
        }
        for port in &mut self.ports {
            expire(port, now);
        }
        for _ in 0..ROUNDS {
            if !self.round(now) {
                break;
            }
        }
        self.fallback = self.choose_fallback(now);
        for (member, (port, told)) in self.ports.iter_mut().zip(&mut self.told).enumerate() {
            watch(port, &self.system, now);
            marker::forget(port);
            let view = report::view(port);
            report::report(member, core::mem::replace(told, view), view, out);
            if self.system.id != Mac::ZERO
                && let Some(frame) = transmit::step(port, &self.system, now)
            {
                out.send(member, &frame);
            }
        }
        if self.active != aggregator {
            out.event(Event::Aggregator {
                number: self.active,
            });
        }
        if self.fallback.port != alone {
            out.event(Event::Fallback {
                member: self.fallback.port,
            });
        }
    }

    /// Whether the process did not run when it should have: stopped, or on a machine under load.
    fn is_late(&self, now: Instant) -> bool {
        let timers = self.ports.iter().filter_map(Port::machines_due);
        timers.min().is_some_and(|due| now.since(due) > ON_TIME)
    }

    fn round(&mut self, now: Instant) -> bool {
        let mut moved = false;
        for port in &mut self.ports {
            moved |= periodic::step(port, &self.system, now);
        }
        for i in 0..self.ports.len() {
            let aggregator = self.ports.get(i).and_then(|port| port.aggregator);
            let is_ready = selection::is_ready(&self.ports, aggregator, now);
            if let Some(port) = self.ports.get_mut(i) {
                moved |= mux::step(port, self.policy.control, is_ready, now);
            }
        }
        let active = &mut self.active;
        moved | selection::step(&mut self.ports, &self.system, &self.policy, active)
    }

    /// Whether frames that come by this member are taken.
    #[must_use]
    pub fn is_collecting(&self, member: usize) -> bool {
        let port = self.ports.get(member);
        self.fallback.port == Some(member) || port.is_some_and(|port| port.mux.is_collecting())
    }

    /// Whether frames are sent by this member.
    #[must_use]
    pub fn is_distributing(&self, member: usize) -> bool {
        let port = self.ports.get(member);
        self.fallback.port == Some(member) || port.is_some_and(|port| port.mux.is_distributing())
    }

    /// When something happens by itself.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.system.id == Mac::ZERO {
            return None;
        }
        let ports = self.ports.iter().filter_map(Port::poll_timeout);
        ports.chain(self.fallback_due()).min()
    }

    /// An orderly leave of one member: its partner is told that it aggregates no longer.
    pub fn leave(&mut self, member: usize, out: &mut Outbox) {
        let port = self.ports.get_mut(member);
        if let Some(frame) = port.and_then(|port| transmit::farewell(port, &self.system)) {
            out.send(member, &frame);
        }
    }
}

fn system(config: &Config, bond_mac: Mac) -> System {
    System {
        id: config
            .ad_actor_system
            .filter(|_| bond_mac != Mac::ZERO)
            .unwrap_or(bond_mac),
        priority: config.ad_actor_sys_prio,
        is_active: config.lacp_active,
        rate: config.lacp_rate,
        user_key: config.ad_user_port_key,
        forwarder: Forwarder::Alive,
    }
}

/// Runs the Churn Detection machines.
fn watch(port: &mut Port, system: &System, now: Instant) {
    let (enabled, actor) = (port.is_enabled, port.actor(system).state);
    let Port {
        actor_churn,
        partner_churn,
        partner,
        counters,
        ..
    } = port;
    let step = |machine: &mut churn::Machine, state: Bits, syncs, churns| match machine.step(
        enabled,
        state.contains(Bits::SYNCHRONIZATION),
        now,
    ) {
        Some(churn::State::NoChurn) => bump(syncs),
        Some(churn::State::Churn) => bump(churns),
        Some(churn::State::ChurnMonitor) | None => {}
    };
    step(
        actor_churn,
        actor,
        &mut counters.actor_sync_transition_count,
        &mut counters.actor_churn_count,
    );
    step(
        partner_churn,
        partner.state,
        &mut counters.partner_sync_transition_count,
        &mut counters.partner_churn_count,
    );
}

/// What the partner sent while nobody listened waits in a socket: once, it counts as silent only
/// when there has been time to read that.
fn hear_out(port: &mut Port, now: Instant) {
    if !port.is_heard_out {
        port.is_heard_out = true;
        port.current_while = port.current_while.map(|until| until.max(now + HEARING));
    }
}

fn expire(port: &mut Port, now: Instant) {
    let is_over = |timer: &Option<Instant>| timer.is_some_and(|until| until <= now);
    if is_over(&port.current_while) {
        port.current_while = None;
        receive::step(port, receive::Event::CurrentWhileExpired, now);
    }
    if is_over(&port.wait_while) {
        port.wait_while = None;
    }
    if is_over(&port.loop_while) {
        port.loop_while = None;
    }
}
