//! An operator's choice of the active member: Linux's `active_slave`.

use alloc::string::String;
use core::fmt;

use wire::Instant;

use crate::bond::Engine;
use crate::{Bond, Event, Mode, active_backup};

/// Why a member is not made the active one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The mode has no active member.
    Mode(Mode),
    /// The bond has no such member.
    Unknown,
    /// Its link is down.
    Down,
    /// This one would become active again at once: it is the primary, or its `prio` is higher.
    Outranked(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode(mode) => write!(
                f,
                "mode {mode} has no active member; active-backup, balance-tlb and balance-alb have"
            ),
            Self::Unknown => f.write_str("no member of this bond"),
            Self::Down => f.write_str("its link is down"),
            Self::Outranked(by) => write!(
                f,
                "{by} would become active again at once, by primary or prio; primary_reselect says when it may"
            ),
        }
    }
}

impl Bond {
    /// Makes a member the active one. It stays that until its link goes, or a better one comes.
    ///
    /// # Errors
    /// Why it is not; nothing has changed then.
    pub fn activate(&mut self, name: &str, now: Instant) -> Result<(), Refusal> {
        let mode = self.config.mode;
        if matches!(self.engine, Engine::Static | Engine::Ieee8023ad(_)) {
            return Err(Refusal::Mode(mode));
        }
        let mut members = self.members.iter().enumerate();
        let member = members.find(|(_, member)| member.name == name);
        let (place, member) = member.ok_or(Refusal::Unknown)?;
        if !member.is_up() {
            return Err(Refusal::Down);
        }
        let stays = active_backup::choose(&self.config, &self.members, Some(place));
        if let Some(other) = stays.filter(|stays| *stays != place) {
            let name = self.members.get(other).map(|member| member.name.clone());
            return Err(Refusal::Outranked(name.unwrap_or_default()));
        }
        if self.active() != Some(place) {
            match &mut self.engine {
                Engine::Static | Engine::Ieee8023ad(_) => {}
                Engine::ActiveBackup { active } => *active = Some(place),
                Engine::Adaptive(adaptive) => adaptive.active = Some(place),
            }
            let member = Some(place);
            self.outbox.event(Event::Active { member });
            self.run(now);
        }
        Ok(())
    }
}
