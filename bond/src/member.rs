//! One member's link: carrier with `updelay` and `downdelay`.

use alloc::string::String;

use serde::{Deserialize, Serialize};
use wire::{Duration, Instant, Mac};

use crate::damping::Penalty;

/// Duplex of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplex {
    /// One direction at a time; LACP does not run.
    Half,
    /// Both directions at once.
    Full,
}

/// A member's link; the four states of Linux's link monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// No carrier.
    Down,
    /// Carrier is back, but not yet for `updelay`.
    Back {
        /// When the delay is over.
        until: Instant,
    },
    /// Carrier.
    Up,
    /// Carrier is gone, but not yet for `downdelay`; still in use.
    Fail {
        /// When the delay is over.
        until: Instant,
    },
}

/// What the host knows of a member's interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The kernel's index; 0: there is no such interface.
    pub ifindex: u32,
    /// The permanent MAC.
    pub mac: Mac,
    /// Whether it has carrier.
    pub carrier: bool,
    /// Speed in Mb/s; None: not known.
    pub speed: Option<u32>,
    /// Duplex; None: not known.
    pub duplex: Option<Duplex>,
}

/// Why a member whose link has carrier is not used all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// The ARP or NS monitor: nobody answers by this member.
    Silent,
    /// Micro-BFD (RFC 7130): the session of this member is not up. It stops sending only: the link
    /// is up, and LACP runs.
    Path,
    /// The link came and went too often of late.
    Damped,
}

impl Hold {
    const fn bit(self) -> u8 {
        match self {
            Self::Silent => 1,
            Self::Path => 2,
            Self::Damped => 4,
        }
    }

    const ALL: [Self; 3] = [Self::Silent, Self::Damped, Self::Path];
}

/// A member of a bond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The interface's name.
    pub name: String,
    /// Its port's number, from 1: the same for as long as the bond has a member of this name.
    #[serde(skip)]
    pub number: u16,
    /// The interface.
    pub interface: Interface,
    /// Its link after the delays.
    pub link: LinkState,
    /// How often the link went down.
    pub failures: u64,
    /// What its losses of carrier have cost it.
    pub penalty: Penalty,
    /// What keeps it from use, a bit each.
    holds: u8,
}

/// `updelay` and `downdelay`, in whole periods of `miimon` as Linux rounds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// How long carrier must be back.
    pub up: Duration,
    /// How long carrier must be gone.
    pub down: Duration,
}

impl Delays {
    /// Delays as configured, in milliseconds.
    #[must_use]
    pub const fn new(miimon: u32, updelay: u32, downdelay: u32) -> Self {
        Self {
            up: whole(updelay, miimon),
            down: whole(downdelay, miimon),
        }
    }
}

const fn whole(delay: u32, period: u32) -> Duration {
    let rest = match delay.checked_rem(period) {
        Some(rest) => rest,
        None => delay,
    };
    // Widening; `u64::from` is not callable here.
    Duration::from_millis((delay - rest) as u64)
}

