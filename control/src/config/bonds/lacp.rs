//! Options of LACP beyond the negotiation itself: how many links, how they open, and what happens
//! without a partner.

use bond::{Config, Fallback, MAX_MEMBERS};

use super::super::section::Section;
use super::super::value::{integer, switch};
use super::{MOST_MS, choice};

pub(super) fn read(table: &Section<'_, '_>, config: &mut Config) {
    config.coupled_control = table
        .value("coupled_control", switch)
        .unwrap_or(config.coupled_control);
    read_max_bundle(table, config);
    read_fallback(table, config);
    config.fallback_delay = table
        .value("fallback_delay", |v| integer(0..=MOST_MS, "ms", v))
        .unwrap_or(config.fallback_delay);
    if table.is_whole() && config.fallback == Fallback::None && config.fallback_delay > 0 {
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
    let is_strict = table.value("lacp_strict", switch);
    let strictly = is_strict.filter(|is_strict| *is_strict);
    let said = fallback.or(strictly.map(|_| Fallback::None));
    config.fallback = said.unwrap_or(config.fallback);
    let Some((fallback, is_strict)) = fallback.zip(is_strict) else {
        return;
    };
    if table.is_whole() && is_strict != (fallback == Fallback::None) {
        let word = if is_strict {
            "none"
        } else {
            "individual | active-backup"
        };
        table.fault(
            "fallback",
            format!("{word}, since lacp_strict is {is_strict}; or leave lacp_strict out"),
        );
    }
}
