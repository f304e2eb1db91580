//! `show bond`, laid out as /proc/net/bonding.

use std::io::{self, Write};

use control::show::{BondItem, Duplex, Forwarder, Mapping, MemberItem, Mode, MonitorConfig};

use crate::ask::Answers;
use crate::failure::Failure;

pub(super) fn print(items: Answers<BondItem>, out: &mut impl Write) -> Result<(), Failure> {
    let mut gap = "";
    for item in items {
        write!(out, "{gap}")?;
        print_bond(out, &item?)?;
        gap = "\n";
    }
    Ok(())
}

fn print_bond(out: &mut impl Write, item: &BondItem) -> io::Result<()> {
    writeln!(out, "Bond: {}", item.name)?;
    writeln!(out, "Bonding Mode: {} ({})", item.mode, item.mode.number())?;
    print_mode(out, item)?;
    writeln!(out, "MII Status: {}", up_or_down(item.carrier))?;
    writeln!(out, "HW addr: {}", item.mac)?;
    if let Some(monitor) = &item.monitor {
        print_monitor(out, monitor)?;
    }
    let forwarder = match item.forwarder {
        Forwarder::Alive => "alive",
        Forwarder::Stale => "stale",
    };
    writeln!(
        out,
        "Forwarder: {forwarder}, egress table {}",
        item.generation
    )?;
    print_moved(out, item)?;
    for member in &item.members {
        print_member(out, has_buckets(item), member)?;
    }
    Ok(())
}

/// What not every mode has.
fn print_mode(out: &mut impl Write, item: &BondItem) -> io::Result<()> {
    match item.mode {
        Mode::BalanceRr | Mode::Broadcast => {}
        Mode::ActiveBackup => {
            let active = item.active.as_deref().unwrap_or("None");
            writeln!(out, "Currently Active Member: {active}")?;
        }
        Mode::BalanceXor | Mode::Ieee8023ad => {
            print_policy(out, item)?;
            writeln!(out, "Mapping: {}", item.mapping)?;
        }
        Mode::BalanceTlb | Mode::BalanceAlb => {
            let active = item.active.as_deref().unwrap_or("None");
            writeln!(out, "Currently Active Member: {active}")?;
            if item.mode == Mode::BalanceTlb || !is_dynamic(item) {
                print_policy(out, item)?;
            }
            let dynamic = if is_dynamic(item) { "on" } else { "off" };
            writeln!(out, "Dynamic Load Balancing: {dynamic}")?;
        }
    }
    Ok(())
}

fn print_policy(out: &mut impl Write, item: &BondItem) -> io::Result<()> {
    let policy = item.xmit_hash_policy;
    writeln!(out, "Transmit Hash Policy: {policy} ({})", policy.number())
}

/// In balance-tlb and balance-alb: whether flows move with their load.
fn is_dynamic(item: &BondItem) -> bool {
    item.mapping == Mapping::Resilient
}

/// How buckets have moved, where any has.
fn print_moved(out: &mut impl Write, item: &BondItem) -> io::Result<()> {
    let moved = &item.moved;
    let ways = [
        (moved.idle, "idle"),
        (moved.drained, "drained"),
        (moved.answered, "answered"),
        (moved.late, "late"),
        (moved.lost, "from a lost member"),
    ];
    let ways = ways.into_iter().filter(|(count, _)| *count > 0);
    let ways: Vec<String> = ways.map(|(count, how)| format!("{count} {how}")).collect();
    if has_buckets(item) && !ways.is_empty() {
        writeln!(out, "Buckets Moved: {}", ways.join(", "))?;
    }
    if moved.held > 0 {
        writeln!(out, "Frames Held Meanwhile: {}", moved.held)?;
    }
    Ok(())
}

fn print_monitor(out: &mut impl Write, monitor: &MonitorConfig) -> io::Result<()> {
    let list = |targets: Vec<String>| targets.join(", ");
    let v4 = monitor.arp_ip_target.iter().map(ToString::to_string);
    let v6 = monitor.ns_ip6_target.iter().map(ToString::to_string);
    writeln!(out, "ARP Polling Interval (ms): {}", monitor.arp_interval)?;
    writeln!(out, "ARP Missed Max: {}", monitor.arp_missed_max)?;
    writeln!(out, "ARP Validate: {}", monitor.arp_validate)?;
    writeln!(out, "ARP IP target/s: {}", list(v4.collect()))?;
    writeln!(out, "NS IPv6 target/s: {}", list(v6.collect()))
}

fn print_member(out: &mut impl Write, has_buckets: bool, member: &MemberItem) -> io::Result<()> {
    let speed = member
        .speed
        .map_or_else(|| "Unknown".to_owned(), |speed| format!("{speed} Mbps"));
    let duplex = match member.duplex {
        Some(Duplex::Full) => "full",
        Some(Duplex::Half) => "half",
        None => "Unknown",
    };
    let traffic = match (member.usable, member.why) {
        (true, _) if has_buckets => format!("yes, {} buckets", member.buckets),
        (true, _) => "yes".to_owned(),
        (false, Some(why)) => format!("no: {why}"),
        (false, None) => "no".to_owned(),
    };
    writeln!(out)?;
    writeln!(out, "Member Interface: {}", member.name)?;
    writeln!(out, "MII Status: {}", up_or_down(member.carrier))?;
    writeln!(out, "Speed: {speed}")?;
    writeln!(out, "Duplex: {duplex}")?;
    writeln!(out, "Link Failure Count: {}", member.failures)?;
    if member.penalty > 0 {
        let hold = member
            .reuse_in_ms
            .map_or_else(String::new, |ms| format!(", used again in {ms} ms"));
        writeln!(out, "Flap Penalty: {}{hold}", member.penalty)?;
    }
    writeln!(out, "Permanent HW addr: {}", member.mac)?;
    writeln!(out, "Carries Traffic: {traffic}")
}

/// Whether a hash chooses a frame's member by a bucket.
fn has_buckets(item: &BondItem) -> bool {
    match item.mode {
        Mode::BalanceRr | Mode::Broadcast => false,
        Mode::BalanceTlb | Mode::BalanceAlb => is_dynamic(item),
        Mode::ActiveBackup | Mode::BalanceXor | Mode::Ieee8023ad => true,
    }
}

fn up_or_down(carrier: bool) -> &'static str {
    if carrier { "up" } else { "down" }
}
