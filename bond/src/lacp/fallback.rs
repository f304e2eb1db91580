//! What carries traffic while there is no partner at all (`fallback`).

use wire::Instant;

use super::port::Port;
use super::{Lacp, receive};
use crate::Fallback;

/// The port that carries traffic without a partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The port's place in the bond.
    pub(super) port: Option<usize>,
    /// Since when there has been a port whose partner does not answer, and no other.
    pub(super) alone_since: Option<Instant>,
}

/// Whether the partner has been waited for in vain.
const fn gave_up(port: &Port) -> bool {
    match port.receive {
        receive::State::Defaulted | receive::State::LacpDisabled => true,
        receive::State::PortDisabled | receive::State::Expired | receive::State::Current => false,
    }
}

/// Whether a port may carry traffic without a partner; a looped one never does.
fn is_candidate(port: &Port, fallback: Fallback, in_force: bool) -> bool {
    let is_alone = match fallback {
        Fallback::None => false,
        Fallback::Individual => gave_up(port),
        // While it is in force, a link that comes up is used without waiting for a partner.
        Fallback::ActiveBackup => gave_up(port) || (in_force && port.is_defaulted),
    };
    is_alone && port.is_enabled && !port.is_looped()
}

impl Lacp {
    /// The port that carries traffic from now on. individual: the best by priority, which stays
    /// while its link is up. active-backup: always the best by priority.
    pub(super) fn choose_fallback(&self, now: Instant) -> State {
        let State { port, alone_since } = self.fallback;
        let fallback = self.policy.fallback;
        let is_candidate = |one: &Port| is_candidate(one, fallback, port.is_some());
        if self.active.is_some() || !self.ports.iter().any(is_candidate) {
            return State::default();
        }
        let since = alone_since.unwrap_or(now);
        let kept = port.filter(|&i| {
            fallback == Fallback::Individual && self.ports.get(i).is_some_and(is_candidate)
        });
        let candidates = self.ports.iter().enumerate();
        let candidates = candidates.filter(|(_, port)| is_candidate(port));
        let best = candidates.min_by_key(|(_, port)| (port.priority, port.number));
        let is_time = port.is_some() || since + self.policy.fallback_delay <= now;
        State {
            port: kept.or(best.map(|(i, _)| i)).filter(|_| is_time),
            alone_since: Some(since),
        }
    }

    /// When `fallback_delay` is over.
    pub(super) fn fallback_due(&self) -> Option<Instant> {
        let since = self.fallback.alone_since;
        let since = since.filter(|_| self.fallback.port.is_none())?;
        Some(since + self.policy.fallback_delay)
    }
}
