//! The engine: inputs in, frames, events and an egress table out.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};
use wire::{Instant, Mac};

use crate::adaptive::Adaptive;
use crate::egress::Table;
use crate::identity::{self, Identity};
use crate::lacp::{self, Lacp};
use crate::member::{Delays, Interface, LinkState, Member};
use crate::monitor::{Heard, Monitor};
use crate::moves::Moves;
use crate::outbox::{Outbox, Transmit};
use crate::{BUCKETS, Config, Event, MAX_MEMBERS, Mode, active_backup};

/// Whether the forwarder forwards, as its pulse says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forwarder {
    /// Its workers run, or none has ever been seen.
    #[default]
    Alive,
    /// Its pulse stopped: what the partner sends us is lost.
    Stale,
}

/// What the host tells the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A slow-protocol frame was received, Ethernet header included.
    Frame {
        /// The member's place in the bond.
        member: usize,
        /// The frame.
        bytes: &'a [u8],
    },
    /// A member's interface as it is now; also when nothing changed.
    Link {
        /// The member's place in the bond.
        member: usize,
        /// The interface; [`Interface::default`] when there is none.
        interface: Interface,
    },
    /// Micro-BFD lets a member be used, or does so no longer.
    Path {
        /// The member's place in the bond.
        member: usize,
        /// Whether it may be used.
        is_open: bool,
    },
    /// The forwarder stopped or resumed.
    Forwarder(Forwarder),
    /// The forwarder lives, and would tell what comes: silence from here on is the network's.
    Listening,
    /// A member received something that the monitor may want to know of.
    Heard {
        /// The member's place in the bond.
        member: usize,
        /// What it was.
        heard: Heard,
        /// When it was received.
        at: Instant,
    },
    /// What was sent by bucket so far, asked for by [`Bond::is_weighing`].
    Loads {
        /// Bytes, of which differences count.
        bytes: &'a [u64; BUCKETS],
    },
    /// A frame of [`Bond::poll_transmit`] could not be sent.
    Unsent {
        /// The member's place in the bond.
        member: usize,
    },
}

/// What the mode adds to the members.
#[derive(Clone, Debug)]
pub(crate) enum Engine {
    /// balance-rr, balance-xor, broadcast: every member whose link is up is used.
    Static,
    ActiveBackup {
        active: Option<usize>,
    },
    Ieee8023ad(Box<Lacp>),
    /// balance-tlb, balance-alb.
    Adaptive(Box<Adaptive>),
}

/// One bond.
#[derive(Clone, Debug)]
pub struct Bond {
    pub(crate) config: Config,
    pub(crate) mac: Mac,
    pub(crate) members: heapless::Vec<Member, MAX_MEMBERS>,
    pub(crate) engine: Engine,
    pub(crate) monitor: Option<Box<Monitor>>,
    /// When it was last asked to do something.
    pub(crate) at: Instant,
    pub(crate) forwarder: Forwarder,
    /// What the host was told last of the bond's carrier.
    pub(crate) has_carrier: bool,
    pub(crate) table: Table,
    pub(crate) moves: Moves,
    pub(crate) outbox: Outbox,
}

