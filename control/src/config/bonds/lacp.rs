//! Options of LACP beyond the negotiation itself: how many links, how they open, and what happens
//! without a partner.

use bond::{Config, Fallback, MAX_MEMBERS};

use super::super::section::Section;
use super::super::value::{integer, switch};
use super::{MOST_MS, choice};

pub(super) fn read(table: &Section<'_, '_>, config: &mut Config) {
    config.broadcast_neighbor = table
        .value("broadcast_neighbor", switch)
        .unwrap_or(config.broadcast_neighbor);
    config.coupled_control = table
        .value("coupled_control", switch)
        .unwrap_or(config.coupled_control);
    read_max_bundle(table, config);
    read_fallback(table, config);
    config.fallback_delay = table
        .value("fallback_delay", |v| integer(0..=MOST_MS, "ms", v))
        .unwrap_or(config.fallback_delay);
    if table.is_whole() && config.without_partner() == Fallback::None && config.fallback_delay > 0 {
        let legal = "not set: without fallback nothing is waited for";
        table.fault("fallback_delay", legal);
    }
}

fn read_max_bundle(table: &Section<'_, '_>, config: &mut Config) {
    let members = config.members.len();
    let (most, unit) = if table.is_whole() {
        (members.max(1), format!("(there are {members} members)"))
    } else {
        (MAX_MEMBERS, String::new())
    };
    let most = u8::try_from(most).unwrap_or(u8::MAX);
    let value = table.value("lacp_max_bundle", |v| integer(0..=most, &unit, v));
    config.lacp_max_bundle = value.unwrap_or(config.lacp_max_bundle);
    let fewest = config.min_links;
    if table.is_whole() && (1..fewest).contains(&config.lacp_max_bundle) {
        table.fault(
            "lacp_max_bundle",
            format!("0, or min_links ({fewest}) or more"),
        );
    }
}

/// `lacp_strict` is Linux's word for `fallback = "none"`: who writes both says the same with both.
fn read_fallback(table: &Section<'_, '_>, config: &mut Config) {
    let fallback = table.value("fallback", choice::<Fallback>);
    config.fallback = fallback.unwrap_or(config.fallback);
    config.lacp_strict = table
        .value("lacp_strict", switch)
        .unwrap_or(config.lacp_strict);
    let contradicts = config.lacp_strict && fallback.is_some_and(|said| said != Fallback::None);
    if table.is_whole() && contradicts {
        let legal = "none, since lacp_strict is true; or leave lacp_strict out";
        table.fault("fallback", legal);
    }
}
