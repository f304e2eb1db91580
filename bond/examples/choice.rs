//! Nanoseconds per frame of [`Table::ways`]: the transmit hash and the choice of a member, in process.
//!
//! `cargo run --release -p bond --example choice [-- --json]`
//!
//! Each figure stands beside a baseline of the same run, which reads the same frames' Ethernet header, and
//! does nothing else. The frames, one for each of 256 flows, stay in the cache: a forwarder that has just
//! rewritten a frame has it there.

use std::hint::black_box;
use std::time::Instant as Clock;

use bond::balance_rr::Turn;
use bond::egress::Table;
use bond::{Mapping, Mode, XmitHashPolicy};

const MEMBERS: u8 = 4;
const FLOWS: u8 = 255;
const PASSES: usize = 4_000;
const ROUNDS: usize = 9;

struct Row {
    family: &'static str,
    policy: XmitHashPolicy,
    mapping: Mapping,
    all: f64,
    baseline: f64,
}

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let families: [(&str, Vec<Vec<u8>>); 2] = [("IPv4", flows(ipv4)), ("IPv6", flows(ipv6))];
    let mut rows = Vec::new();
    for (family, frames) in &families {
        let baseline = best(frames, header);
        for mapping in [Mapping::Modulo, Mapping::Resilient] {
            for policy in XmitHashPolicy::ALL.iter().copied() {
                let table = table(policy, mapping);
                let mut turn = Turn::new(1);
                let all = best(frames, |frame| {
                    table.ways(&mut turn, frame, 0).map_or(0, |ways| ways.first)
                });
                rows.push(Row {
                    family,
                    policy,
                    mapping,
                    all,
                    baseline,
                });
            }
        }
    }
    if json {
        let rows: Vec<String> = rows.iter().map(Row::json).collect();
        println!("[{}]", rows.join(","));
    } else {
        show(&rows);
    }
}

fn show(rows: &[Row]) {
    println!(
        "bond::egress::Table::ways, TCP, 60 to 74 bytes, {MEMBERS} members, ns per frame (best of {ROUNDS} rounds)\n"
    );
    println!(
        "{:<8}{:<14}{:<12}{:>8}{:>10}{:>8}",
        "family", "policy", "mapping", "all", "baseline", "bond"
    );
    for row in rows {
        let (policy, mapping) = (row.policy.name(), row.mapping.name());
        println!(
            "{:<8}{policy:<14}{mapping:<12}{:>8.2}{:>10.2}{:>8.2}",
            row.family,
            row.all,
            row.baseline,
            row.all - row.baseline
        );
    }
}

impl Row {
    fn json(&self) -> String {
        format!(
            "{{\"family\":\"{}\",\"policy\":\"{}\",\"mapping\":\"{}\",\"ns_per_frame\":{:.2},\
             \"baseline_ns\":{:.2},\"bond_ns\":{:.2}}}",
            self.family,
            self.policy.name(),
            self.mapping.name(),
            self.all,
            self.baseline,
            self.all - self.baseline
        )
    }
}

/// A bond of `balance-xor` with all its members usable.
fn table(policy: XmitHashPolicy, mapping: Mapping) -> Table {
    let mut table = Table {
        mode: Mode::BalanceXor,
        mapping,
        policy,
        usable: (0..MEMBERS).collect(),
        ..Table::default()
    };
    let members = (0..MEMBERS).cycle();
    for (bucket, member) in table.buckets.iter_mut().zip(members) {
        *bucket = member;
    }
    table
}

/// Nanoseconds per frame: the best of some rounds, since what else the machine does can only add to it.
#[expect(clippy::cast_precision_loss, reason = "a benchmark's figure")]
fn best(frames: &[Vec<u8>], mut choose: impl FnMut(&[u8]) -> usize) -> f64 {
    let mut round = || {
        let start = Clock::now();
        let mut sum = 0_usize;
        for _ in 0..PASSES {
            for frame in frames {
                sum = sum.wrapping_add(choose(black_box(frame)));
            }
        }
        black_box(sum);
        start.elapsed().as_nanos() as f64 / (PASSES * frames.len()) as f64
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// The baseline.
fn header(frame: &[u8]) -> usize {
    frame.get(5).copied().map_or(0, usize::from) ^ frame.get(11).copied().map_or(0, usize::from)
}

fn flows(frame: fn(u8) -> Vec<u8>) -> Vec<Vec<u8>> {
    (0..=FLOWS).map(frame).collect()
}

fn ethernet(ethertype: [u8; 2]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    frame.extend(ethertype);
    frame
}

fn tcp(frame: &mut Vec<u8>, flow: u8) {
    frame.extend([0x9c, flow, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0]);
    frame.extend([0; 10]);
}

fn ipv4(flow: u8) -> Vec<u8> {
    let mut frame = ethernet([8, 0]);
    frame.extend([0x45, 0, 0, 46, 0, 1, 0x40, 0, 64, 6, 0, 0]);
    frame.extend([100, 64, 0, flow, 10, 1, 0, 100]);
    tcp(&mut frame, flow);
    frame
}

fn ipv6(flow: u8) -> Vec<u8> {
    let mut frame = ethernet([0x86, 0xdd]);
    frame.extend([0x60, 0, 0, 0, 0, 20, 6, 64]);
    frame.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, flow]);
    frame.extend([0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100]);
    tcp(&mut frame, flow);
    frame
}
