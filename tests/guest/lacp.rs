//! LACP with the kernel's bonding: each end finds out what the other one is, and both carry traffic.

use anyhow::{Context, Result, ensure};
use bond::Mode;
use serde_json::Value;
use tests::appliance::binaries;
use tests::bonding::Told;
use tests::guest::facing::{End, Facing, LIMIT, MEMBERS};
use tests::wait;

use crate::story::{Part, check, print, tell};

/// State of a port that carries (IEEE 802.1AX): Activity, Aggregation, Synchronization, Collecting,
/// Distributing. One that asks for an LACPDU every second says Timeout besides.
const CARRYING: u64 = 0b0011_1101;
const TIMEOUT: u64 = 0b0000_0010;

/// One end of a port as `/proc/net/bonding` words it, from our own `show lacp`.
fn details(side: &str, key: &str, end: &Value) -> String {
    let field = |name: &str| end[name].to_string().replace('"', "");
    format!(
        "details {side} lacp pdu:\n    system priority: {}\n    system mac address: {}\n    {key}: {}\n    \
         port priority: {}\n    port number: {}\n    port state: {}",
        field("system_priority"),
        field("system"),
        field("key"),
        field("port_priority"),
        field("port"),
        field("state"),
    )
}

/// Whether the kernel says of itself what we say of our partner, and of its partner what we say of
/// ourselves, with so many ports in the aggregator that carries.
fn agree(facing: &mut Facing, state: u64, ports: usize) -> Result<()> {
    let shown = facing.appliance().show("lacp")?;
    let own = shown["lacp"][0]["ports"].as_array().context("ports")?;
    let said = facing.guest.run("cat /proc/net/bonding/bond0")?;
    let said = said.replace('\r', "");
    let mut sections = said.split("Slave Interface: ");
    let whole = sections.next().unwrap_or_default();
    let system = shown["lacp"][0]["system"].as_str().context("our system")?;
    for line in [
        format!("Number of ports: {ports}"),
        format!("Partner Mac Address: {system}"),
    ] {
        ensure!(whole.contains(&line), "no `{line}`:\n{whole}");
    }
    let mut carrying = 0;
    for (port, section) in own.iter().zip(sections) {
        if port["selected"] != "selected" {
            continue;
        }
        carrying += 1;
        for (ours, lines) in [
            ("partner", details("actor", "port key", &port["partner"])),
            ("actor", details("partner", "oper key", &port["actor"])),
        ] {
            ensure!(section.contains(&lines), "no\n{lines}\nin\n{section}");
            ensure!(port[ours]["state"] == state, "{ours}: {port}");
        }
        ensure!(section.contains("Aggregator ID: 1"), "{section}");
    }
    ensure!(carrying == ports, "{carrying} of our ports are selected");
    Ok(())
}

fn wait_until_agreed(facing: &mut Facing, state: u64, ports: usize) -> Result<()> {
    wait::until_ok(LIMIT, || agree(facing, state, ports))
}

/// At the fast rate, with these further options of ours.
fn story(options: &str) -> Result<Told<Part>> {
    let options = format!("lacp_rate = \"fast\"\nxmit_hash_policy = \"layer3+4\"\n{options}");
    let of_guest = "lacp_rate fast xmit_hash_policy layer3+4";
    let mut facing = Facing::raise(&binaries()?, Mode::Ieee8023ad, &options, of_guest)?;
    wait_until_agreed(&mut facing, CARRYING | TIMEOUT, MEMBERS)?;
    let told = tell(&mut facing)?;
    print(&told, Mode::Ieee8023ad);
    check(&told, Mode::Ieee8023ad)?;
    wait_until_agreed(&mut facing, CARRYING | TIMEOUT, MEMBERS)?;
    let [asked, answered] = markers(&facing)?;
    println!("{asked} markers, {answered} answered by the kernel");
    ensure!(answered > 0, "the kernel answered none of {asked} markers");
    Ok(told)
}

/// Markers that we sent before flows moved back to a member, and the kernel's answers.
fn markers(facing: &Facing) -> Result<[u64; 2]> {
    let shown = facing.appliance().show("lacp")?;
    let ports = shown["lacp"][0]["ports"].as_array().context("ports")?;
    let sum = |what: &str| {
        let counts = ports.iter().map(|port| port["counters"][what].as_u64());
        counts.map(Option::unwrap_or_default).sum()
    };
    Ok([sum("marker_pdus_tx"), sum("marker_response_pdus_rx")])
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn lacp_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    story("").map(drop)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn with_independent_control_nothing_goes_to_a_member_that_the_kernel_does_not_collect_from_yet()
-> Result<()> {
    let told = story("coupled_control = false")?;
    let heal = told.of(Part::Heal, 0);
    ensure!(heal.lost == 0, "healed: {heal}");
    Ok(())
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn lacp_at_the_slow_rate_bundles_with_the_kernels_and_lets_a_cut_member_go() -> Result<()> {
    let of_guest = "lacp_rate slow";
    let mut facing = Facing::raise(&binaries()?, Mode::Ieee8023ad, "", of_guest)?;
    wait_until_agreed(&mut facing, CARRYING, MEMBERS)?;
    facing.cut(1, End::Guest)?;
    wait_until_agreed(&mut facing, CARRYING, MEMBERS - 1)?;
    facing.heal(1)?;
    wait_until_agreed(&mut facing, CARRYING, MEMBERS)
}
