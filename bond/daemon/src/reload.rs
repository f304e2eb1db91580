//! What a new configuration means for the bonds that are served: pure functions of both.

use bond::Config;
use control::ipc::Effect;

/// What taking up `new` in place of `old` means.
pub fn effect(old: &[Config], new: &[Config]) -> Effect {
    let is_same_set = old.len() == new.len();
    let mut pairs = old.iter().zip(new);
    if !is_same_set || pairs.any(|(old, new)| is_another(old, new)) {
        return Effect::Restart;
    }
    let served = |config: &Config| Config {
        // The host's, not the bond's, but for a monitor that asks in their name.
        addresses: match config.monitor.is_on() {
            true => config.addresses.clone(),
            false => Vec::new(),
        },
        ..config.clone()
    };
    if old.iter().map(served).eq(new.iter().map(served)) {
        Effect::None
    } else {
        Effect::Live
    }
}

/// Whether a saved state of `old` is worth nothing for `new`: its MAC is what partners know the bond by.
pub fn is_forgotten(old: &Config, new: &[Config]) -> bool {
    heir(old, new).is_none_or(|heir| heir.mac != old.mac)
}

/// The bond of the same name.
pub fn heir<'c>(old: &Config, new: &'c [Config]) -> Option<&'c Config> {
    new.iter().find(|new| new.name == old.name)
}

/// Whether the bond has to be begun with anew: another one, other interfaces' settings, another MAC.
fn is_another(old: &Config, new: &Config) -> bool {
    old.name != new.name || old.mtu != new.mtu || old.mac != new.mac
}

#[cfg(test)]
mod tests {
    use bond::{LacpRate, Mode};
    use wire::Mac;

    use super::*;

    fn bonds() -> Vec<Config> {
        vec![
            Config::new("bond0", Mode::Ieee8023ad, &["eth1", "eth2"]),
            Config::new("bond1", Mode::Ieee8023ad, &["eth3"]),
        ]
    }

    /// What changing the second bond so means.
    fn changed(change: impl FnOnce(&mut Config)) -> Effect {
        let mut new = bonds();
        change(&mut new[1]);
        effect(&bonds(), &new)
    }

    #[test]
    fn the_same_or_other_addresses_only_are_no_change() {
        assert_eq!(changed(|_| {}), Effect::None);
        let address = "10.1.0.2/24".parse().expect("an address");
        assert_eq!(changed(|bond| bond.addresses = vec![address]), Effect::None);
    }

    #[test]
    fn other_addresses_are_news_for_a_monitor_that_asks_in_their_name() {
        let mut old = bonds();
        old[1].monitor.arp_interval = 100;
        let mut new = old.clone();
        assert_eq!(effect(&old, &new), Effect::None);
        new[1].addresses = vec!["10.1.0.2/24".parse().expect("an address")];
        assert_eq!(effect(&old, &new), Effect::Live);
    }

    #[test]
    fn options_of_a_bond_its_members_and_theirs_change_while_it_runs() {
        assert_eq!(changed(|b| b.lacp_rate = LacpRate::Fast), Effect::Live);
        assert_eq!(changed(|b| b.min_links = 1), Effect::Live);
        assert_eq!(changed(|b| b.updelay = 100), Effect::Live);
        assert_eq!(changed(|b| b.mode = Mode::ActiveBackup), Effect::Live);
        assert_eq!(changed(|b| b.members[0].port_priority = 1), Effect::Live);
        let other = |name: &str| bond::MemberConfig::new(name);
        assert_eq!(changed(|b| b.members.push(other("eth4"))), Effect::Live);
        assert_eq!(changed(|b| b.members[0] = other("eth4")), Effect::Live);
    }

    #[test]
    fn other_bonds_and_another_mtu_or_mac_want_a_new_start() {
        assert_eq!(changed(|b| b.mtu = 9_000), Effect::Restart);
        assert_eq!(changed(|b| b.mac = Some(Mac([2; 6]))), Effect::Restart);
        assert_eq!(changed(|b| b.name = "bond2".to_owned()), Effect::Restart);
        assert_eq!(effect(&bonds(), &bonds()[..1]), Effect::Restart);
        assert_eq!(effect(&bonds()[..1], &bonds()), Effect::Restart);
    }

    #[test]
    fn a_bond_that_goes_or_gets_another_mac_leaves_no_state() {
        let [bond0, bond1] = &bonds()[..] else {
            panic!("two bonds")
        };
        assert!(!is_forgotten(bond0, &bonds()));
        assert!(is_forgotten(bond1, &bonds()[..1]));
        let mut new = bonds();
        new[1].mac = Some(Mac([2; 6]));
        assert!(is_forgotten(bond1, &new));
        assert!(is_forgotten(&new[1], &bonds()));
        new[0].mtu = 9_000;
        assert!(!is_forgotten(bond0, &new));
    }
}
