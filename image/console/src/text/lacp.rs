//! `show lacp`: for each port both ends' part of the LAG ID and their eight state bits by name.

use std::io::{self, Write};

use control::show::{LacpItem, PortCounters, PortInfo, PortState, PortStatus};

use super::wrap;
use crate::ask::Answers;
use crate::failure::Failure;

/// The state bits in their order on the wire.
const BITS: [(&str, PortState); 8] = [
    ("Act", PortState::ACTIVITY),
    ("Tmo", PortState::TIMEOUT),
    ("Agg", PortState::AGGREGATION),
    ("Syn", PortState::SYNCHRONIZATION),
    ("Col", PortState::COLLECTING),
    ("Dis", PortState::DISTRIBUTING),
    ("Def", PortState::DEFAULTED),
    ("Exp", PortState::EXPIRED),
];

/// Width of an end's name and its part of the LAG ID.
const END: usize = 47;

pub(super) fn print(items: Answers<LacpItem>, out: &mut impl Write) -> Result<(), Failure> {
    let mut gap = "";
    for item in items {
        write!(out, "{gap}")?;
        print_bond(out, &item?)?;
        gap = "\n";
    }
    Ok(())
}

fn print_bond(out: &mut impl Write, item: &LacpItem) -> io::Result<()> {
    let LacpItem {
        bond,
        rate,
        system,
        system_priority,
        ..
    } = item;
    let active = if item.is_active { "on" } else { "off" };
    let aggregator = number_or_none(item.aggregator);
    writeln!(out, "{bond}: system {system_priority},{system}")?;
    writeln!(
        out,
        "  lacp_rate {rate}, lacp_active {active}, active aggregator {aggregator}"
    )?;
    let control = if item.is_coupled { "on" } else { "off" };
    let (ad_select, fallback) = (item.ad_select, item.fallback);
    writeln!(
        out,
        "  ad_select {ad_select}, coupled_control {control}, fallback {fallback}{}",
        match item.max_bundle {
            0 => String::new(),
            most => format!(", at most {most}"),
        }
    )?;
    let names: Vec<String> = BITS.iter().map(|(name, _)| format!(" {name}")).collect();
    let title = "  (prio,system,key,port prio,port)";
    writeln!(out, "{title:<END$}{}", names.concat())?;
    for port in &item.ports {
        print_port(out, port)?;
    }
    Ok(())
}

fn print_port(out: &mut impl Write, port: &PortStatus) -> io::Result<()> {
    let PortStatus {
        member,
        receive,
        mux,
        periodic,
        selected,
        ..
    } = port;
    let aggregator = number_or_none(port.aggregator);
    writeln!(out, "{member}: aggregator {aggregator}, {selected}")?;
    print_end(out, "actor", &port.actor)?;
    print_end(out, "partner", &port.partner)?;
    if let Some(lag_id) = &port.lag_id {
        writeln!(out, "{}", wrap("  LAG ID ", 10, lag_id.split(' ')))?;
    }
    writeln!(out, "  receive {receive}, mux {mux}, periodic {periodic}")?;
    let (actor, partner) = (port.actor_churn, port.partner_churn);
    writeln!(out, "  churn: actor {actor}, partner {partner}")?;
    let counters = counters(&port.counters).join(", ");
    writeln!(
        out,
        "{}",
        wrap("  ", 2, counters.split_inclusive(", ").map(str::trim))
    )?;
    match port.why {
        Some(why) => writeln!(out, "  carries no traffic: {why}"),
        None if port.is_fallback => writeln!(out, "  carries traffic without a partner"),
        None => writeln!(out, "  carries traffic"),
    }
}

/// The counters under the names of the MIB, without dot3adAggPortStats and dot3adAggPortDebug; the
/// last are ours.
fn counters(counters: &PortCounters) -> Vec<String> {
    [
        ("LACPDUsRx", counters.lacpdus_rx),
        ("LACPDUsTx", counters.lacpdus_tx),
        ("IllegalRx", counters.illegal_rx),
        ("UnknownRx", counters.unknown_rx),
        ("MarkerPDUsRx", counters.marker_pdus_rx),
        ("MarkerPDUsTx", counters.marker_pdus_tx),
        ("MarkerResponsePDUsRx", counters.marker_response_pdus_rx),
        ("MarkerResponsePDUsTx", counters.marker_response_pdus_tx),
        (
            "ActorSyncTransitionCount",
            counters.actor_sync_transition_count,
        ),
        (
            "PartnerSyncTransitionCount",
            counters.partner_sync_transition_count,
        ),
        ("ActorChurnCount", counters.actor_churn_count),
        ("PartnerChurnCount", counters.partner_churn_count),
        ("expired", counters.expired),
        ("loopback", counters.loopback_rx),
        ("markers ignored", counters.markers_ignored),
    ]
    .map(|(name, count)| format!("{name} {count}"))
    .to_vec()
}

fn print_end(out: &mut impl Write, name: &str, end: &PortInfo) -> io::Result<()> {
    let PortInfo {
        system_priority,
        system,
        key,
        port_priority,
        port,
        state,
    } = end;
    let part = format!("{system_priority:04x},{system},{key:04x},{port_priority:04x},{port:04x}");
    let bits: Vec<String> = BITS
        .iter()
        .map(|(_, bit)| format!("  {} ", u8::from(state.contains(*bit))))
        .collect();
    let start = format!("  {name:<7} {part}");
    writeln!(
        out,
        "{}",
        format!("{start:<END$}{}", bits.concat()).trim_end()
    )
}

fn number_or_none(aggregator: Option<u8>) -> String {
    aggregator.map_or_else(|| "none".to_owned(), |number| number.to_string())
}
