//! Whether the NICs of this host carry packets as long as their bonds shall.

use super::section::join;
use super::{Config, Fault};

/// A fault for each member that does not carry packets of its bond's MTU. `longest` tells the longest
/// that an interface carries, in bytes; none where that is not known, or there is no such interface.
#[must_use]
pub fn check_mtu(config: &Config, longest: impl Fn(&str) -> Option<u32>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for bond in &config.bonds {
        for member in &bond.members {
            let Some(most) = longest(&member.name).filter(|most| *most < bond.mtu.into()) else {
                continue;
            };
            let key = join(&join("bond", &bond.name), "mtu");
            let legal = format!("{} carries at most {most} bytes", member.name);
            let value = Some(bond.mtu.to_string());
            faults.push(config.origin.fault(&key, value, legal));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(mtu: u16, longest: impl Fn(&str) -> Option<u32>) -> Vec<String> {
        let text = format!(
            "[bond.bond0]\nmode = \"802.3ad\"\nmembers = [\"eth1\", \"eth2\"]\nmtu = {mtu}\n"
        );
        let config = crate::config::parse("a.toml", &text).expect("a configuration");
        let faults = check_mtu(&config, longest);
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_jumbo_mtu_that_a_member_does_not_carry_is_refused_at_its_line() {
        let longest = |name: &str| (name == "eth2").then_some(1_500);
        assert_eq!(
            faults(9_000, longest),
            ["a.toml:4: bond.bond0.mtu = 9000: eth2 carries at most 1500 bytes"]
        );
    }

    #[test]
    fn an_mtu_that_every_member_carries_or_none_tells_of_is_no_fault() {
        assert_eq!(faults(9_000, |_| Some(9_000)), [""; 0]);
        assert_eq!(faults(9_000, |_| None), [""; 0]);
    }
}
