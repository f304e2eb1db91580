//! The ARP and NS monitor: whether somebody answers by a member whose carrier says nothing.
//!
//! Each `arp_interval` the members' fate is judged by what was heard ([`rules`]), then the next
//! probes leave. What was heard comes from the forwarder through the feedback memory, in pieces
//! ([`Heard`]); whether a piece counts hangs on `arp_validate` and on the member's part ([`trust`]).
//! What nobody listened for proves nothing: while the forwarder stands still no member is given up,
//! and afterwards each has the time of a newcomer.

mod arp;
mod hear;
mod neighbour;
mod observe;
mod rules;
mod target;
mod trust;
mod window;

use wire::{Duration, Instant, Mac};

pub use hear::Ear;
pub use observe::{Kind, Seen, observe};
pub use target::{TARGETS, Target, Targets};

use crate::outbox::Outbox;
use crate::renumbering::Renumbering;
use crate::{ArpAllTargets, ArpValidate, Config, MAX_MEMBERS, Mode};

/// Without a word of a forwarder for this long, in which an idle one beats twice, nobody listens.
const DEAF: Duration = Duration::from_millis(100);

/// Which members are asked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discipline {
    /// The active one; without any, one after the other.
    Active,
    /// Each.
    Each,
}

impl Discipline {
    /// A mode's; none: it has no such monitor.
    #[must_use]
    pub const fn of(mode: Mode) -> Option<Self> {
        match mode {
            Mode::ActiveBackup => Some(Self::Active),
            Mode::BalanceRr | Mode::BalanceXor | Mode::Broadcast => Some(Self::Each),
            Mode::Ieee8023ad | Mode::BalanceTlb | Mode::BalanceAlb => None,
        }
    }
}

/// What a member received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Any frame.
    Frame,
    /// ARP or Neighbor Discovery of whatever kind.
    Neighbour,
    /// ARP or Neighbor Discovery of a target.
    Target {
        /// The target's place among the bond's, those of ARP first.
        target: usize,
        /// What it says.
        kind: Kind,
    },
}

/// The members as the monitor sees them at one moment.
#[derive(Clone, Debug)]
pub struct View {
    /// active-backup: the active member.
    pub active: Option<usize>,
    /// By member: whether it may be asked by, which needs carrier and nothing else that holds it.
    pub open: heapless::Vec<bool, MAX_MEMBERS>,
    /// By member: the MAC that it asks with.
    pub stations: heapless::Vec<Mac, MAX_MEMBERS>,
}

impl View {
    fn is_open(&self, i: usize) -> bool {
        self.open.get(i).copied().unwrap_or(false)
    }
}

/// What is known of the path behind one member.
#[derive(Clone, Copy, Debug)]
struct Path {
    is_up: bool,
    /// When it came up, or became the active one.
    since: Instant,
    sent: Option<Instant>,
    /// What `sent` was before, should that frame not have left.
    sent_before: Option<Instant>,
    heard: Option<Instant>,
    targets: [Option<Instant>; TARGETS],
}

impl Path {
    const fn new(now: Instant) -> Self {
        Self {
            is_up: true,
            since: now,
            sent: None,
            sent_before: None,
            heard: None,
            targets: [None; TARGETS],
        }
    }
}

/// The monitor of one bond.
#[derive(Clone, Debug)]
pub struct Monitor {
    discipline: Discipline,
    interval: Duration,
    missed_max: u64,
    validate: ArpValidate,
    all_targets: ArpAllTargets,
    targets: Targets,
    paths: heapless::Vec<Path, MAX_MEMBERS>,
    active: Option<usize>,
    /// active-backup without an active member: the one asked by.
    probed: Option<usize>,
    /// The member whose turn it was last.
    turn: usize,
    due: Instant,
    listened: Instant,
}

impl Monitor {
    /// A monitor that holds every member for alive, with its first probes due now; none when none
    /// is configured.
    #[must_use]
    pub fn new(config: &Config, mac: Mac, now: Instant) -> Option<Self> {
        let discipline = Discipline::of(config.mode)?;
        if !config.monitor.is_on() {
            return None;
        }
        Some(Self::with(discipline, config, mac, now))
    }

    fn with(discipline: Discipline, config: &Config, mac: Mac, now: Instant) -> Self {
        let members = config.members.iter().take(MAX_MEMBERS);
        let options = &config.monitor;
        Self {
            discipline,
            interval: Duration::from_millis(options.arp_interval.into()),
            missed_max: options.arp_missed_max.into(),
            validate: options.arp_validate,
            all_targets: options.arp_all_targets,
            targets: target::targets(config, mac),
            paths: members.map(|_| Path::new(now)).collect(),
            active: None,
            probed: None,
            turn: usize::MAX,
            due: now,
            listened: now,
        }
    }

    /// The same with other options or another MAC: who is up stays so, and has time to prove it.
    #[must_use]
    pub fn continued(self, config: &Config, mac: Mac, now: Instant) -> Option<Self> {
        let mut next = Self::new(config, mac, now)?;
        for (path, before) in next.paths.iter_mut().zip(&self.paths) {
            path.is_up = before.is_up;
        }
        (next.active, next.listened) = (self.active, self.listened);
        Some(next)
    }

