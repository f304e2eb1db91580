//! Carrying out one step: what was added or removed is said.

use super::{Host, Role};
use crate::plan::Step;

impl Host {
    pub(super) async fn add(&mut self, step: Step) {
        let netlink = &self.netlink;
        let result = match &step {
            Step::Vlan { name, ifindex, id } => netlink.add_vlan(name, *ifindex, *id).await,
            Step::Link { ifindex, .. } => netlink.set_up(*ifindex, true).await,
            Step::Address(a) => netlink.add_address(a.ifindex, a.address, a.prefix).await,
            Step::Route { route: r, ifindex } => {
                let to = (r.destination, r.prefix);
                netlink.add_route(to, Some(r.gateway), *ifindex).await
            }
            Step::Management(route) => netlink.add_static(route).await,
            Step::Rule(rule) => netlink.add_rule(rule).await,
        };
        if let Step::Link { name, .. } = &step
            && result.is_ok()
        {
            self.note_raised(name);
        }
        self.faults
            .note(step.to_string(), "added", result.map_err(Into::into));
    }

    pub(super) async fn remove(&mut self, step: Step) -> bool {
        let netlink = &self.netlink;
        let result = match &step {
            Step::Vlan { ifindex, .. } => netlink.remove_link(*ifindex).await,
            Step::Link { ifindex, .. } => netlink.set_up(*ifindex, false).await,
            Step::Address(a) => {
                let (address, prefix) = (a.address, a.prefix);
                netlink.remove_address(a.ifindex, address, prefix).await
            }
            Step::Route { route: r, ifindex } => {
                let to = (r.destination, r.prefix);
                netlink.remove_route(to, Some(r.gateway), *ifindex).await
            }
            Step::Management(route) => netlink.remove_static(route).await,
            Step::Rule(rule) => netlink.remove_rule(rule).await,
        };
        let is_removed = result.is_ok();
        self.faults
            .note(step.to_string(), "removed", result.map_err(Into::into));
        is_removed
    }

    /// Remembers that a management port was down before: it goes down again with its configuration.
    fn note_raised(&mut self, name: &str) {
        if self.role(name) == Role::Management && !self.raised.iter().any(|one| one == name) {
            self.raised.push(name.to_owned());
            self.remember();
        }
    }
}
