//! What watches the members of a bond: ARP and neighbor solicitation, and flap damping.

use super::super::super::{Node, Value};
use super::{MS, choice};

const COUNTS: Value = Value::Choice(&[
    choice("any", 0, "One target is enough"),
    choice("all", 1, "Each target must answer"),
]);

const VALIDATION: Value = Value::Choice(&[
    choice("none", 0, "Any frame proves a path"),
    choice("active", 1, "The active member needs answers"),
    choice("backup", 2, "Backups need our own probes"),
    choice("all", 3, "Each needs what is valid there"),
    choice("filter", 4, "Any ARP or ND proves a path"),
    choice("filter_active", 5, "active; ARP or ND for backups"),
    choice("filter_backup", 6, "backup; ARP or ND for the active"),
]);

const POINTS: Value = Value::Integer(1, 20_000, "points");

pub(super) const ARP_ALL_TARGETS: Node =
    Node::value("arp_all_targets", "How many targets must answer", COUNTS).default("any");
pub(super) const ARP_INTERVAL: Node =
    Node::value("arp_interval", "Period of the monitor's probes", MS).default("0");
pub(super) const ARP_IP_TARGET: Node = Node::list(
    "arp_ip_target",
    "Whom the monitor asks by ARP",
    Value::Address,
);
pub(super) const ARP_MISSED_MAX: Node = Node::value(
    "arp_missed_max",
    "Silent periods until a member is given up",
    Value::Integer(1, 255, "intervals"),
)
.default("2");
pub(super) const ARP_VALIDATE: Node =
    Node::value("arp_validate", "Which frames prove a path", VALIDATION).default("none");
pub(super) const NS_IP6_TARGET: Node = Node::list(
    "ns_ip6_target",
    "Whom the monitor asks by ND",
    Value::Address,
);
pub(super) const DAMPING: Node =
    Node::value("damping", "Hold members that flap", Value::Switch).default("false");
pub(super) const DAMPING_HALF_LIFE: Node = Node::value(
    "damping_half_life",
    "Time in which half the points are forgotten",
    Value::Integer(1, 3_600_000, "ms"),
)
.default("5000");
pub(super) const DAMPING_MAX_HOLD: Node = Node::value(
    "damping_max_hold",
    "Longest hold after the last loss",
    Value::Integer(1, 86_400_000, "ms"),
)
.default("20000");
pub(super) const DAMPING_PENALTY: Node =
    Node::value("damping_penalty", "Points for a loss of carrier", POINTS).default("1000");
pub(super) const DAMPING_REUSE: Node =
    Node::value("damping_reuse", "Points below which a hold ends", POINTS).default("1000");
pub(super) const DAMPING_SUPPRESS: Node = Node::value(
    "damping_suppress",
    "Points from which a member is held",
    Value::Integer(2, 20_000, "points"),
)
.default("2000");
