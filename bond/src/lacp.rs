//! 802.3ad: the ports of one bond and their machines, one file for each machine of IEEE 802.1AX.
//!
//! After each input the machines run in a fixed order - Receive, Periodic Transmission, Mux,
//! Selection - until none moves; then Transmit sends what is news. An actor's state bits are not
//! stored but follow from its machines, so that they cannot contradict them.

mod frame;
pub mod mux;
pub mod periodic;
pub mod port;
pub mod receive;
pub mod saved;
pub mod selection;
pub mod transmit;
mod why;

use wire::{Duration, Instant, Mac};

use crate::outbox::Outbox;
use crate::{Config, Duplex, Event, Forwarder, MAX_MEMBERS};
use port::{Port, System};
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
    fallback: Option<usize>,
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
    pub fn new(config: &Config) -> Self {
        let numbers = 1..=u16::MAX;
        let members = config.members.iter().take(MAX_MEMBERS);
        let ports = numbers
            .zip(members)
            .map(|(n, member)| Port::new(n, member.port_priority));
        let system = system(config, Mac::ZERO);
        let ports: heapless::Vec<Port, MAX_MEMBERS> = ports.collect();
        let told = ports.iter().map(view).collect();
        Self {
            system,
            ports,
            active: None,
            fallback: None,
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
        let aggregator = self.active;
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
        self.fallback = self.choose_fallback();
        for (member, (port, told)) in self.ports.iter_mut().zip(&mut self.told).enumerate() {
            report(port, member, *told, out);
            *told = view(port);
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
                moved |= mux::step(port, is_ready, now);
            }
        }
        moved | selection::step(&mut self.ports, &self.system, &mut self.active)
    }

    /// Without any partner one port carries the traffic alone (Linux's behaviour), unless strict.
    /// A looped port never does.
    fn choose_fallback(&self) -> Option<usize> {
        if self.system.is_strict || self.active.is_some() {
            return None;
        }
        let is_alone = |port: &Port| {
            let gave_up = matches!(
                port.receive,
                receive::State::Defaulted | receive::State::LacpDisabled
            );
            gave_up && port.is_enabled && !port.is_looped()
        };
        let kept = self
            .fallback
            .filter(|&i| self.ports.get(i).is_some_and(is_alone));
        kept.or_else(|| self.ports.iter().position(is_alone))
    }

    /// Whether frames pass on this member.
    #[must_use]
    pub fn is_distributing(&self, member: usize) -> bool {
        let is_open = |port: &Port| port.mux == mux::State::CollectingDistributing;
        self.fallback == Some(member) || self.ports.get(member).is_some_and(is_open)
    }

    /// When something happens by itself.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.system.id == Mac::ZERO {
            return None;
        }
        self.ports.iter().filter_map(Port::poll_timeout).min()
    }

    /// An orderly stop: every partner is told that we leave.
    pub fn farewell(&mut self, out: &mut Outbox) {
        for (member, port) in self.ports.iter().enumerate() {
            if let Some(frame) = transmit::farewell(port, &self.system) {
                out.send(member, &frame);
            }
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
        is_strict: config.lacp_strict,
        forwarder: Forwarder::Alive,
    }
}

/// What of a port is reported when it changes.
type View = (receive::State, mux::State, Mac, u16, bool);

fn view(port: &Port) -> View {
    (
        port.receive,
        port.mux,
        port.partner.system,
        port.partner.key,
        port.is_defaulted,
    )
}

fn report(port: &Port, member: usize, told: View, out: &mut Outbox) {
    let (receive, mux, system, key, was_defaulted) = told;
    if port.receive != receive {
        out.event(Event::Receive {
            member,
            state: port.receive,
        });
    }
    let partner = port.partner;
    if !port.is_defaulted && (was_defaulted || (partner.system, partner.key) != (system, key)) {
        out.event(Event::Partner {
            member,
            system: partner.system,
            key: partner.key,
        });
    }
    if port.mux != mux {
        out.event(Event::Mux {
            member,
            state: port.mux,
        });
    }
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
