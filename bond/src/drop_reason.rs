//! Why the bond's data path drops a frame.

use serde::{Deserialize, Serialize};

/// Why the bond's data path drops a frame; each indexes a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// Received on a member that does not collect: a backup, not in the active aggregator, or down.
    InactiveMember,
    /// Addressed to another station than the bond; seen because the member is promiscuous.
    ForeignMac,
    /// To be sent, but no member of the bond is usable.
    NoUsableMember,
    /// Sent by the bond itself: a switch that knows nothing of the bond returns it by another member.
    OwnMac,
}

impl DropReason {
    /// Every reason, in the order of [`DropReason::index`].
    pub const ALL: [Self; 4] = [
        Self::InactiveMember,
        Self::ForeignMac,
        Self::NoUsableMember,
        Self::OwnMac,
    ];

    /// The reason's name in counters and `show drops`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InactiveMember => "inactive_member",
            Self::ForeignMac => "foreign_mac",
            Self::NoUsableMember => "no_usable_member",
            Self::OwnMac => "own_mac",
        }
    }

    /// The reason's place in an array of counters.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::InactiveMember => 0,
            Self::ForeignMac => 1,
            Self::NoUsableMember => 2,
            Self::OwnMac => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DropReason;

    #[test]
    fn each_reason_stands_at_its_index() {
        for (i, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), i, "{}", reason.name());
        }
    }
}
