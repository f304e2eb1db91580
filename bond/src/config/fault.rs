//! Which configurations are no bonds.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wire::Mac;

use super::{Config, FailOverMac};
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
/// Of a `mac` that is not legal beside `fail_over_mac = "active"`.
pub const MAC_OF_ACTIVE: &str =
    "not set with fail_over_mac = active: the bond has its active member's";
const DELAY: &str = "0, or any with miimon set";

/// Keeps what is not legal.
struct Checks(Vec<Fault>);

impl Checks {
    fn check(
        &mut self,
        is_legal: bool,
        key: &'static str,
        value: &dyn ToString,
        legal: &'static str,
    ) {
        if !is_legal {
            self.0.push(Fault {
                key,
                value: value.to_string(),
                legal,
            });
        }
    }
}

impl Config {
    /// Every value that is out of its range; empty when the bond can be built.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut checks = Checks(Vec::new());
        self.check_members(&mut checks);
        self.check_links(&mut checks);
        self.check_lacp(&mut checks);
        for (key, mac) in [("ad_actor_system", self.ad_actor_system), ("mac", self.mac)] {
            let mac = mac.unwrap_or(A_STATION);
            checks.check(!mac.is_group() && mac != Mac::ZERO, key, &mac, STATION);
        }
        if let Some(mac) = self
            .mac
            .filter(|_| self.fail_over_mac == FailOverMac::Active)
        {
            checks.check(false, "mac", &mac, MAC_OF_ACTIVE);
        }
        if let Some((key, legal)) = self.micro_bfd_fault() {
            checks.check(false, key, &"micro-BFD", legal);
        }
        let is_legal = (68..=MAX_MTU).contains(&self.mtu);
        checks.check(is_legal, "mtu", &self.mtu, "68 to 9000");
        let mut faults = checks.0;
        self.monitor.faults(self.mode, self.miimon, &mut faults);
        self.damping.faults(&mut faults);
        self.adaptive.faults(&mut faults);
        faults
    }

    fn check_members(&self, checks: &mut Checks) {
        checks.check(is_interface_name(&self.name), "name", &self.name, NAME);
        let n = self.members.len();
        let is_legal = (1..=MAX_MEMBERS).contains(&n);
        checks.check(is_legal, "members", &n, "1 to 16 members");
        for (i, member) in self.members.iter().enumerate() {
            let name = &member.name;
            checks.check(is_interface_name(name), "members", name, NAME);
            let mut before = self.members.iter().take(i);
            let is_new = before.all(|other| other.name != *name);
            checks.check(is_new, "members", name, "each member once");
            let weight = member.weight.unwrap_or(1);
            checks.check(weight > 0, "weight", &weight, "1 to 255");
        }
        if let Some(primary) = &self.primary {
            let is_member = self.members.iter().any(|member| member.name == *primary);
            checks.check(is_member, "primary", primary, "one of the bond's members");
        }
    }

    fn check_links(&self, checks: &mut Checks) {
        let is_monitored = self.miimon > 0;
        for (key, delay) in [("updelay", self.updelay), ("downdelay", self.downdelay)] {
            checks.check(is_monitored || delay == 0, key, &delay, DELAY);
        }
        let links = self.min_links;
        let is_legal = usize::from(links) <= self.members.len();
        checks.check(is_legal, "min_links", &links, "0 to the number of members");
    }

    fn check_lacp(&self, checks: &mut Checks) {
        let most = self.lacp_max_bundle;
        let is_legal = most == 0 || (self.min_links <= most && usize::from(most) <= MAX_MEMBERS);
        checks.check(is_legal, "lacp_max_bundle", &most, "0, or min_links to 16");
        let priority = self.ad_actor_sys_prio;
        checks.check(priority > 0, "ad_actor_sys_prio", &priority, "1 to 65535");
        let key = self.ad_user_port_key;
        checks.check(key < 1024, "ad_user_port_key", &key, "0 to 1023");
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
