//! Why a packet was discarded.

use serde::{Deserialize, Serialize};
use wire::bfd::Invalid;

/// Why a packet was discarded; each has a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// TTL or hop limit not 255 (RFC 5881 5).
    Hops,
    /// Another version than 1.
    Version,
    /// A length that is not possible.
    Length,
    /// Detect Mult 0.
    DetectMult,
    /// The Multipoint bit.
    Multipoint,
    /// My Discriminator 0.
    MyDiscriminator,
    /// Your Discriminator 0 in Init or Up, or another session's.
    YourDiscriminator,
    /// The Authentication Present bit.
    Authentication,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Hops,
        Self::Version,
        Self::Length,
        Self::DetectMult,
        Self::Multipoint,
        Self::MyDiscriminator,
        Self::YourDiscriminator,
        Self::Authentication,
    ];

    /// The reason's name in counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hops => "hops",
            Self::Version => "version",
            Self::Length => "length",
            Self::DetectMult => "detect_mult",
            Self::Multipoint => "multipoint",
            Self::MyDiscriminator => "my_discriminator",
            Self::YourDiscriminator => "your_discriminator",
            Self::Authentication => "authentication",
        }
    }
}

impl From<Invalid> for DropReason {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Version => Self::Version,
            Invalid::Length => Self::Length,
            Invalid::DetectMult => Self::DetectMult,
            Invalid::Multipoint => Self::Multipoint,
            Invalid::MyDiscriminator => Self::MyDiscriminator,
            Invalid::YourDiscriminator => Self::YourDiscriminator,
            Invalid::Authentication => Self::Authentication,
        }
    }
}

/// Packets that were discarded, by their reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// [`DropReason::Hops`].
    pub hops: u64,
    /// [`DropReason::Version`].
    pub version: u64,
    /// [`DropReason::Length`].
    pub length: u64,
    /// [`DropReason::DetectMult`].
    pub detect_mult: u64,
    /// [`DropReason::Multipoint`].
    pub multipoint: u64,
    /// [`DropReason::MyDiscriminator`].
    pub my_discriminator: u64,
    /// [`DropReason::YourDiscriminator`].
    pub your_discriminator: u64,
    /// [`DropReason::Authentication`].
    pub authentication: u64,
}

impl Dropped {
    /// How many for a reason.
    #[must_use]
    pub const fn of(&self, reason: DropReason) -> u64 {
        match reason {
            DropReason::Hops => self.hops,
            DropReason::Version => self.version,
            DropReason::Length => self.length,
            DropReason::DetectMult => self.detect_mult,
            DropReason::Multipoint => self.multipoint,
            DropReason::MyDiscriminator => self.my_discriminator,
            DropReason::YourDiscriminator => self.your_discriminator,
            DropReason::Authentication => self.authentication,
        }
    }

    /// How many in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        DropReason::ALL.iter().map(|reason| self.of(*reason)).sum()
    }

    pub(crate) const fn count(&mut self, reason: DropReason) {
        let counter = match reason {
            DropReason::Hops => &mut self.hops,
            DropReason::Version => &mut self.version,
            DropReason::Length => &mut self.length,
            DropReason::DetectMult => &mut self.detect_mult,
            DropReason::Multipoint => &mut self.multipoint,
            DropReason::MyDiscriminator => &mut self.my_discriminator,
            DropReason::YourDiscriminator => &mut self.your_discriminator,
            DropReason::Authentication => &mut self.authentication,
        };
        *counter = counter.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::{DropReason, Dropped};

    #[test]
    fn each_reason_has_a_counter_of_its_own_under_its_name() {
        for reason in DropReason::ALL {
            let mut dropped = Dropped::default();
            dropped.count(reason);
            assert_eq!((dropped.of(reason), dropped.total()), (1, 1));
            let json = serde_json::to_value(dropped).expect("an object");
            assert_eq!(json[reason.name()], 1);
        }
    }
}
