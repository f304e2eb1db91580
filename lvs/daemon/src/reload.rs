//! Another configuration for a running forwarder.

use control::config::Config;
use control::ipc::Effect;

use crate::routers;

/// What taking up `next` means: services, reals, weights, timeouts and virtual routers change while
/// everything runs; ports and rings only by a new start.
#[must_use]
pub fn effect(now: &Config, next: &Config) -> Effect {
    let is_static = |bond: &bond::Config| {
        let members: Vec<String> = bond.members.iter().map(|one| one.name.clone()).collect();
        (bond.name.clone(), bond.mac, bond.mtu, members)
    };
    let statics = |config: &Config| config.bonds.iter().map(is_static).collect::<Vec<_>>();
    if now.lvs != next.lvs || statics(now) != statics(next) {
        Effect::Restart
    } else if routers::services(now) != routers::services(next) {
        Effect::Live
    } else {
        Effect::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [bond.bond0]
        mode = "active-backup"
        members = ["eth1", "eth2"]
        addresses = ["10.1.0.2/24"]
        [service.web]
        protocol = "tcp"
        address = "10.1.0.100:80"
        method = "nat"
        scheduler = "rr"
        [service.web.real."10.1.0.11:80"]
        [vrrp.web]
        interface = "bond0"
        virtual_router_id = 51
        virtual_ipaddress = ["10.1.0.100"]
    "#;

    fn of(text: &str) -> Config {
        control::config::parse("test", text).unwrap()
    }

    fn effect_of(from: &str, to: &str) -> Effect {
        effect(&of(TEXT), &of(&TEXT.replace(from, to)))
    }

    #[test]
    fn what_is_not_the_forwarders_changes_nothing() {
        assert_eq!(effect_of("", ""), Effect::None);
        assert_eq!(effect_of("10.1.0.2/24", "10.1.0.3/24"), Effect::None);
        assert_eq!(
            effect_of("[bond.bond0]", "[bond.bond0]\nmiimon = 50"),
            Effect::None
        );
    }

    #[test]
    fn services_and_virtual_routers_change_live() {
        assert_eq!(effect_of("10.1.0.11:80", "10.1.0.12:80"), Effect::Live);
        assert_eq!(effect_of("_id = 51", "_id = 52"), Effect::Live);
    }

    #[test]
    fn ports_change_by_a_new_start() {
        assert_eq!(effect_of("\"eth1\", ", ""), Effect::Restart);
        assert_eq!(
            effect_of("[bond.bond0]", "[bond.bond0]\nmtu = 1400"),
            Effect::Restart
        );
        assert_eq!(
            effect_of("[service.web]", "[lvs]\nqueues = 2\n[service.web]"),
            Effect::Restart
        );
    }
}
