//! A member's weight.

use crate::grammar::{Node, Value};

pub(super) const WEIGHT: Node = Node::value(
    "weight",
    "mapping resilient: part of the flows; else speed",
    Value::Integer(1, 255, ""),
);
