//! Which configurations are no bonds.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wire::Mac;

use super::Config;
use crate::{MAX_MEMBERS, MAX_MTU};

/// A value that its option cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The option's key inside the bond's table.
    pub key: &'static str,
    /// The value as given.
    pub value: String,
    /// What would be legal.
    pub legal: &'static str,
}

const NAME: &str = "an interface name of 1 to 15 characters";
const STATION: &str = "a station's MAC address";
const DELAY: &str = "0, or any with miimon set";

impl Config {
    /// Every value that is out of its range; empty when the bond can be built.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut check = |is_legal: bool, key, value: &dyn ToString, legal| {
            if !is_legal {
                faults.push(Fault {
                    key,
                    value: value.to_string(),
                    legal,
                });
            }
        };
        check(is_interface_name(&self.name), "name", &self.name, NAME);
        let n = self.members.len();
        check(
            (1..=MAX_MEMBERS).contains(&n),
            "members",
            &n,
            "1 to 16 members",
        );
        for (i, member) in self.members.iter().enumerate() {
            check(
                is_interface_name(&member.name),
                "members",
                &member.name,
                NAME,
            );
            let is_new = self
                .members
                .iter()
                .take(i)
                .all(|other| other.name != member.name);
            check(is_new, "members", &member.name, "each member once");
        }
        if let Some(primary) = &self.primary {
            let is_member = self.members.iter().any(|member| member.name == *primary);
            check(is_member, "primary", primary, "one of the bond's members");
        }
        let monitored = self.miimon > 0;
        check(
            monitored || self.updelay == 0,
            "updelay",
            &self.updelay,
            DELAY,
        );
        check(
            monitored || self.downdelay == 0,
            "downdelay",
            &self.downdelay,
            DELAY,
        );
        let links = self.min_links;
        check(
            usize::from(links) <= n,
            "min_links",
            &links,
            "0 to the number of members",
        );
        let priority = self.ad_actor_sys_prio;
        check(priority > 0, "ad_actor_sys_prio", &priority, "1 to 65535");
        let key = self.ad_user_port_key;
        check(key < 1024, "ad_user_port_key", &key, "0 to 1023");
        for (key, mac) in [("ad_actor_system", self.ad_actor_system), ("mac", self.mac)] {
            let mac = mac.unwrap_or(A_STATION);
            check(!mac.is_group() && mac != Mac::ZERO, key, &mac, STATION);
        }
        if let Some((key, legal)) = self.micro_bfd_fault() {
            check(false, key, &"micro-BFD", legal);
        }
        check(
            (68..=MAX_MTU).contains(&self.mtu),
            "mtu",
            &self.mtu,
            "68 to 3500",
        );
        self.monitor.faults(self.mode, self.miimon, &mut faults);
        self.damping.faults(&mut faults);
        faults
    }
}

/// Stands in for a MAC that is not configured.
const A_STATION: Mac = Mac([2, 0, 0, 0, 0, 0]);

fn is_interface_name(text: &str) -> bool {
    (1..=15).contains(&text.len())
        && !text.contains(['/', ':'])
        && !text.contains(char::is_whitespace)
        && !matches!(text, "." | "..")
}
