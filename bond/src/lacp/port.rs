//! One port: the variables that its machines share.

use wire::lacp::{PortInfo, State};
use wire::{Duration, Instant, Mac};

use super::counters::Counters;
use super::{churn, mux, periodic, receive, selection::Selected, transmit};
use crate::{Duplex, Forwarder, LacpRate};

/// A PDU every second, Fast_Periodic_Time; also the window of the transmit limit.
pub const FAST_PERIODIC: Duration = Duration::from_secs(1);
/// Short_Timeout_Time.
pub const SHORT_TIMEOUT: Duration = Duration::from_secs(3);
/// Long_Timeout_Time.
pub const LONG_TIMEOUT: Duration = Duration::from_secs(90);
/// Aggregate_Wait_Time.
pub const AGGREGATE_WAIT: Duration = Duration::from_secs(2);

/// What all ports of a bond share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System {
    /// The system identifier; zero: not known yet, so no PDU is sent.
    pub id: Mac,
    /// The system priority.
    pub priority: u16,
    /// Whether we speak first.
    pub is_active: bool,
    /// What we ask of the partner.
    pub rate: LacpRate,
    /// Upper 10 bits of every key.
    pub user_key: u16,
    /// Whether the frames that the partner sends us are forwarded.
    pub forwarder: Forwarder,
}

/// A port's variables, named as in IEEE 802.1AX.
#[derive(Clone, Debug)]
pub struct Port {
    /// Actor_Port_Number: the member's, whatever its place in the bond.
    pub number: u16,
    /// Actor_Port_Priority.
    pub priority: u16,
    /// The member's own MAC, the source of its PDUs.
    pub mac: Mac,
    /// port_enabled: the link is up and may be used.
    pub is_enabled: bool,
    /// Speed in Mb/s; None: not known.
    pub speed: Option<u32>,
    /// Duplex; None: not known, taken as full.
    pub duplex: Option<Duplex>,
    /// Partner_Oper: what the partner says of its port.
    pub partner: PortInfo,
    /// Actor_Oper_Port_State.Defaulted: no PDU has told us about the partner.
    pub is_defaulted: bool,
    /// The Receive machine.
    pub receive: receive::State,
    /// When the partner counts as silent.
    pub current_while: Option<Instant>,
    /// current_while was lengthened because we were late, and no PDU has come since.
    pub is_heard_out: bool,
    /// The Periodic Transmission machine.
    pub periodic: periodic::State,
    /// When the next periodic PDU is due.
    pub periodic_timer: Option<Instant>,
    /// Selection's verdict.
    pub selected: Selected,
    /// The aggregator that the port is attached to or waits for; its number is that of the port that
    /// began it where that was free, and says nothing of it afterwards.
    pub aggregator: Option<u8>,
    /// The Mux machine.
    pub mux: mux::State,
    /// When waiting for other ports ends.
    pub wait_while: Option<Instant>,
    /// NTT: there is news for the partner.
    pub ntt: bool,
    /// The transmit limit's memory.
    pub sent: transmit::Recent,
    /// Until when the port counts as looped back to ourselves.
    pub loop_while: Option<Instant>,
    /// The Marker Generator.
    pub generator: super::marker::Generator,
    /// Markers answered lately.
    pub answered: transmit::Recent,
    /// The Actor Churn Detection machine.
    pub actor_churn: churn::Machine,
    /// The Partner Churn Detection machine.
    pub partner_churn: churn::Machine,
    /// What happened.
    pub counters: Counters,
}

