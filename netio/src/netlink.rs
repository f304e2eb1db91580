//! The kernel's links, addresses, routes, rules and neighbours, over rtnetlink.
//!
//! Open a [`Watch`] first and dump second: what changes in between is then seen twice, and nothing
//! is missed. After [`Event::Overrun`] dump again.

mod decode;
mod model;
mod policy;
mod request;
mod vlan;
mod watch;

pub use model::{Address, Event, Link, Neighbour, NeighbourState, Route, RouteKind, Rule, Upkeep};
pub use request::Netlink;
pub use watch::Watch;
