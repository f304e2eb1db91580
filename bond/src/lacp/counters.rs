//! What happened on a port, under the names of the MIB (IEEE 802.1AX, dot3adAggPort).

use serde::{Deserialize, Serialize};

/// What happened on a port, since it was configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// LACPDUs received (dot3adAggPortStatsLACPDUsRx).
    pub lacpdus_rx: u64,
    /// LACPDUs sent (dot3adAggPortStatsLACPDUsTx).
    pub lacpdus_tx: u64,
    /// Markers received (dot3adAggPortStatsMarkerPDUsRx).
    pub marker_pdus_rx: u64,
    /// Markers sent (dot3adAggPortStatsMarkerPDUsTx).
    #[serde(default)]
    pub marker_pdus_tx: u64,
    /// Marker responses received (dot3adAggPortStatsMarkerResponsePDUsRx).
    pub marker_response_pdus_rx: u64,
    /// Marker responses sent (dot3adAggPortStatsMarkerResponsePDUsTx).
    pub marker_response_pdus_tx: u64,
    /// Slow-protocol frames of other subtypes, or not to the group (dot3adAggPortStatsUnknownRx).
    pub unknown_rx: u64,
    /// Slow-protocol frames that are malformed (dot3adAggPortStatsIllegalRx).
    pub illegal_rx: u64,
    /// How often we came into sync (dot3adAggPortDebugActorSyncTransitionCount).
    pub actor_sync_transition_count: u64,
    /// How often the partner did (dot3adAggPortDebugPartnerSyncTransitionCount).
    pub partner_sync_transition_count: u64,
    /// How often we were out of sync for a minute (dot3adAggPortDebugActorChurnCount).
    pub actor_churn_count: u64,
    /// How often the partner was (dot3adAggPortDebugPartnerChurnCount).
    pub partner_churn_count: u64,
    /// PDUs of our own system, which were ignored. Ours, as all that follow.
    pub loopback_rx: u64,
    /// Markers beyond what is answered in a second.
    pub markers_ignored: u64,
    /// How often current_while ran out in CURRENT.
    pub expired: u64,
}

/// Counts one more.
pub(super) const fn bump(counter: &mut u64) {
    *counter = counter.wrapping_add(1);
}
