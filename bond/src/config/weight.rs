//! What part of the buckets each member gets (mapping `resilient`).

use crate::member::Member;
use crate::{Config, MAX_MEMBERS};

/// The largest weight that an operator may set.
pub const MOST: u8 = 255;

/// By member: its weight. By hand where any member has one, 1 for those that have none; else by
/// speed, where that of every one that `is_usable` is known; else all are equal.
pub(crate) fn weights(
    config: &Config,
    members: &[Member],
    is_usable: impl Fn(usize) -> bool,
) -> heapless::Vec<u32, MAX_MEMBERS> {
    if config.members.iter().any(|member| member.weight.is_some()) {
        let weight = |member: &super::MemberConfig| member.weight.map_or(1, u32::from);
        return config
            .members
            .iter()
            .take(MAX_MEMBERS)
            .map(weight)
            .collect();
    }
    let speed = |member: &Member| member.interface.speed.unwrap_or(0);
    let mut used = members.iter().enumerate().filter(|(i, _)| is_usable(*i));
    let is_known = used.all(|(_, member)| speed(member) > 0);
    let by_speed = |member| if is_known { speed(member) } else { 1 };
    members.iter().map(by_speed).collect()
}
