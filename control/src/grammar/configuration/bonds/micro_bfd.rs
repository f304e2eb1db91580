//! `bond NAME micro_bfd`.

use super::super::super::{Node, Value};

/// From the daemon's pace to LACP's.
const INTERVAL: Value = Value::Integer(10, 10_000, "ms");

pub(super) const MICRO_BFD: Node = Node::words(
    "micro_bfd",
    "BFD on each member (RFC 7130)",
    &[
        Node::value(
            "local_address",
            "Our address in the packets",
            Value::Address,
        )
        .required(),
        Node::value("remote_address", "The other end's address", Value::Address).required(),
        Node::value("min_rx", "Shortest interval that we take", INTERVAL).default("50"),
        Node::value("min_tx", "Shortest interval that we send at", INTERVAL).default("50"),
        Node::value(
            "multiplier",
            "Packets in a row that may be missed",
            Value::Integer(1, 255, "packets"),
        )
        .default("3"),
    ],
);
