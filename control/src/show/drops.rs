//! `show drops`: every reason to drop or to punt a frame.

use serde::{Deserialize, Serialize};

/// Whether a reason ended a frame or handed it to the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The frame was dropped.
    #[default]
    Drop,
    /// The frame went to the kernel through the bond's host interface.
    Punt,
}

/// One reason with its count: `show drops`. Reasons that never happened are listed with 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropItem {
    /// The reason, in snake_case.
    pub reason: String,
    /// Who decided: `bond`, `lvs`, `lvsd`, `vrrp`, `vrrpd`, or `access` for the management port's access list.
    pub layer: String,
    /// Dropped or punted.
    #[serde(default)]
    pub fate: Fate,
    /// Frames since the daemon made its counters.
    pub count: u64,
}
