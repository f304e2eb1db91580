//! active-backup: one member carries all traffic.

use crate::member::Member;
use crate::{Config, Duplex, PrimaryReselect};

/// The member to be active, given the one that is: Linux's order of preference. The primary, else
/// the member of highest `prio`, when `primary_reselect` lets it take over; else the active member
/// as long as its link is up; else the first whose link is up.
#[must_use]
pub fn choose(config: &Config, members: &[Member], active: Option<usize>) -> Option<usize> {
    let is_up = |i: &usize| members.get(*i).is_some_and(Member::is_up);
    let current = active.filter(is_up);
    let primary = members
        .iter()
        .position(|member| config.primary.as_deref() == Some(&member.name))
        .filter(is_up);
    let Some(challenger) = primary.or_else(|| by_prio(config, members, current)) else {
        return current.or_else(|| (0..members.len()).find(is_up));
    };
    match current {
        Some(current) if current != challenger => {
            let takes = may_take_over(config.primary_reselect, members, challenger, current);
            Some(if takes { challenger } else { current })
        }
        Some(_) | None => Some(challenger),
    }
}

/// The usable member of highest `prio`, the first of equals; none when the active member's is as
/// high.
fn by_prio(config: &Config, members: &[Member], current: Option<usize>) -> Option<usize> {
    let prio = |i: usize| config.members.get(i).map(|member| member.prio);
    let up = (0..members.len()).filter(|&i| members.get(i).is_some_and(Member::is_up));
    let best = up.rev().max_by_key(|&i| prio(i))?;
    current
        .is_none_or(|current| prio(best) > prio(current))
        .then_some(best)
}

fn may_take_over(rule: PrimaryReselect, members: &[Member], new: usize, current: usize) -> bool {
    let quality = |i: usize| {
        let interface = members.get(i).map(|member| member.interface);
        let is_full = interface.and_then(|i| i.duplex) == Some(Duplex::Full);
        (interface.and_then(|i| i.speed).unwrap_or(0), is_full)
    };
    match rule {
        PrimaryReselect::Always => true,
        PrimaryReselect::Better => quality(new) > quality(current),
        PrimaryReselect::Failure => false,
    }
}
