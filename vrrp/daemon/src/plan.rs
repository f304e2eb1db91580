//! What a new configuration means for the virtual routers that run.

use control::config::Config;
use control::ipc::Effect;
use vrrp::{Family, Vrid};

/// What makes a virtual router the same one on the network, whatever the operator calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The bond.
    pub interface: String,
    /// The family.
    pub family: Family,
    /// The VRID.
    pub vrid: Vrid,
}

impl Key {
    /// The key of this virtual router.
    pub fn of(config: &vrrp::Config) -> Self {
        Self {
            interface: config.interface.clone(),
            family: config.family(),
            vrid: config.virtual_router_id,
        }
    }
}

/// The difference between two configurations. A virtual router that neither list names goes on as
/// it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Those that leave the network.
    pub vanish: Vec<Key>,
    /// Those that stay under a changed configuration.
    pub change: Vec<vrrp::Config>,
    /// New ones.
    pub appear: Vec<vrrp::Config>,
}

impl Plan {
    fn is_empty(&self) -> bool {
        self.vanish.is_empty() && self.change.is_empty() && self.appear.is_empty()
    }
}

/// The way from `old` to `new`.
pub fn plan(old: &[vrrp::Config], new: &[vrrp::Config]) -> Plan {
    let mut plan = Plan::default();
    let is_in = |all: &[vrrp::Config], key: &Key| all.iter().any(|one| Key::of(one) == *key);
    let keys = old.iter().map(Key::of);
    plan.vanish = keys.filter(|key| !is_in(new, key)).collect();
    for config in new {
        let key = Key::of(config);
        match old.iter().find(|old| Key::of(old) == key) {
            None => plan.appear.push(config.clone()),
            Some(old) if old != config => plan.change.push(config.clone()),
            Some(_) => {}
        }
    }
    plan
}

/// What taking up `new` means for this daemon. Other bonds or members are other sockets: those are
/// opened by a new process, which resumes where this one was.
pub fn effect(old: &Config, new: &Config) -> Effect {
    let members = |config: &Config| -> Vec<(String, Vec<String>)> {
        let names = |bond: &bond::Config| bond.members.iter().map(|one| one.name.clone()).collect();
        let bonds = config.bonds.iter();
        bonds.map(|bond| (bond.name.clone(), names(bond))).collect()
    };
    if members(old) != members(new) {
        Effect::Restart
    } else if plan(&old.routers, &new.routers).is_empty() {
        Effect::None
    } else {
        Effect::Live
    }
}

#[cfg(test)]
mod tests {
    use control::config;

    use super::*;

    /// A configuration with two virtual routers, changed by what `change` does to its text.
    fn configuration(change: impl FnOnce(String) -> String) -> Config {
        let text = "\
            [bond.bond0]\nmode = \"active-backup\"\nmembers = [\"eth1\", \"eth2\"]\n\
            [bond.bond1]\nmode = \"active-backup\"\nmembers = [\"eth3\"]\n\
            [vrrp.first]\ninterface = \"bond0\"\nvirtual_router_id = 1\n\
            virtual_ipaddress = [\"192.0.2.1\"]\n\
            [vrrp.second]\ninterface = \"bond0\"\nvirtual_router_id = 2\n\
            virtual_ipaddress = [\"192.0.2.2\"]\n";
        config::parse("a test", &change(text.to_owned())).expect("legal")
    }

    fn same() -> Config {
        configuration(|text| text)
    }

    fn names(configs: &[vrrp::Config]) -> Vec<&str> {
        configs.iter().map(|config| config.name.as_str()).collect()
    }

    #[test]
    fn the_same_configuration_is_no_change() {
        assert_eq!(effect(&same(), &same()), Effect::None);
        assert!(plan(&same().routers, &same().routers).is_empty());
    }

    #[test]
    fn a_virtual_router_that_changes_or_gets_another_name_stays_and_the_other_is_not_named() {
        for (from, to) in [
            (
                "virtual_router_id = 2\n",
                "virtual_router_id = 2\npriority = 7\n",
            ),
            ("[vrrp.second]", "[vrrp.zweiter]"),
        ] {
            let new = configuration(|text| text.replace(from, to));
            let plan = plan(&same().routers, &new.routers);
            assert_eq!(
                (plan.change.len(), plan.vanish.len(), plan.appear.len()),
                (1, 0, 0)
            );
            assert_eq!(plan.change[0].virtual_router_id.get(), 2);
            assert_eq!(effect(&same(), &new), Effect::Live);
        }
    }

    #[test]
    fn another_vrid_family_or_bond_is_another_virtual_router() {
        for (from, to) in [
            ("virtual_router_id = 2", "virtual_router_id = 3"),
            ("\"192.0.2.2\"", "\"fe80::2\""),
            (
                "bond0\"\nvirtual_router_id = 2",
                "bond1\"\nvirtual_router_id = 2",
            ),
        ] {
            let new = configuration(|text| text.replace(from, to));
            let plan = plan(&same().routers, &new.routers);
            assert_eq!(names(&plan.appear), ["second"], "{to}");
            assert_eq!(plan.vanish, [Key::of(&same().routers[1])], "{to}");
            assert_eq!(names(&plan.change), [""; 0]);
        }
    }

    #[test]
    fn what_is_another_daemons_is_none_of_ours_and_other_members_take_a_new_process() {
        let route = |text: String| format!("{text}[metrics]\nlisten = \"127.0.0.1:9105\"\n");
        assert_eq!(effect(&same(), &configuration(route)), Effect::None);
        let member = |text: String| text.replace("\"eth3\"", "\"eth4\"");
        assert_eq!(effect(&same(), &configuration(member)), Effect::Restart);
    }
}
