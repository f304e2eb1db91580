//! Who may come in by the management port: an nftables table of its own, loaded by Debian's `nft` in one
//! atomic transaction.
//!
//! - By the management port come answers, ICMP, and new connections of those in `allow`.
//! - SSH is to be had there and nowhere else. What else comes in by other interfaces is nobody's business here.
//! - Nothing is forwarded from or to the management port.
//! - The data plane's packets are not tracked: the table would have the kernel remember each of them.

use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;
use std::process::Stdio;
use std::time::Duration;

use control::config::Management;
use control::show::{DropItem, Fate};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

const NFT: &str = "/usr/sbin/nft";

/// How long `nft` may take: far less than a transaction may.
const PATIENCE: Duration = Duration::from_secs(3);

/// Takes away the table that is there, if one is: part of each transaction.
const REMOVAL: &str = "table inet fourfold\ndelete table inet fourfold\n";

/// ICMP that a host needs to be found, and to learn that and why it cannot be reached.
const ICMP: &str =
    "icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } accept";
const ICMPV6: &str = "icmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, \
     parameter-problem, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query } accept";

/// What makes the access list of this management port, in place of any other; without a port, what removes it.
pub fn script(management: Option<&Management>) -> String {
    let Some(management) = management else {
        return REMOVAL.to_owned();
    };
    let port = quoted(&management.interface);
    let mut allowed = String::new();
    for network in &management.allow {
        let family = match network.ip {
            IpAddr::V4(_) => "ip",
            IpAddr::V6(_) => "ip6",
        };
        // Writing to a text does not fail.
        writeln!(allowed, "\t\t{family} saddr {network} accept").ok();
    }
    if management.allow.is_empty() {
        allowed.push_str("\t\taccept\n");
    }
    format!(
        "{REMOVAL}\
table inet fourfold {{
	counter not_allowed {{ }}
	counter ssh_elsewhere {{ }}
	counter through_management {{ }}
	chain tracked_in {{
		type filter hook prerouting priority raw; policy accept;
		iifname != {port} notrack
	}}
	chain tracked_out {{
		type filter hook output priority raw; policy accept;
		oifname != {port} notrack
	}}
	chain input {{
		type filter hook input priority filter; policy accept;
		iifname \"lo\" accept
		iifname != {port} tcp dport 22 counter name ssh_elsewhere drop
		iifname != {port} accept
		ct state established,related accept
		{ICMP}
		{ICMPV6}
{allowed}		counter name not_allowed drop
	}}
	chain forward {{
		type filter hook forward priority filter; policy accept;
		iifname {port} counter name through_management drop
		oifname {port} counter name through_management drop
	}}
}}
"
    )
}

/// An interface's name as `nft` takes it: a final `*` would be a pattern.
fn quoted(interface: &str) -> String {
    match interface.strip_suffix('*') {
        Some(stem) => format!("\"{stem}\\*\""),
        None => format!("\"{interface}\""),
    }
}

/// Has `nft` carry out a script: all of it or nothing.
///
/// # Errors
/// That it is not installed; else what it says, or that it says nothing.
pub async fn load(script: &str) -> io::Result<()> {
    nft(&["-f", "-"], script).await.map(drop)
}

/// What the list has dropped since it was loaded.
///
/// # Errors
/// As [`load`]; that there is no list, or that what it says makes no sense.
pub async fn drops() -> io::Result<Vec<DropItem>> {
    let said = nft(&["-j", "list", "counters", "table", "inet", "fourfold"], "").await?;
    let said: Said = serde_json::from_slice(&said)?;
    let counters = said
        .nftables
        .into_iter()
        .filter_map(|object| object.counter);
    let items = counters.map(|counter| DropItem {
        reason: counter.name,
        layer: "access".to_owned(),
        fate: Fate::Drop,
        count: counter.packets,
    });
    Ok(items.collect())
}

/// What `nft -j` lists: objects of several kinds.
#[derive(Deserialize)]
struct Said {
    nftables: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    counter: Option<Counter>,
}

#[derive(Deserialize)]
struct Counter {
    name: String,
    packets: u64,
}

async fn nft(args: &[&str], input: &str) -> io::Result<Vec<u8>> {
    let mut command = Command::new(NFT);
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut nft = command.spawn().map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => io::Error::new(e.kind(), format!("{NFT} is not installed")),
        kind => io::Error::new(kind, format!("{NFT}: {e}")),
    })?;
    if let Some(mut stdin) = nft.stdin.take() {
        // One that does not listen will say why.
        stdin.write_all(input.as_bytes()).await.ok();
    }
    let Ok(output) = timeout(PATIENCE, nft.wait_with_output()).await else {
        return Err(io::Error::other(format!("{NFT} does not come to an end")));
    };
    let output = output?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.lines().next().unwrap_or("no reason given");
    Err(io::Error::other(format!("{NFT}: {why}")))
}

#[cfg(test)]
#[path = "tests/access.rs"]
mod tests;
