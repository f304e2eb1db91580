//! Options of LACP beyond the negotiation itself.

use super::{MS, choice};
use crate::grammar::{Node, Value};

pub(super) const SELECTIONS: Value = Value::Choice(&[
    choice("stable", 0, "The one in use, while it works"),
    choice("bandwidth", 1, "That of most bandwidth"),
    choice("count", 2, "That of most ports"),
    choice(
        "actor_port_prio",
        3,
        "That of the highest priorities in sum",
    ),
]);

pub(super) const BROADCAST_NEIGHBOR: Node = Node::value(
    "broadcast_neighbor",
    "802.3ad: ARP and ND by every member",
    Value::Switch,
)
.default("false");

pub(super) const COUPLED_CONTROL: Node = Node::value(
    "coupled_control",
    "802.3ad: send as soon as receiving",
    Value::Switch,
)
.default("true");

pub(super) const FALLBACK: Node = Node::value(
    "fallback",
    "802.3ad: what works without a partner",
    Value::Choice(&[
        choice("none", 0, "Nothing; Linux's lacp_strict"),
        choice("individual", 1, "One member, as in Linux"),
        choice("active-backup", 2, "The best member, the others wait"),
    ]),
)
.default("individual");

pub(super) const FALLBACK_DELAY: Node = Node::value(
    "fallback_delay",
    "802.3ad: how long without a partner before",
    MS,
)
.default("0");

pub(super) const MAX_BUNDLE: Node = Node::value(
    "lacp_max_bundle",
    "802.3ad: most usable members; 0: all",
    Value::Integer(0, 16, "members"),
)
.default("0");
