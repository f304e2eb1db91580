//! Micro-BFD of one bond: a session for each member that is used or in reserve.

use std::collections::BTreeMap;

use bond::{Bond, Config, Input, MAX_MEMBERS, MicroBfd, Renumbering};
use control::show::BfdItem;
use netio::packet::IpFamily;
use serde::{Deserialize, Serialize};
use wire::Instant;

use crate::journal::Journal;
use crate::path::{Outcome, Path, Settings};
use crate::port::MemberPort;

/// The sessions of a bond, for its successor in this daemon.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Saved {
    /// The bond.
    pub bond: String,
    /// By the member's name.
    pub sessions: BTreeMap<String, bfd::Saved>,
}

/// The sessions of a bond that has micro-BFD.
#[derive(Debug)]
pub struct Paths {
    bond: usize,
    settings: Settings,
    members: Vec<Path>,
}

/// What a bond's configuration has of micro-BFD.
fn settings(config: &Config) -> Option<Settings> {
    let mode = config.mode;
    config
        .micro_bfd
        .map(|micro_bfd| Settings { micro_bfd, mode })
}

/// The family of the packets, when there are any.
pub fn family(config: &Config) -> Option<IpFamily> {
    config
        .micro_bfd
        .map(|micro_bfd| match micro_bfd.local_address {
            std::net::IpAddr::V4(_) => IpFamily::V4,
            std::net::IpAddr::V6(_) => IpFamily::V6,
        })
}

impl Paths {
    /// The paths of a bond that has micro-BFD, none with a session yet. The bond is the daemon's at
    /// this place.
    pub fn new(bond: usize, engine: &Bond, saved: &Saved) -> Option<Self> {
        let config = engine.config();
        let settings = settings(config)?;
        let members = config.members.iter().enumerate().map(|(i, member)| {
            let saved = saved.sessions.get(&member.name).copied();
            Path::new(number(bond, engine, i), saved)
        });
        Some(Self {
            bond,
            settings,
            members: members.collect(),
        })
    }

    /// Takes the sessions of members down that `to` has no longer, and tells their peers.
    pub fn part(&mut self, to: &Renumbering, ports: &[MemberPort], now: Instant) {
        let pairs = self.members.iter_mut().zip(ports).enumerate();
        for (_, (path, port)) in pairs.filter(|(old, _)| to.place(*old).is_none()) {
            retire(path, &self.settings, port, now);
        }
    }

    /// The members have other places, those of `engine` now.
    pub fn renumber(&mut self, to: &Renumbering, engine: &Bond) {
        let fresh = |i| Path::new(number(self.bond, engine, i), None);
        self.members = to.carry(std::mem::take(&mut self.members), fresh).collect();
    }

    /// Whether another configuration is one of options only: the same ends.
    pub fn is_between_the_same(&self, config: &Config) -> bool {
        let ends = |micro_bfd: &MicroBfd| (micro_bfd.local_address, micro_bfd.remote_address);
        settings(config)
            .is_some_and(|other| ends(&other.micro_bfd) == ends(&self.settings.micro_bfd))
    }

    /// Takes over other options.
    pub fn set_config(&mut self, config: &Config, now: Instant) {
        if let Some(settings) = settings(config) {
            self.settings = settings;
            for path in &mut self.members {
                path.set_settings(&settings, now);
            }
        }
    }

    /// A frame came to micro-BFD's port.
    pub fn frame(&mut self, member: usize, bytes: &[u8], now: Instant) {
        if let Some(path) = self.members.get_mut(member) {
            path.frame(&self.settings, bytes, now);
        }
    }

    /// When a session has something due.
    pub fn due(&self) -> Option<Instant> {
        self.members.iter().filter_map(Path::due).min()
    }

    /// Makes and ends sessions as the engine wants them, does what is due, and tells the engine.
    /// Whether something happened that a successor must know.
    pub fn turn(
        &mut self,
        engine: &mut Bond,
        ports: &[MemberPort],
        journal: &mut Journal,
        now: Instant,
    ) -> bool {
        let mut is_news = false;
        for (member, (path, port)) in self.members.iter_mut().zip(ports).enumerate() {
            let is_open = engine.is_path_open(member);
            path.follow(&self.settings, engine.is_path_wanted(member), is_open, now);
            let Outcome {
                frames,
                events,
                is_open,
            } = path.turn(&self.settings, port.mac(), now);
            for frame in &frames {
                port.send_path(frame);
            }
            for event in events {
                is_news = true;
                journal.note_path(member, event, now);
            }
            if let Some(is_open) = is_open {
                engine.handle_input(now, Input::Path { member, is_open });
            }
        }
        is_news
    }

    /// Takes the sessions down, and tells their peers.
    pub fn retire(&mut self, ports: &[MemberPort], now: Instant) {
        for (path, port) in self.members.iter_mut().zip(ports) {
            retire(path, &self.settings, port, now);
        }
    }

    /// The state to save.
    pub fn save(&self, config: &Config) -> Saved {
        let members = config.members.iter().zip(&self.members);
        let sessions =
            members.filter_map(|(member, path)| Some((member.name.clone(), path.save()?)));
        Saved {
            bond: config.name.clone(),
            sessions: sessions.collect(),
        }
    }

    /// For `show bfd`.
    pub fn items(&self, config: &Config) -> impl Iterator<Item = BfdItem> {
        let members = self.members.iter().zip(&config.members);
        members.map(|(path, member)| path.item(&self.settings, &config.name, &member.name))
    }
}

/// A member's port among those of all bonds: it keeps it as long as the bond has the member.
fn number(bond: usize, engine: &Bond, member: usize) -> u16 {
    let first = u16::try_from(bond * MAX_MEMBERS).unwrap_or(0);
    first
        .wrapping_add(engine.port_number(member))
        .wrapping_sub(1)
}

fn retire(path: &mut Path, settings: &Settings, port: &MemberPort, now: Instant) {
    for frame in path.retire(settings, port.mac(), now) {
        port.send_path(&frame);
    }
}
