//! `bond`: Linux bonding's options, under Linux's names.

mod adaptive;
mod lacp;
mod micro_bfd;
mod monitor;
mod weight;

use super::super::{Choice, Follow, Node, Value};

const fn choice(word: &'static str, number: u8, help: &'static str) -> Choice {
    Choice {
        word,
        number: Some(number),
        help,
    }
}

/// The longest of Linux's delays and periods: a signed integer's last.
const MS: Value = Value::Integer(0, 2_147_483_647, "ms");

const MODES: Value = Value::Choice(&[
    choice("balance-rr", 0, "Packets by all members in turn"),
    choice("active-backup", 1, "One member at a time"),
    choice("balance-xor", 2, "All members, by a hash of the frame"),
    choice("broadcast", 3, "Every frame by every member"),
    choice("802.3ad", 4, "LACP: all members at once"),
    choice("balance-tlb", 5, "All send, by load; one receives"),
    choice("balance-alb", 6, "All send and receive, by load"),
]);

const RATES: Value = Value::Choice(&[
    choice("slow", 0, "Every 30 s; silence counts after 90 s"),
    choice("fast", 1, "Every second; silence counts after 3 s"),
]);

/// The transmit hashes.
pub(in super::super) const POLICIES: Value = Value::Choice(&[
    choice("layer2", 0, "MAC addresses"),
    choice("layer3+4", 1, "IP addresses and ports"),
    choice("layer2+3", 2, "MAC and IP addresses"),
    choice("encap2+3", 3, "As layer2+3, within tunnels"),
    choice("encap3+4", 4, "As layer3+4, within tunnels"),
    choice("vlan+srcmac", 5, "VLAN and source MAC address"),
]);

/// How a hash becomes a member.
pub(in super::super) const MAPPINGS: Value = Value::Choice(&[
    choice("modulo", 0, "As Linux: any flow may move"),
    choice("resilient", 1, "Only the flows of a lost member move"),
]);

const RESELECTIONS: Value = Value::Choice(&[
    choice("always", 0, "As soon as it is back"),
    choice("better", 1, "If its speed or duplex is better"),
    choice("failure", 2, "Only when the active one fails"),
]);

const FAIL_OVER_MACS: Value = Value::Choice(&[
    choice("none", 0, "One MAC for the bond and all members"),
    choice("active", 1, "The bond has its active member's"),
    choice("follow", 2, "The bond's goes with the active member"),
]);

const MEMBER: Node = Node::named(
    "member",
    "Options of one member",
    Value::Interface,
    Follow::One(&[
        Node::value(
            "actor_port_prio",
            "802.3ad: LACP port priority; lower wins",
            Value::Integer(0, 65_535, ""),
        )
        .default("255"),
        Node::value(
            "prio",
            "As the active member; higher wins",
            Value::Integer(-2_147_483_648, 2_147_483_647, ""),
        )
        .default("0"),
        weight::WEIGHT,
    ]),
);

const VLAN: Node = Node::named(
    "vlan",
    "802.1Q networks on the bond, by identifier",
    Value::Integer(1, 4094, ""),
    Follow::Maybe(&[Node::list(
        "addresses",
        "Addresses of the host on the VLAN",
        Value::Prefix,
    )]),
);

pub(super) const BOND: Node = Node::named(
    "bond",
    "Bonds, which carry the data plane",
    Value::Name,
    Follow::Maybe(&[
        Node::value("mode", "How the members share the work", MODES).required(),
        Node::list("members", "The NICs, in the bond's order", Value::Interface).required(),
        Node::list("addresses", "Addresses of the host", Value::Prefix),
        Node::value(
            "all_members_active",
            "Members that are not in use receive, too",
            Value::Switch,
        )
        .default("false"),
        Node::value("downdelay", "How long carrier must be gone", MS).default("0"),
        Node::value("mac", "The bond's MAC address", Value::Mac),
        Node::value("miimon", "Period of updelay and downdelay", MS).default("0"),
        Node::value("mtu", "Longest packet", Value::Integer(68, 9000, "bytes")).default("1500"),
        Node::value("updelay", "How long carrier must be back", MS).default("0"),
        monitor::ARP_ALL_TARGETS,
        monitor::ARP_INTERVAL,
        monitor::ARP_IP_TARGET,
        monitor::ARP_MISSED_MAX,
        monitor::ARP_VALIDATE,
        monitor::NS_IP6_TARGET,
        monitor::DAMPING,
        monitor::DAMPING_HALF_LIFE,
        monitor::DAMPING_MAX_HOLD,
        monitor::DAMPING_PENALTY,
        monitor::DAMPING_REUSE,
        monitor::DAMPING_SUPPRESS,
        Node::value(
            "fail_over_mac",
            "active-backup: whose MAC the bond has",
            FAIL_OVER_MACS,
        )
        .default("none"),
        Node::value(
            "num_grat_arp",
            "active-backup: announcements after a failover",
            Value::Integer(0, 255, "times"),
        )
        .default("1"),
        Node::value(
            "peer_notif_delay",
            "active-backup: time between announcements",
            Value::Integer(0, 300_000, "ms"),
        )
        .default("0"),
        adaptive::LP_INTERVAL,
        adaptive::TLB_DYNAMIC_LB,
        Node::value(
            "packets_per_member",
            "balance-rr: packets in a row; 0: any member",
            Value::Integer(0, 65_535, ""),
        )
        .default("1"),
        Node::value("primary", "The preferred active member", Value::Interface),
        Node::value(
            "primary_reselect",
            "When the primary takes over",
            RESELECTIONS,
        )
        .default("always"),
        Node::value(
            "resend_igmp",
            "Group reports after a failover",
            Value::Integer(0, 255, "times"),
        )
        .default("1"),
        Node::value(
            "ad_actor_sys_prio",
            "802.3ad: LACP system priority; lower wins",
            Value::Integer(1, 65_535, ""),
        )
        .default("65535"),
        Node::value("ad_actor_system", "802.3ad: LACP system", Value::Mac),
        Node::value(
            "ad_select",
            "802.3ad: which aggregator is used",
            lacp::SELECTIONS,
        )
        .default("stable"),
        Node::value(
            "ad_user_port_key",
            "802.3ad: upper 10 bits of the LACP key",
            Value::Integer(0, 1023, ""),
        )
        .default("0"),
        lacp::BROADCAST_NEIGHBOR,
        lacp::COUPLED_CONTROL,
        lacp::FALLBACK,
        lacp::FALLBACK_DELAY,
        Node::value("lacp_active", "802.3ad: LACP speaks first", Value::Switch).default("true"),
        lacp::MAX_BUNDLE,
        Node::value("lacp_rate", "802.3ad: how often the partner sends", RATES).default("slow"),
        Node::value(
            "lacp_strict",
            "802.3ad: no LACP partner, no traffic",
            Value::Switch,
        )
        .default("false"),
        Node::value(
            "mapping",
            "balance-xor, 802.3ad: how it becomes a member",
            MAPPINGS,
        )
        .default("resilient"),
        Node::value(
            "min_links",
            "802.3ad: fewest usable members",
            Value::Integer(0, 16, "members"),
        )
        .default("0"),
        Node::value("xmit_hash_policy", "What the transmit hash is of", POLICIES).default("layer2"),
        MEMBER,
        micro_bfd::MICRO_BFD,
        VLAN,
    ]),
);
