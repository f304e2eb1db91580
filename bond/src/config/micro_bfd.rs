//! Micro-BFD on the members (RFC 7130).

use core::net::IpAddr;
use core::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{Config, Mode};

/// Micro-BFD as configured: one session on each member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MicroBfd {
    /// Our address in the packets, which the other end is configured with.
    pub local_address: IpAddr,
    /// The other end's, of the same family.
    pub remote_address: IpAddr,
    /// The shortest interval of our packets, in ms.
    #[serde(default = "interval")]
    pub min_tx: u32,
    /// The shortest interval of packets that we take, in ms.
    #[serde(default = "interval")]
    pub min_rx: u32,
    /// How many packets in a row may be missed.
    #[serde(default = "multiplier")]
    pub multiplier: u8,
}

const fn interval() -> u32 {
    MicroBfd::INTERVAL
}

const fn multiplier() -> u8 {
    MicroBfd::MULTIPLIER
}

impl MicroBfd {
    /// The modes that have it: those in which a member is a link to the one other end of the bond,
    /// so that its session says something of that link.
    pub const MODES: &[Mode] = &[
        Mode::BalanceRr,
        Mode::BalanceXor,
        Mode::Broadcast,
        Mode::Ieee8023ad,
    ];
    /// The interval unless configured, in ms: with the multiplier, silence counts after 150 ms.
    pub const INTERVAL: u32 = 50;
    /// The multiplier unless configured.
    pub const MULTIPLIER: u8 = 3;
    /// The intervals that may be configured, in ms: below, the daemon's own pauses would count as
    /// silence; above, LACP is as fast.
    pub const INTERVALS: RangeInclusive<u32> = 10..=10_000;

    /// With everything else at its default.
    #[must_use]
    pub const fn new(local_address: IpAddr, remote_address: IpAddr) -> Self {
        Self {
            local_address,
            remote_address,
            min_tx: Self::INTERVAL,
            min_rx: Self::INTERVAL,
            multiplier: Self::MULTIPLIER,
        }
    }

    /// Whether both ends are of one family, and two.
    #[must_use]
    pub fn is_pair(&self) -> bool {
        self.local_address.is_ipv4() == self.remote_address.is_ipv4()
            && self.local_address != self.remote_address
    }
}

impl Config {
    /// What of micro-BFD is not legal: key, value, what would be.
    pub(super) fn micro_bfd_fault(&self) -> Option<(&'static str, &'static str)> {
        let micro_bfd = self.micro_bfd?;
        let is_interval = |ms: u32| MicroBfd::INTERVALS.contains(&ms);
        [
            (
                MicroBfd::MODES.contains(&self.mode),
                "micro_bfd",
                "a mode in which a member is a link to the one other end",
            ),
            (
                micro_bfd.is_pair(),
                "micro_bfd.remote_address",
                "another address of local_address's family",
            ),
            (
                is_interval(micro_bfd.min_tx),
                "micro_bfd.min_tx",
                "10 to 10000",
            ),
            (
                is_interval(micro_bfd.min_rx),
                "micro_bfd.min_rx",
                "10 to 10000",
            ),
            (micro_bfd.multiplier > 0, "micro_bfd.multiplier", "1 to 255"),
        ]
        .into_iter()
        .find(|(is_legal, _, _)| !is_legal)
        .map(|(_, key, legal)| (key, legal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: impl FnOnce(&mut MicroBfd)) -> Option<&'static str> {
        let [local, remote] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let mut micro_bfd = MicroBfd::new(local, remote);
        change(&mut micro_bfd);
        let mut config = Config::new("bond0", Mode::Ieee8023ad, &["eth1"]);
        config.micro_bfd = Some(micro_bfd);
        let faults = config.faults();
        assert!(faults.len() < 2);
        faults.first().map(|fault| fault.key)
    }

    #[test]
    fn micro_bfd_is_between_two_addresses_of_one_family_in_ranges() {
        assert_eq!(config(|_| {}), None);
        let remote = Some("micro_bfd.remote_address");
        assert_eq!(config(|c| c.remote_address = c.local_address), remote);
        assert_eq!(config(|c| c.remote_address = [1; 16].into()), remote);
        assert_eq!(config(|c| c.min_tx = 9), Some("micro_bfd.min_tx"));
        assert_eq!(config(|c| c.min_rx = 10_001), Some("micro_bfd.min_rx"));
        assert_eq!(config(|c| c.multiplier = 0), Some("micro_bfd.multiplier"));
    }

    #[test]
    fn a_mode_without_one_other_end_has_no_micro_bfd() {
        let [local, remote] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let mut config = Config::new("bond0", Mode::ActiveBackup, &["eth1"]);
        assert!(config.faults().is_empty());
        config.micro_bfd = Some(MicroBfd::new(local, remote));
        assert_eq!(config.faults().len(), 1);
    }
}
