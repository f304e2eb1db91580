//! What the operator decides that no PDU tells of.

use wire::Duration;

use super::mux::Control;
use crate::{AdSelect, Config, Fallback};

/// Options of the bond that its partner does not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Which aggregator carries the traffic.
    pub ad_select: AdSelect,
    /// The most ports that carry traffic; 0: all.
    pub max_bundle: u8,
    /// The variant of the Mux machine.
    pub control: Control,
    /// What carries traffic while there is no partner.
    pub fallback: Fallback,
    /// For how long there must be none before.
    pub fallback_delay: Duration,
}

impl Policy {
    /// As configured.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            ad_select: config.ad_select,
            max_bundle: config.lacp_max_bundle,
            control: if config.coupled_control {
                Control::Coupled
            } else {
                Control::Independent
            },
            fallback: config.without_partner(),
            fallback_delay: Duration::from_millis(u64::from(config.fallback_delay)),
        }
    }
}
