//! Bonds: their members, and LACP on them.

use control::show::{BondItem, LacpItem};

use crate::metrics::family::{Kind, Page};

const MUX: [&str; 6] = [
    "detached",
    "waiting",
    "attached",
    "collecting_distributing",
    "collecting",
    "distributing",
];
const RECEIVE: [&str; 5] = [
    "port_disabled",
    "lacp_disabled",
    "expired",
    "defaulted",
    "current",
];

/// A number of a member, for its family.
type Number = fn(&control::show::MemberItem) -> u64;

pub fn members(page: &mut Page, bonds: &[BondItem]) {
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_bond_carrier",
        "Whether the bond can carry traffic.",
    );
    for bond in bonds {
        family.add(&[("bond", &bond.name)], u64::from(bond.carrier));
    }
    let families: [(Kind, &str, &str, Number); 3] = [
        (
            Kind::Gauge,
            "fourfold_member_carrier",
            "Whether the member has carrier.",
            |member| u64::from(member.carrier),
        ),
        (
            Kind::Gauge,
            "fourfold_member_active",
            "Whether the member carries traffic.",
            |member| u64::from(member.usable),
        ),
        (
            Kind::Counter,
            "fourfold_member_link_failures_total",
            "How often the member lost its carrier.",
            |member| member.failures,
        ),
    ];
    for (kind, name, help, number) in families {
        let mut family = page.family(kind, name, help);
        for bond in bonds {
            for member in &bond.members {
                let labels = [("bond", &*bond.name), ("member", &member.name)];
                family.add(&labels, number(member));
            }
        }
    }
}

pub fn lacp(page: &mut Page, bonds: &[LacpItem]) {
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_member_lacp_mux",
        "The state of the member's Mux machine.",
    );
    for (bond, port) in ports(bonds) {
        let labels = [("bond", bond), ("member", &port.member)];
        family.add_word(&labels, "state", &MUX, port.mux.name());
    }
    let mut family = page.family(
        Kind::Gauge,
        "fourfold_member_lacp_receive",
        "The state of the member's Receive machine.",
    );
    for (bond, port) in ports(bonds) {
        let labels = [("bond", bond), ("member", &port.member)];
        family.add_word(&labels, "state", &RECEIVE, port.receive.name());
    }
}

fn ports(bonds: &[LacpItem]) -> impl Iterator<Item = (&str, &control::show::PortStatus)> {
    bonds
        .iter()
        .flat_map(|bond| bond.ports.iter().map(|port| (&*bond.bond, port)))
}
