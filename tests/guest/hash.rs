//! What the kernel's bonding makes of frames: the whole 32 bits of its hash, by the members it takes.
//!
//! ```text
//! test ─► eth0 ─ br0 ─ bond0 ─┬ m1  = VLAN 1  of eth1 ─┐
//!                             ├ …                      ├─► test: the tag is the member
//!                             └ m32 = VLAN 32 of eth1 ─┘
//! ```
//! A bond of n members tells the hash modulo n; several n without common factors whose product is beyond
//! 2³² tell all of it (the Chinese remainder theorem). Frames reach the bond as from any NIC: the kernel has
//! taken the outermost tag off and keeps it beside the frame, as it does for a VLAN interface on a bond.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::guest::{Guest, Port};

/// Without common factors, and their product is more than 2³².
const COUNTS: [u32; 7] = [19, 23, 25, 27, 29, 31, 32];
const POLICIES: [&str; 6] = [
    "layer2",
    "layer3+4",
    "layer2+3",
    "encap2+3",
    "encap3+4",
    "vlan+srcmac",
];
/// Writes what the kernel says instead of comparing it.
const LEARN: &str = "FOURFOLD_LEARN";
/// How long a frame may take through the guest.
const LEAVES: Duration = Duration::from_secs(5);

/// A line of the known answers.
struct Known<'t> {
    name: &'t str,
    /// By each policy, as it is written.
    hashes: Vec<&'t str>,
    frame: &'t str,
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../bond/src/tests/known_answers.txt")
}

/// The known answers; a new frame has none yet.
fn known(text: &str) -> Vec<Known<'_>> {
    let parse = |line| {
        let parts: Vec<&str> = str::split(line, " | ").collect();
        let [name, hashes @ .., frame] = parts.as_slice() else {
            panic!("no known answer: {line}");
        };
        Known {
            name,
            hashes: hashes.to_vec(),
            frame,
        }
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(parse).collect()
}

fn bytes(hex: &str) -> Result<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |two: &[u8]| Ok(u8::from_str_radix(std::str::from_utf8(two)?, 16)?);
    digits.map(byte).collect()
}

/// A bridge between eth0 and a bond that has no members yet.
const WORLD: &str = "(set -e
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
ethtool -K eth0 gro off
ip link set eth1 up
ip link add bond0 type bond mode balance-xor miimon 10
ip link add br0 type bridge mcast_snooping 0
for port in eth0 bond0; do
ip link set $port master br0; bridge link set dev $port learning off; done
for link in bond0 br0 eth0; do ip link set $link up; done)";

/// Adds members up to so many, and waits until all are up.
fn grow(guest: &mut Guest, from: u32, to: u32) -> Result<String> {
    guest.run(&format!(
        "(set -e
for i in $(seq {from} {to}); do
ip link add link eth1 name m$i type vlan id $i; ip link set m$i master bond0; done
while [ $(grep -lx up /sys/class/net/m*/bonding_slave/mii_status | wc -l) != {to} ]; do :; done)"
    ))
}

/// The member that a frame leaves by, counted from 0.
fn member(ports: &[Port; 2], frame: &[u8]) -> Result<u32> {
    let [entry, exit] = ports;
    entry.send(frame)?;
    loop {
        let left = exit.receive(LEAVES)?;
        let mut left = left.context("it never left")?;
        ensure!(left.len() > 16, "something else left");
        let tag: Vec<u8> = left.drain(12..16).collect();
        // What the bridge and the bond say by themselves is not looked at.
        if left == frame {
            return Ok(u32::from(tag[3]) - 1);
        }
    }
}

/// The number below 2³² with these remainders.
fn number(remainders: &[(u32, u32)]) -> u64 {
    let (mut value, mut step) = (0_u64, 1_u64);
    for &(modulus, remainder) in remainders {
        while value % u64::from(modulus) != u64::from(remainder) {
            value += step;
        }
        step *= u64::from(modulus);
    }
    value
}

#[test]
#[ignore = "needs QEMU and FOURFOLD_GUEST"]
fn the_kernel_hashes_every_frame_as_the_known_answers_say() {
    let room = tempfile::tempdir().unwrap();
    let ports = ["eth0", "eth1"].map(|name| Port::open(room.path(), name).unwrap());
    let mut guest = Guest::boot(room.path(), &ports.each_ref().map(Port::wire)).unwrap();
    guest.run(WORLD).unwrap();
    let text = std::fs::read_to_string(file()).unwrap();
    let known = known(&text);
    let mut found = vec![vec![Vec::new(); POLICIES.len()]; known.len()];
    let mut has = 0;
    for count in COUNTS {
        grow(&mut guest, has + 1, count).unwrap();
        has = count;
        for (which, policy) in POLICIES.iter().enumerate() {
            let choose = format!("echo {policy} >/sys/class/net/bond0/bonding/xmit_hash_policy");
            guest.run(&choose).unwrap();
            for (known, found) in known.iter().zip(&mut found) {
                let member = bytes(known.frame)
                    .and_then(|frame| member(&ports, &frame))
                    .unwrap_or_else(|error| panic!("{}: {error:#}", known.name));
                found[which].push((count, member));
            }
        }
    }
    let found = found.iter().map(|by_policy| {
        let hashes = by_policy.iter().map(|members| number(members));
        hashes.map(|hash| format!("{hash:08x}")).collect()
    });
    compare(&text, &known, found.collect()).unwrap();
}

/// Fails with every frame of which the kernel says something else; writes it instead when asked to.
fn compare(text: &str, known: &[Known<'_>], found: Vec<Vec<String>>) -> Result<()> {
    if std::env::var_os(LEARN).is_some() {
        let head = text.lines().take_while(|line| line.starts_with('#'));
        let mut learnt: Vec<String> = head.map(str::to_owned).collect();
        learnt.extend(known.iter().zip(&found).map(|(known, hashes)| {
            format!("{} | {} | {}", known.name, hashes.join(" | "), known.frame)
        }));
        return Ok(std::fs::write(file(), learnt.join("\n") + "\n")?);
    }
    for (known, hashes) in known.iter().zip(found) {
        assert_eq!(known.hashes, hashes, "{}", known.name);
    }
    Ok(())
}
