//! Known answers of the transmit hash: what the kernel itself says.

extern crate std;

use std::string::{String, ToString};
use std::vec::Vec;

use proptest::prelude::*;

use super::xmit_hash;
use crate::XmitHashPolicy;

const KNOWN: &str = include_str!("known_answers.txt");

/// Protocols of Linux's own that it takes apart and that carry nothing through a load balancer: here they
/// hash by layer 2 with the encap policies.
const NOT_TAKEN_APART: [&str; 2] = ["BATMAN unicast", "TIPC"];

struct Known {
    name: String,
    /// By each policy, in the policies' order of numbers.
    hashes: Vec<u32>,
    frame: Vec<u8>,
}

fn known() -> Vec<Known> {
    let lines = KNOWN.lines().filter(|line| !line.starts_with('#'));
    let known = lines.map(|line| {
        let parts: Vec<&str> = line.split(" | ").collect();
        let [name, hashes @ .., frame] = parts.as_slice() else {
            panic!("no known answer: {line}");
        };
        let hash = |hash: &&str| u32::from_str_radix(hash, 16).expect("a hash");
        Known {
            name: (*name).to_string(),
            hashes: hashes.iter().map(hash).collect(),
            frame: bytes(frame),
        }
    });
    known.collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn hash(policy: XmitHashPolicy, name: &str) -> u32 {
    let known = known();
    let found = known.iter().find(|known| known.name == name);
    xmit_hash(policy, &found.expect("a known frame").frame)
}

fn policies() -> Vec<XmitHashPolicy> {
    let mut policies = XmitHashPolicy::ALL.to_vec();
    policies.sort_by_key(|policy| policy.number());
    policies
}

#[test]
fn every_frame_hashes_by_every_policy_as_the_kernel_says() {
    let known = known();
    assert!(known.len() > 200, "{} known answers", known.len());
    let mut different = Vec::new();
    for Known {
        name,
        hashes,
        frame,
    } in known
    {
        assert_eq!(hashes.len(), policies().len(), "{name}");
        for (policy, expected) in policies().into_iter().zip(hashes) {
            let is_encap = matches!(policy, XmitHashPolicy::Encap23 | XmitHashPolicy::Encap34);
            if is_encap && NOT_TAKEN_APART.contains(&name.as_str()) {
                let layer2 = xmit_hash(XmitHashPolicy::Layer2, &frame);
                assert_eq!(xmit_hash(policy, &frame), layer2, "{name}");
                continue;
            }
            let found = xmit_hash(policy, &frame);
            if found != expected {
                different.push(std::format!(
                    "{name}, {policy}: {found:08x}, not {expected:08x}"
                ));
            }
        }
    }
    assert!(different.is_empty(), "{different:#?}");
}

#[test]
fn errors_take_the_member_of_their_flow_and_with_encap_they_do_not() {
    let error = "ICMP unreachable about TCP";
    let flow = "TCP over IPv4";
    let policy = XmitHashPolicy::Layer34;
    assert_eq!(hash(policy, error), hash(policy, flow));
    assert_ne!(hash(policy, "ICMP echo request"), hash(policy, flow));
    let policy = XmitHashPolicy::Encap34;
    assert_ne!(hash(policy, error), hash(policy, flow));
}

#[test]
fn fragments_of_one_datagram_take_one_member() {
    for policy in [XmitHashPolicy::Layer34, XmitHashPolicy::Encap34] {
        let first = hash(policy, "first fragment of UDP over IPv4");
        assert_eq!(first, hash(policy, "later fragment of UDP over IPv4"));
        assert_ne!(first, hash(policy, "UDP over IPv4"));
    }
}

#[test]
fn a_tagged_flow_takes_the_member_of_the_untagged_one_except_by_vlan_srcmac() {
    let (tagged, untagged) = ("one tag: TCP over IPv4", "TCP over IPv4");
    for policy in policies() {
        let is_same = hash(policy, tagged) == hash(policy, untagged);
        assert_eq!(is_same, policy != XmitHashPolicy::VlanSrcmac, "{policy}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(
        mut frame in proptest::collection::vec(any::<u8>(), 0..200),
        ethertype in proptest::option::of(prop_oneof![
            Just(0x0800u16), Just(0x86dd), Just(0x8100), Just(0x88a8), Just(0x8864), Just(0x892f),
        ]),
        protocol in prop_oneof![
            Just(1u8), Just(58), Just(6), Just(51), Just(4), Just(41), Just(47), Just(60), Just(44),
            any::<u8>(),
        ],
    ) {
        if let (Some(ethertype), true) = (ethertype, frame.len() > 23) {
            frame[12..14].copy_from_slice(&ethertype.to_be_bytes());
            frame[if ethertype == 0x0800 { 23 } else { 20 }] = protocol;
        }
        for policy in policies() {
            std::hint::black_box(xmit_hash(policy, &frame));
        }
    }

    #[test]
    fn no_known_frame_that_is_cut_or_damaged_panics(
        which in any::<prop::sample::Index>(),
        length in any::<prop::sample::Index>(),
        damage in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let known = known();
        let mut frame = which.get(&known).frame.clone();
        let damaged = damage.index(frame.len());
        frame[damaged] = byte;
        frame.truncate(length.index(frame.len() + 1));
        for policy in policies() {
            std::hint::black_box(xmit_hash(policy, &frame));
        }
    }
}
