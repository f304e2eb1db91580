//! `show bfd`: for each member its session, what both ends say, and what was dropped.

use std::io::{self, Write};

use control::show::{BfdDropReason, BfdItem, BfdSession};

use super::wrap;
use crate::ask::Answers;
use crate::failure::Failure;

pub(super) fn print(items: Answers<BfdItem>, out: &mut impl Write) -> Result<(), Failure> {
    for item in items {
        print_member(out, &item?)?;
    }
    Ok(())
}

fn print_member(out: &mut impl Write, item: &BfdItem) -> io::Result<()> {
    let BfdItem { bond, member, .. } = item;
    let (local, remote) = (item.local_address, item.remote_address);
    let ends = [local.to_string(), format!("-> {remote}")];
    writeln!(out, "{}", wrap(&format!("{bond} {member}: "), 2, ends))?;
    match &item.session {
        None => writeln!(out, "  no session: the member is not in the aggregate")?,
        Some(session) => print_session(out, session, item)?,
    }
    let used = match item.is_open {
        true => "may be used",
        false => "is kept from use",
    };
    writeln!(out, "  the member {used}")
}

fn print_session(out: &mut impl Write, session: &BfdSession, item: &BfdItem) -> io::Result<()> {
    let remote = session
        .remote_state
        .map_or("not heard", |state| state.name());
    writeln!(
        out,
        "  state {} (diagnostic: {})\n  peer {remote} (diagnostic: {})",
        session.state, session.diagnostic, session.remote_diagnostic
    )?;
    if let Some(reason) = session.last_down {
        writeln!(out, "  last down: {}", reason.name())?;
    }
    let transmit = session
        .transmit_interval
        .map_or_else(|| "none".to_owned(), |interval| interval.to_string());
    let detection = session
        .detection_time
        .map_or_else(|| "not running".to_owned(), |time| time.to_string());
    let polling = if session.is_polling { ", polling" } else { "" };
    writeln!(
        out,
        "  sends every {transmit}, multiplier {}; detection time {detection}{polling}",
        session.multiplier
    )?;
    writeln!(
        out,
        "  discriminators {:#010x}, peer {:#010x}",
        session.discriminator, session.remote_discriminator
    )?;
    let counters = &session.counters;
    writeln!(
        out,
        "  packets sent {}, received {}; up {}, down {}",
        counters.sent, counters.received, counters.ups, counters.downs
    )?;
    let reasons = BfdDropReason::ALL.iter();
    let mut dropped: Vec<(&str, u64)> = reasons
        .map(|reason| (reason.name(), counters.dropped.of(*reason)))
        .collect();
    dropped.push(("addresses", item.frames.foreign));
    dropped.push(("headers", item.frames.malformed));
    dropped.retain(|(_, count)| *count > 0);
    if dropped.is_empty() {
        return Ok(());
    }
    let words = dropped
        .iter()
        .map(|(name, count)| format!("{name} {count}"));
    writeln!(out, "{}", wrap("  dropped: ", 4, words))
}