impl Bond {
    /// A bond that nobody knows yet, nor it its members' interfaces. Members beyond [`MAX_MEMBERS`]
    /// are left out; [`Config::faults`] names them.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        Self::known_as(config, &Identity::default(), now)
    }

    /// As [`Bond::new`], of a bond that partners know as this one.
    #[must_use]
    pub fn known_as(config: Config, identity: &Identity, now: Instant) -> Self {
        let members = config.members.iter().take(MAX_MEMBERS);
        let mut members: heapless::Vec<Member, MAX_MEMBERS> =
            members.map(|member| Member::new(&member.name)).collect();
        identity::number(&mut members, identity);
        let engine = match config.mode {
            Mode::BalanceRr | Mode::BalanceXor | Mode::Broadcast => Engine::Static,
            Mode::ActiveBackup => Engine::ActiveBackup { active: None },
            Mode::Ieee8023ad => Engine::Ieee8023ad(Box::new(Lacp::new(&config, &members))),
            Mode::BalanceTlb | Mode::BalanceAlb => Engine::Adaptive(Box::new(Adaptive::new(now))),
        };
        let mac = config.mac.or(identity.mac).unwrap_or_default();
        let mut bond = Self {
            config,
            mac,
            members,
            engine,
            monitor: None,
            at: now,
            forwarder: Forwarder::Alive,
            has_carrier: false,
            table: Table::default(),
            moves: Moves::default(),
            outbox: Outbox::default(),
        };
        bond.guard_paths(|_| true);
        bond.configure(now);
        bond.run(now);
        bond
    }

    /// The bond's configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Takes what the host saw.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Frame { member, bytes } => match &mut self.engine {
                Engine::Ieee8023ad(lacp) => lacp.frame(member, bytes, now, &mut self.outbox),
                Engine::Static | Engine::ActiveBackup { .. } | Engine::Adaptive(_) => {}
            },
            Input::Link { member, interface } => self.link(member, interface, now),
            Input::Path { member, is_open } => self.path(member, is_open),
            Input::Forwarder(state) => self.forwarder(state),
            // Nothing comes of these before the interval is over.
            Input::Heard { member, heard, at } => return self.heard(member, heard, at, now),
            Input::Loads { bytes } => return self.weigh(bytes, now),
            Input::Listening => {
                return self.monitor.iter_mut().for_each(|m| m.listening(now));
            }
            Input::Unsent { member } => {
                return self.monitor.iter_mut().for_each(|m| m.unsent(member));
            }
        }
        self.run(now);
    }

    /// Does what is due. Harmless when nothing is.
    pub fn handle_timeout(&mut self, now: Instant) {
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
        let links = self.members.iter().filter_map(Member::poll_timeout).min();
        let mode = match &self.engine {
            Engine::Static | Engine::ActiveBackup { .. } => None,
            Engine::Ieee8023ad(lacp) => lacp.poll_timeout(),
            Engine::Adaptive(adaptive) => adaptive.poll_timeout(&self.config),
        };
        let watch = self.watch_timeout();
        let moves = self.moves.poll_timeout();
        let all = links.into_iter().chain(mode).chain(watch);
        all.chain(moves).min()
    }

    /// What the forwarder must know; its generation is another one after each change.
    #[must_use]
    pub const fn egress(&self) -> &Table {
        &self.table
    }

    pub(crate) fn delays(&self) -> Delays {
        Delays::new(
            self.config.miimon,
            self.config.updelay,
            self.config.downdelay,
        )
    }

    pub(crate) fn configure(&mut self, now: Instant) {
        self.set_monitor(now);
        if let Engine::Ieee8023ad(lacp) = &mut self.engine {
            lacp.configure(&self.config, self.mac);
        }
    }

    pub(crate) fn link(&mut self, i: usize, interface: Interface, now: Instant) {
        let delays = self.delays();
        let Some(member) = self.members.get_mut(i) else {
            return;
        };
        let before = core::mem::replace(&mut member.interface, interface);
        if before.ifindex != 0 && before.ifindex != interface.ifindex {
            member.replace();
            if let Engine::Ieee8023ad(lacp) = &mut self.engine {
                lacp.link(i, link_of(member), now);
            }
        }
        if before.carrier != interface.carrier {
            self.outbox.event(Event::Carrier {
                member: i,
                carrier: interface.carrier,
            });
        }
        member.observe(delays, now);
        if before.carrier != interface.carrier {
            self.note_carrier(i, interface.carrier, now);
        }
        // The first that is there gives its own; the host tells of the members in their order.
        if self.mac == Mac::ZERO && interface.mac != Mac::ZERO {
            self.mac = interface.mac;
            self.configure(now);
        }
    }

    pub(crate) fn forwarder(&mut self, state: Forwarder) {
        if self.forwarder != state {
            self.outbox.event(Event::Forwarder { state });
        }
        self.forwarder = state;
        if let Engine::Ieee8023ad(lacp) = &mut self.engine {
            lacp.forwarder(state);
        }
    }

    pub(crate) fn run(&mut self, now: Instant) {
        self.at = now;
        self.moves.expire(now);
        let is_new_interval = self.judge(now);
        self.hold(now);
        for member in &mut self.members {
            member.expire(now);
        }
        self.hasten();
        self.elect();
        self.take_mac_of_active();
        match &mut self.engine {
            Engine::Static | Engine::Adaptive(_) => {}
            Engine::ActiveBackup { active } => {
                if let Some(monitor) = &mut self.monitor {
                    monitor.activate(*active, now);
                }
            }
            Engine::Ieee8023ad(lacp) => {
                for (i, member) in self.members.iter().enumerate() {
                    lacp.link(i, link_of(member), now);
                }
                lacp.run(now, &mut self.outbox);
            }
        }
        if is_new_interval {
            self.probe(now);
        }
        self.refresh();
        self.teach(now);
        self.skip_weighing(now);
    }

    /// Chooses the active member, in modes that have one.
    fn elect(&mut self) {
        let active = match &mut self.engine {
            Engine::Static | Engine::Ieee8023ad(_) => return,
            Engine::ActiveBackup { active } => active,
            Engine::Adaptive(adaptive) => &mut adaptive.active,
        };
        let next = active_backup::choose(&self.config, &self.members, *active);
        if next != *active {
            *active = next;
            self.outbox.event(Event::Active { member: next });
        }
    }

    /// The active member, in modes that have one.
    pub(crate) fn active(&self) -> Option<usize> {
        match &self.engine {
            Engine::Static | Engine::Ieee8023ad(_) => None,
            Engine::ActiveBackup { active } => *active,
            Engine::Adaptive(adaptive) => adaptive.active,
        }
    }

    /// With nothing usable, the link whose `updelay` is over soonest is used at once.
    fn hasten(&mut self) {
        if self.members.iter().any(Member::is_up) {
            return;
        }
        let waiting = self
            .members
            .iter_mut()
            .filter(|m| matches!(m.link, LinkState::Back { .. }));
        if let Some(member) = waiting.min_by_key(|member| member.poll_timeout()) {
            member.hasten();
        }
    }
}

fn link_of(member: &Member) -> lacp::Link {
    let Interface {
        mac, speed, duplex, ..
    } = member.interface;
    lacp::Link {
        is_enabled: member.is_up(),
        speed,
        duplex,
        mac,
    }
}