impl Member {
    /// A member whose interface is not known yet, and that has no number.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let interface = Interface::default();
        Self {
            name: String::from(name),
            number: 0,
            interface,
            link: LinkState::Down,
            failures: 0,
            penalty: Penalty::default(),
            holds: 0,
        }
    }

    /// Keeps the member from use, or does so no longer; to be observed afterwards. Whether that is new.
    pub const fn hold(&mut self, hold: Hold, is_held: bool) -> bool {
        let before = self.holds;
        if is_held {
            self.holds |= hold.bit();
        } else {
            self.holds &= !hold.bit();
        }
        self.holds != before
    }

    /// The first thing that keeps it from use.
    #[must_use]
    pub fn held(&self) -> Option<Hold> {
        Hold::ALL.into_iter().find(|hold| self.is_held_by(*hold))
    }

    /// Whether this keeps it from use.
    #[must_use]
    pub const fn is_held_by(&self, hold: Hold) -> bool {
        self.holds & hold.bit() != 0
    }

    /// Whether the link may be used.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        match self.link {
            LinkState::Up | LinkState::Fail { .. } => true,
            LinkState::Down | LinkState::Back { .. } => false,
        }
    }

    /// Takes the interface's carrier, as it is now, and what else keeps it from use into account: all
    /// but [`Hold::Path`], which stops no more than sending.
    pub fn observe(&mut self, delays: Delays, now: Instant) {
        let carrier = self.interface.carrier && self.holds & !Hold::Path.bit() == 0;
        let link = match (self.link, carrier) {
            (LinkState::Down, true) if delays.up == Duration::ZERO => LinkState::Up,
            (LinkState::Down, true) => LinkState::Back {
                until: now + delays.up,
            },
            (LinkState::Back { .. }, false) => LinkState::Down,
            (LinkState::Up, false) if delays.down == Duration::ZERO => LinkState::Down,
            (LinkState::Up, false) => LinkState::Fail {
                until: now + delays.down,
            },
            (LinkState::Fail { .. }, true) => LinkState::Up,
            (LinkState::Down | LinkState::Fail { .. }, false)
            | (LinkState::Back { .. } | LinkState::Up, true) => self.link,
        };
        self.enter(link);
    }

    /// Ends a delay that is over.
    pub fn expire(&mut self, now: Instant) {
        match self.link {
            LinkState::Back { until } if until <= now => self.enter(LinkState::Up),
            LinkState::Fail { until } if until <= now => self.enter(LinkState::Down),
            LinkState::Down | LinkState::Back { .. } | LinkState::Up | LinkState::Fail { .. } => {}
        }
    }

    /// Uses the link although `updelay` is not over: nothing else is usable.
    pub fn hasten(&mut self) {
        self.enter(LinkState::Up);
    }

    /// The interface is another one of the same name.
    pub fn replace(&mut self) {
        self.enter(LinkState::Down);
    }

    fn enter(&mut self, link: LinkState) {
        if link == LinkState::Down && self.is_up() {
            self.failures = self.failures.wrapping_add(1);
        }
        self.link = link;
    }

    /// When the running delay is over.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        match self.link {
            LinkState::Back { until } | LinkState::Fail { until } => Some(until),
            LinkState::Down | LinkState::Up => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Delays, Hold, LinkState, Member};
    use wire::{Duration, Instant};

    const NOW: Instant = Instant::from_nanos(1_000_000_000);
    const NONE: Delays = Delays::new(100, 0, 0);
    const BOTH: Delays = Delays::new(100, 250, 150);

    fn after(link: LinkState, carrier: bool, delays: Delays) -> LinkState {
        let mut member = Member {
            link,
            ..Member::new("eth1")
        };
        member.interface.carrier = carrier;
        member.observe(delays, NOW);
        member.link
    }

    #[test]
    fn every_link_state_goes_on_as_carrier_and_delays_say() {
        use LinkState::{Back, Down, Fail, Up};
        let until = NOW + Duration::from_millis(7);
        let (back, fail) = (Back { until }, Fail { until });
        let states = [Down, back, Up, fail];
        assert_eq!(states.map(|s| after(s, true, NONE)), [Up, back, Up, Up]);
        assert_eq!(
            states.map(|s| after(s, false, NONE)),
            [Down, Down, Down, fail]
        );
        let up = Back {
            until: NOW + Duration::from_millis(200),
        };
        let down = Fail {
            until: NOW + Duration::from_millis(100),
        };
        assert_eq!(states.map(|s| after(s, true, BOTH)), [up, back, Up, Up]);
        assert_eq!(
            states.map(|s| after(s, false, BOTH)),
            [Down, Down, down, fail]
        );
    }

    #[test]
    fn what_is_held_is_not_up_until_nothing_holds_it() {
        let mut member = Member::new("eth1");
        member.interface.carrier = true;
        assert!(member.hold(Hold::Damped, true) && member.hold(Hold::Silent, true));
        assert!(!member.hold(Hold::Damped, true), "it was already");
        member.observe(NONE, NOW);
        assert_eq!((member.is_up(), member.held()), (false, Some(Hold::Silent)));
        member.hold(Hold::Silent, false);
        member.observe(NONE, NOW);
        assert_eq!((member.is_up(), member.held()), (false, Some(Hold::Damped)));
        member.hold(Hold::Damped, false);
        member.observe(NONE, NOW);
        assert_eq!((member.is_up(), member.held()), (true, None));
    }

    #[test]
    fn delays_are_whole_periods_and_nothing_without_a_monitor() {
        assert_eq!(BOTH.up, Duration::from_millis(200));
        assert_eq!(BOTH.down, Duration::from_millis(100));
        assert_eq!(Delays::new(0, 250, 150).up, Duration::ZERO);
    }

    #[test]
    fn a_delay_ends_on_time_and_not_before() {
        let until = NOW + Duration::from_millis(100);
        let mut member = Member {
            link: LinkState::Back { until },
            ..Member::new("eth1")
        };
        member.expire(NOW);
        assert!(!member.is_up());
        member.expire(until);
        assert!(member.is_up());
        assert_eq!(member.failures, 0);
        member.link = LinkState::Fail { until };
        member.expire(until);
        assert_eq!((member.link, member.failures), (LinkState::Down, 1));
    }
}
