//! Options of balance-tlb and balance-alb: Linux's names, ranges and defaults.

use alloc::string::ToString;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use wire::Duration;

use super::{Config, Fault, Mapping, Mode};

/// The longest `lp_interval`, in seconds: a signed integer's last, as in Linux.
pub const LONGEST_LP_INTERVAL: u32 = i32::MAX.unsigned_abs();

/// How the members of these modes share the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptiveConfig {
    /// Whether flows go to another member when their load, as measured, wants it; off: the hash alone
    /// says by which member a frame leaves.
    pub tlb_dynamic_lb: bool,
    /// Between two learning frames of a member, in seconds: 1 to [`LONGEST_LP_INTERVAL`].
    pub lp_interval: u32,
}

impl Default for AdaptiveConfig {
    fn default() -> Self {
        Self {
            tlb_dynamic_lb: true,
            lp_interval: 1,
        }
    }
}

impl AdaptiveConfig {
    /// Between two learning frames of a member.
    #[must_use]
    pub fn learning_interval(&self) -> Duration {
        Duration::from_secs(self.lp_interval.into())
    }

    pub(super) fn faults(&self, faults: &mut Vec<Fault>) {
        if !(1..=LONGEST_LP_INTERVAL).contains(&self.lp_interval) {
            faults.push(Fault {
                key: "lp_interval",
                value: self.lp_interval.to_string(),
                legal: "1 to 2147483647 s",
            });
        }
    }
}

impl Config {
    /// How a hash becomes a member. In balance-tlb and balance-alb that follows from `tlb_dynamic_lb`:
    /// what is moved by its load needs buckets, and what is not goes as in Linux.
    #[must_use]
    pub const fn mapping(&self) -> Mapping {
        match self.mode {
            Mode::BalanceTlb | Mode::BalanceAlb if self.adaptive.tlb_dynamic_lb => {
                Mapping::Resilient
            }
            Mode::BalanceTlb | Mode::BalanceAlb => Mapping::Modulo,
            Mode::BalanceRr
            | Mode::ActiveBackup
            | Mode::BalanceXor
            | Mode::Broadcast
            | Mode::Ieee8023ad => self.mapping,
        }
    }
}
