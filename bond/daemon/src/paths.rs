//! Micro-BFD of one bond: a session for each member that is used or in reserve.

use bond::{Bond, Config, Input, MicroBfd};
use control::show::BfdItem;
use netio::packet::IpFamily;
use serde::{Deserialize, Serialize};
use wire::Instant;

use crate::journal::Journal;
use crate::path::{Outcome, Path, Settings};
use crate::port::{MemberPort, Place};

/// The sessions of a bond, for its successor in this daemon.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Saved {
    /// The bond.
    pub bond: String,
    /// By the member's place.
    pub sessions: Vec<Option<bfd::Saved>>,
}

/// The sessions of a bond that has micro-BFD.
#[derive(Debug)]
pub struct Paths {
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
    /// The paths of a bond that has micro-BFD, none with a session yet.
    pub fn new(bond: usize, config: &Config, saved: &Saved) -> Option<Self> {
        let settings = settings(config)?;
        let members = (0..config.members.len()).map(|member| {
            let saved = saved.sessions.get(member).copied().flatten();
            Path::new(Place { bond, member }, saved)
        });
        Some(Self {
            settings,
            members: members.collect(),
        })
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
            for frame in path.retire(&self.settings, port.mac(), now) {
                port.send_path(&frame);
            }
        }
    }

    /// The state to save.
    pub fn save(&self, bond: &str) -> Saved {
        Saved {
            bond: bond.to_owned(),
            sessions: self.members.iter().map(Path::save).collect(),
        }
    }

    /// For `show bfd`.
    pub fn items(&self, config: &Config) -> impl Iterator<Item = BfdItem> {
        let members = self.members.iter().zip(&config.members);
        members.map(|(path, member)| path.item(&self.settings, &config.name, &member.name))
    }
}
