//! `show vrrp why`: the changes of state of each virtual router, with their reasons.

use std::io::{self, Write};

use control::show::{VrrpState, WhyItem};

use super::wrap;
use crate::ask::Answers;
use crate::failure::Failure;
use crate::time::{short_span, span};

pub(super) fn print(items: Answers<WhyItem>, out: &mut impl Write) -> Result<(), Failure> {
    let mut router = None;
    for item in items {
        let item = item?;
        if router.as_ref() != Some(&item.name) {
            let gap = if router.is_some() { "\n" } else { "" };
            writeln!(out, "{gap}{}", item.name)?;
        }
        print_change(out, &item)?;
        router = Some(item.name);
    }
    Ok(())
}

/// Where what belongs to a change begins.
const INDENT: usize = 17;

fn print_change(out: &mut impl Write, item: &WhyItem) -> io::Result<()> {
    let ago = format!("{} ago", span(item.ago_ns / 1_000_000_000));
    let start = format!("{ago:>15}  ");
    let change = format!("{} -> {}: {}", item.from, item.to, item.reason.sentence());
    writeln!(out, "{}", wrap(&start, INDENT, change.split(' ')))?;
    let details = details(item);
    if !details.is_empty() {
        let indent = " ".repeat(INDENT);
        let details = details.join("; ");
        writeln!(out, "{}", wrap(&indent, INDENT, details.split(' ')))?;
    }
    Ok(())
}

fn details(item: &WhyItem) -> Vec<String> {
    let mut details = Vec::new();
    if item.from != VrrpState::Active {
        let peer = item.active_before.map(|peer| (peer.address, peer.priority));
        details.extend(peer.map(|(ip, priority)| format!("{ip} was Active, priority {priority}")));
    }
    if item.missed_adverts > 0 {
        details.push(format!("adverts missed: {}", item.missed_adverts));
    }
    let outage = item.outage_ns.map(short_span);
    details.extend(outage.map(|span| format!("nobody heard for {span}")));
    if item.late_ns > 0 {
        details.push(format!("looked {} late", short_span(item.late_ns)));
    }
    details
}