impl Port {
    /// A port before its link is known.
    #[must_use]
    pub fn new(number: u16, priority: u16) -> Self {
        Self {
            number,
            priority,
            mac: Mac::ZERO,
            is_enabled: false,
            speed: None,
            duplex: None,
            partner: default_partner(),
            is_defaulted: true,
            receive: receive::State::PortDisabled,
            current_while: None,
            is_heard_out: false,
            periodic: periodic::State::NoPeriodic,
            periodic_timer: None,
            selected: Selected::Unselected,
            aggregator: None,
            mux: mux::State::Detached,
            wait_while: None,
            ntt: false,
            sent: transmit::Recent::default(),
            loop_while: None,
            generator: super::marker::Generator::default(),
            answered: transmit::Recent::default(),
            actor_churn: churn::Machine::default(),
            partner_churn: churn::Machine::default(),
            counters: Counters::default(),
        }
    }

    /// LACP_Enabled: LACP runs on full-duplex links only.
    #[must_use]
    pub fn is_lacp_enabled(&self) -> bool {
        self.duplex != Some(Duplex::Half)
    }

    /// The operational key: Linux's composition of user key, speed and duplex.
    #[must_use]
    pub fn key(&self, system: &System) -> u16 {
        let duplex = u16::from(self.is_lacp_enabled());
        (system.user_key << 6) | (speed_index(self.speed) << 1) | duplex
    }

    /// Actor_Oper: what we say of this port. Its state follows from the machines' states.
    #[must_use]
    pub fn actor(&self, system: &System) -> PortInfo {
        PortInfo {
            system_priority: system.priority,
            system: system.id,
            key: self.key(system),
            port_priority: self.priority,
            port: self.number,
            state: self.actor_state(system),
        }
    }

    fn actor_state(&self, system: &System) -> State {
        let forwards = system.forwarder == Forwarder::Alive;
        [
            (State::ACTIVITY, system.is_active),
            (State::TIMEOUT, system.rate == LacpRate::Fast),
            (State::AGGREGATION, self.is_lacp_enabled()),
            (State::SYNCHRONIZATION, forwards && self.mux.is_attached()),
            (State::COLLECTING, forwards && self.mux.is_collecting()),
            (State::DISTRIBUTING, forwards && self.mux.is_distributing()),
            (State::DEFAULTED, self.is_defaulted),
            (State::EXPIRED, self.receive == receive::State::Expired),
        ]
        .into_iter()
        .filter(|(_, is_set)| *is_set)
        .fold(State::default(), |state, (bit, _)| state.with(bit))
    }

    /// Whether the partner's last PDU had this bit.
    #[must_use]
    pub fn partner_has(&self, bit: State) -> bool {
        self.partner.state.contains(bit)
    }

    /// Whether the port was looped back to ourselves a short time ago.
    #[must_use]
    pub fn is_looped(&self) -> bool {
        self.loop_while.is_some()
    }

    /// When a machine of this port next has something to do by itself.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let transmit = self.ntt.then(|| self.sent.free_at());
        let churn = [self.actor_churn.timer, self.partner_churn.timer];
        let timers = [self.machines_due(), self.loop_while, transmit];
        let timers = timers.into_iter().chain(churn);
        timers.flatten().min()
    }

    /// When the first timer of the Receive, Periodic and Mux machines runs out.
    #[must_use]
    pub fn machines_due(&self) -> Option<Instant> {
        let timers = [self.current_while, self.periodic_timer, self.wait_while];
        timers.into_iter().flatten().min()
    }
}

/// Partner_Admin: what is assumed of a partner that has said nothing. Passive, so that two passive
/// sides stay silent.
#[must_use]
pub fn default_partner() -> PortInfo {
    PortInfo::default()
}

/// Linux's index of a speed in the key; 0: unknown.
fn speed_index(speed: Option<u32>) -> u16 {
    match speed.unwrap_or(0) {
        1 => 1,
        10 => 2,
        100 => 3,
        1_000 => 4,
        2_500 => 5,
        5_000 => 6,
        10_000 => 7,
        14_000 => 8,
        20_000 => 9,
        25_000 => 10,
        40_000 => 11,
        50_000 => 12,
        56_000 => 13,
        100_000 => 14,
        200_000 => 15,
        400_000 => 16,
        800_000 => 17,
        _ => 0,
    }
}
