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
