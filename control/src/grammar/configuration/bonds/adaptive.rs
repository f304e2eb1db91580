//! Options of balance-tlb and balance-alb.

use super::super::super::{Node, Value};

pub(super) const LP_INTERVAL: Node = Node::value(
    "lp_interval",
    "tlb, alb: time between learning frames",
    Value::Integer(1, 2_147_483_647, "s"),
)
.default("1");
pub(super) const TLB_DYNAMIC_LB: Node = Node::value(
    "tlb_dynamic_lb",
    "tlb, alb: flows move as their load wants",
    Value::Switch,
)
.default("true");