    /// The members have other places. Who is new is held for alive, as at the beginning.
    pub(crate) fn renumber(&mut self, to: &Renumbering, now: Instant) {
        let place = |old: Option<usize>| old.and_then(|old| to.place(old));
        let paths = core::mem::take(&mut self.paths);
        self.paths = to.carry(paths, |_| Path::new(now)).collect();
        self.active = place(self.active);
        self.probed = place(self.probed);
        self.turn = to.place(self.turn).unwrap_or(usize::MAX);
    }

    /// Whether two monitors ask the same questions the same way.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let options = |it: &Self| (it.interval, it.missed_max, it.validate, it.all_targets);
        options(self) == options(other) && self.targets == other.targets
    }

    /// The targets that the forwarder must know; none where it need not look into frames.
    #[must_use]
    pub fn watched(&self) -> Targets {
        match self.validate {
            ArpValidate::None => Targets::new(),
            ArpValidate::Active
            | ArpValidate::Backup
            | ArpValidate::All
            | ArpValidate::Filter
            | ArpValidate::FilterActive
            | ArpValidate::FilterBackup => self.targets.clone(),
        }
    }

    /// Whether somebody answers by this member, as far as is known.
    #[must_use]
    pub fn is_up(&self, i: usize) -> bool {
        self.paths.get(i).is_none_or(|path| path.is_up)
    }

    /// What a predecessor knew of this member.
    pub fn resume(&mut self, i: usize, is_up: bool) {
        if let Some(path) = self.paths.get_mut(i) {
            path.is_up = is_up;
        }
    }

    /// A member's carrier came or went: one that comes back has to be heard before it is used.
    pub fn link(&mut self, i: usize, carrier: bool, now: Instant) {
        let Some(path) = self.paths.get_mut(i) else {
            return;
        };
        if carrier {
            path.since = now;
        } else {
            path.is_up = false;
        }
    }

    /// Another member is active, or none is.
    pub fn activate(&mut self, active: Option<usize>, now: Instant) {
        if self.active == active {
            return;
        }
        self.active = active;
        if let Some(path) = active.and_then(|i| self.paths.get_mut(i)) {
            path.since = now;
        }
    }

    /// The forwarder lives and listens.
    pub const fn listening(&mut self, now: Instant) {
        self.listened = now;
    }

    /// The frame that was handed out last for this member did not leave.
    pub fn unsent(&mut self, i: usize) {
        if let Some(path) = self.paths.get_mut(i) {
            path.sent = path.sent_before;
        }
    }

    /// When the next interval begins.
    #[must_use]
    pub const fn poll_timeout(&self) -> Instant {
        self.due
    }

    /// An interval begins: who is given up, who is back.
    pub fn judge(&mut self, now: Instant, view: &View) {
        if now.since(self.listened) > DEAF {
            for path in &mut self.paths {
                path.since = now;
            }
            return;
        }
        for i in 0..self.paths.len() {
            let verdict = self.verdict(i, now);
            let Some(path) = self.paths.get_mut(i).filter(|_| view.is_open(i)) else {
                continue;
            };
            if verdict && !path.is_up && self.discipline == Discipline::Active {
                path.since = now;
            }
            path.is_up = verdict;
        }
    }

    /// The interval's probes; the next interval begins one period after this one.
    pub fn probe(&mut self, now: Instant, view: &View, outbox: &mut Outbox) {
        // Where this process was held up, no interval is made up for.
        self.due = Some(self.due + self.interval)
            .filter(|due| *due > now)
            .unwrap_or(now + self.interval);
        match (self.discipline, view.active) {
            (Discipline::Active, Some(active)) => {
                self.probed = None;
                self.turn = active;
                self.ask(active, now, view, outbox);
            }
            (Discipline::Active, None) => {
                self.probed = self.next_turn(view);
                if let Some(probed) = self.probed {
                    self.turn = probed;
                    self.ask(probed, now, view, outbox);
                }
            }
            (Discipline::Each, _) => {
                for i in (0..self.paths.len()).filter(|&i| view.is_open(i)) {
                    self.ask(i, now, view, outbox);
                }
            }
        }
    }

    /// The next member after the last whose turn it was.
    fn next_turn(&self, view: &View) -> Option<usize> {
        let count = self.paths.len();
        let first = self.turn.wrapping_add(1);
        let order = (0..count).filter_map(|n| first.wrapping_add(n).checked_rem(count));
        // After the last comes the first, and at the beginning too.
        let mut order = order.filter(|&i| view.is_open(i));
        order.next()
    }

    fn ask(&mut self, i: usize, now: Instant, view: &View, outbox: &mut Outbox) {
        let mac = view.stations.get(i).copied().unwrap_or_default();
        for target in &self.targets {
            let frame = match *target {
                Target::V4 { target, source, .. } => arp::request(mac, source, target),
                Target::V6 { target, source, .. } => neighbour::solicitation(mac, source, target),
            };
            outbox.send(i, &target.tagged(&frame));
        }
        if let Some(path) = self.paths.get_mut(i) {
            path.sent_before = path.sent;
            path.sent = Some(now);
        }
    }
}

#[cfg(test)]
#[path = "tests/monitor.rs"]
mod tests;
