//! `show vrrp`: a line for each virtual router, and what does not fit one below them all.

use std::io::{self, Write};

use control::show::{Family, VrrpForwarder, VrrpItem, VrrpState};

use super::table::{figure, print as print_table, word};
use super::wrap;
use crate::ask::Answers;
use crate::failure::Failure;
use crate::time::span;

const HEADER: &[&str] = &[
    "Name",
    "Interface",
    "VRID",
    "IP",
    "State",
    "Priority",
    "For",
];

/// Room for a name in the table; it stands in full below.
const NAME: usize = 16;

pub(super) fn print(items: Answers<VrrpItem>, out: &mut impl Write) -> Result<(), Failure> {
    let items: Vec<VrrpItem> = items.collect::<Result<_, _>>()?;
    let rows: Vec<_> = items
        .iter()
        .map(|item| {
            let family = match item.family {
                Family::Ipv4 => "v4",
                Family::Ipv6 => "v6",
            };
            vec![
                word(short(&item.name)),
                word(&item.interface),
                figure(item.virtual_router_id),
                word(family),
                word(item.state),
                figure(item.effective_priority),
                figure(span(item.since_ns / 1_000_000_000)),
            ]
        })
        .collect();
    print_table(out, HEADER, &rows)?;
    for item in &items {
        print_router(out, item)?;
    }
    Ok(())
}

/// A name with its end cut off where it is too long.
fn short(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

fn print_router(out: &mut impl Write, item: &VrrpItem) -> io::Result<()> {
    writeln!(out, "\n{}: {}", item.name, item.virtual_mac)?;
    let active = match (item.state, item.active) {
        (VrrpState::Active, _) => "this box".to_owned(),
        (VrrpState::Initialize | VrrpState::Backup, Some(peer)) => {
            format!("{}, priority {}", peer.address, peer.priority)
        }
        (VrrpState::Initialize | VrrpState::Backup, None) => "not known".to_owned(),
    };
    writeln!(out, "  Active router: {active}")?;
    let addresses = item.virtual_ipaddress.iter().map(ToString::to_string);
    writeln!(out, "{}", wrap("  virtual_ipaddress: ", 4, addresses))?;
    if item.effective_priority != item.priority {
        let start = format!(
            "  priority {}, not {}: ",
            item.effective_priority, item.priority
        );
        let dead = item.dead_services.join(", ");
        let why = format!("no real is up of {dead}");
        writeln!(out, "{}", wrap(&start, 4, why.split(' ')))?;
    }
    match item.forwarder {
        VrrpForwarder::Alive => Ok(()),
        VrrpForwarder::Stale => {
            writeln!(out, "  forwarder stale: it does not become Active")
        }
    }
}
