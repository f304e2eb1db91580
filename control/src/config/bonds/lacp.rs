//! Options of LACP beyond the negotiation itself: how many links, how they open, and what happens
//! without a partner.

use bond::{Config, Fallback, MAX_MEMBERS};

use super::super::section::Section;
use super::super::value::{integer, one_of, switch};
use super::{Choice as _, MOST_MS};

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

/// `lacp_strict` is the one word for no fallback, as in Linux: each meaning has one spelling.
fn read_fallback(table: &Section<'_, '_>, config: &mut Config) {
    let words = Fallback::words();
    let words: Vec<_> = words
        .into_iter()
        .filter(|word| word.value != Fallback::None)
        .collect();
    let fallback = table.value("fallback", |value| one_of(&words, value));
    let is_strict = table.value("lacp_strict", switch).unwrap_or(false);
    config.fallback = fallback.unwrap_or(config.fallback);
    if is_strict {
        config.fallback = Fallback::None;
    }
    if table.is_whole() && is_strict && fallback.is_some() {
        table.fault("fallback", "not set: with lacp_strict there is none");
    }
}
