//! What outlives a restart of the daemon: enough to go on without the partner noticing.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use wire::lacp::{PortInfo, State};
use wire::{Duration, Instant};

use super::port::{LONG_TIMEOUT, Port, SHORT_TIMEOUT};
use super::selection::Selected;
use super::{Lacp, fallback, mux, periodic, receive, transmit};
use crate::Duplex;

/// A bond's LACP state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The active aggregator.
    pub active: Option<u8>,
    /// The port that carries traffic without a partner.
    pub fallback: Option<usize>,
    /// The ports in the bond's order.
    pub ports: Vec<SavedPort>,
}

/// A port's state; its timers start anew when it is restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPort {
    is_enabled: bool,
    speed: Option<u32>,
    duplex: Option<Duplex>,
    partner: PortInfo,
    is_defaulted: bool,
    receive: receive::State,
    selected: Selected,
    aggregator: Option<u8>,
    mux: mux::State,
    #[serde(default)]
    is_looped: bool,
}

impl Saved {
    /// How long the partner holds what we said last.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        let is_short = |port: &SavedPort| port.partner.state.contains(State::TIMEOUT);
        if self.ports.iter().any(is_short) {
            SHORT_TIMEOUT
        } else {
            LONG_TIMEOUT
        }
    }
}

impl Lacp {
    /// The state to save.
    #[must_use]
    pub fn save(&self) -> Saved {
        let ports = self.ports.iter().map(save).collect();
        Saved {
            active: self.active,
            fallback: self.fallback.port,
            ports,
        }
    }

    /// Goes on where a predecessor was: each partner hears from us at once, and its PDUs of the
    /// time between are not missed, since its silence counts from now. Nothing waits.
    pub fn restore(&mut self, saved: &Saved, now: Instant) {
        self.active = saved.active;
        self.fallback = fallback::State {
            port: saved.fallback,
            alone_since: saved.fallback.map(|_| now),
        };
        let rate = self.system.rate;
        for (port, saved) in self.ports.iter_mut().zip(&saved.ports) {
            restore(port, saved);
            port.loop_while = saved.is_looped.then(|| now + transmit::LOOP_WHILE);
            port.periodic = periodic::State::NoPeriodic;
            port.ntt = true;
            port.current_while = match port.receive {
                receive::State::Current => Some(now + receive::timeout(rate)),
                receive::State::Expired => Some(now + SHORT_TIMEOUT),
                receive::State::PortDisabled
                | receive::State::LacpDisabled
                | receive::State::Defaulted => None,
            };
        }
        self.told = self.ports.iter().map(super::report::view).collect();
    }
}

fn save(port: &Port) -> SavedPort {
    SavedPort {
        is_enabled: port.is_enabled,
        speed: port.speed,
        duplex: port.duplex,
        partner: port.partner,
        is_defaulted: port.is_defaulted,
        receive: port.receive,
        selected: port.selected,
        aggregator: port.aggregator,
        mux: port.mux,
        is_looped: port.is_looped(),
    }
}

fn restore(port: &mut Port, saved: &SavedPort) {
    port.is_enabled = saved.is_enabled;
    port.speed = saved.speed;
    port.duplex = saved.duplex;
    port.partner = saved.partner;
    port.is_defaulted = saved.is_defaulted;
    port.receive = saved.receive;
    port.selected = saved.selected;
    port.aggregator = saved.aggregator;
    port.mux = saved.mux;
}
