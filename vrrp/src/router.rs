//! The engine: inputs in, frames, events and a lease out.

use alloc::vec::Vec;
use core::net::IpAddr;

use wire::Instant;

use crate::config::Config;
use crate::event::Event;
use crate::outbox::{Outbox, Transmit};
use crate::receive::Received;
use crate::status::{Counters, Forwarder, State, Status, WhyItem};

/// What the host tells the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// An advert for this virtual router.
    Advert(&'a Received),
    /// The interface is up and has this primary IPv4 address, or this link-local IPv6 address; or
    /// it is down or has none. Also when nothing changed.
    Interface(Option<IpAddr>),
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

/// One virtual router.
#[derive(Clone, Debug)]
pub struct VirtualRouter {
    config: Config,
    outbox: Outbox,
    counters: Counters,
}

impl VirtualRouter {
    /// A virtual router in Initialize, whose interface and forwarder are not known yet.
    #[must_use]
    pub fn new(config: Config, _now: Instant) -> Self {
        Self {
            config,
            outbox: Outbox::default(),
            counters: Counters::default(),
        }
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Takes what the host saw.
    pub fn handle_input(&mut self, _now: Instant, _input: Input<'_>) {}

    /// Does what is due. Harmless when nothing is.
    pub fn handle_timeout(&mut self, _now: Instant) {}

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
    pub const fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Takes over another configuration without losing the role. One with another name, interface,
    /// VRID or family is another virtual router: the host makes a new one.
    pub fn set_config(&mut self, _now: Instant, config: Config) {
        self.config = config;
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        State::Initialize
    }

    /// Until when this box is Active, as the forwarder must know; None: it is not.
    #[must_use]
    pub const fn lease(&self) -> Option<Instant> {
        None
    }

    /// After [`Input::Shutdown`]: whether another router has taken over, or surely could have.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        false
    }

    /// What `show vrrp` prints.
    #[must_use]
    pub fn status(&self, _now: Instant) -> Status {
        unreachable!()
    }

    /// What `show vrrp why` prints: the last changes of state, the latest first.
    #[must_use]
    pub fn why(&self, _now: Instant) -> Vec<WhyItem> {
        Vec::new()
    }
}
