//! Options of flap damping. Linux has none; the design is RFC 2439's, as SONiC has it for links.

use alloc::string::ToString;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Fault;

/// Flap damping as configured. Penalties are points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DampingConfig {
    /// Whether links are damped.
    pub damping: bool,
    /// Points for each loss of carrier: 1 to 20000.
    pub damping_penalty: u32,
    /// Time in which half of the points are forgotten, in ms: 1 to 3600000.
    pub damping_half_life: u32,
    /// Points from which a member is held from use: 2 to 20000.
    pub damping_suppress: u32,
    /// Points below which it is used again: 1 to less than `damping_suppress`.
    pub damping_reuse: u32,
    /// How long after its last loss of carrier a member is held at most, in ms: 1 to 86400000.
    pub damping_max_hold: u32,
}

impl Default for DampingConfig {
    fn default() -> Self {
        Self {
            damping: false,
            damping_penalty: 1_000,
            damping_half_life: 5_000,
            damping_suppress: 2_000,
            damping_reuse: 1_000,
            damping_max_hold: 20_000,
        }
    }
}

/// The most points that a penalty or a threshold has.
pub const MOST_POINTS: u32 = 20_000;
/// The longest half-life, in ms.
pub const LONGEST_HALF_LIFE: u32 = 3_600_000;
/// The longest hold, in ms.
pub const LONGEST_HOLD: u32 = 86_400_000;

impl DampingConfig {
    pub(super) fn faults(&self, faults: &mut Vec<Fault>) {
        let mut check = |value: u32, most: u32, key, legal| {
            if value == 0 || value > most {
                let value = value.to_string();
                faults.push(Fault { key, value, legal });
            }
        };
        let below = self.damping_suppress.min(MOST_POINTS).saturating_sub(1);
        check(
            self.damping_penalty,
            MOST_POINTS,
            "damping_penalty",
            "1 to 20000",
        );
        check(
            self.damping_half_life,
            LONGEST_HALF_LIFE,
            "damping_half_life",
            "1 to 3600000 ms",
        );
        check(
            self.damping_suppress,
            MOST_POINTS,
            "damping_suppress",
            "2 to 20000",
        );
        check(
            self.damping_reuse,
            below,
            "damping_reuse",
            "1 to less than damping_suppress",
        );
        check(
            self.damping_max_hold,
            LONGEST_HOLD,
            "damping_max_hold",
            "1 to 86400000 ms",
        );
    }
}
