//! Why a received frame is not taken as an advert.

use serde::{Deserialize, Serialize};
use wire::vrrp::Invalid;

/// Why a received frame is not taken as an advert; each indexes a counter. Nothing else changes by
/// a frame that is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// No VRRP in it, or none that a header leads to.
    NotVrrp,
    /// The frame or its IP header contradicts itself, or is a fragment.
    Malformed,
    /// With a VLAN tag: virtual routers are on the bond's untagged network.
    Tagged,
    /// The sum of the IPv4 header is wrong.
    HeaderChecksum,
    /// IPv4: a TTL other than 255 (RFC 5798 7.1), so perhaps from beyond the link.
    Ttl,
    /// IPv6: a hop limit other than 255 (RFC 5798 7.1).
    HopLimit,
    /// Not to the group of all VRRP routers.
    Destination,
    /// From no station: unspecified, loopback or group address; IPv6: not link-local.
    Source,
    /// Too short, or not as long as its count of addresses makes it.
    Length,
    /// CARP, another protocol under the same number.
    Carp,
    /// VRRP version 2.
    Version2,
    /// Neither version 2 nor 3.
    Version,
    /// Another type than ADVERTISEMENT.
    Type,
    /// No address (erratum 8299).
    Count,
    /// The checksum is right in neither form.
    Checksum,
    /// An interval of 0 (erratum 8301).
    Interval,
    /// VRID 0.
    Vrid,
    /// The first IPv6 address is not link-local (RFC 5798 5.2.9).
    LinkLocal,
    /// No virtual router of this VRID and family on the interface; the host's to say.
    UnknownVrid,
    /// From our own address: our own frame came back, or another station has our address. The
    /// engine's to say, by [`Status`](crate::Status).
    OwnFrame,
}

impl DropReason {
    /// Every reason, in the order of [`DropReason::index`].
    pub const ALL: [Self; 20] = [
        Self::NotVrrp,
        Self::Malformed,
        Self::Tagged,
        Self::HeaderChecksum,
        Self::Ttl,
        Self::HopLimit,
        Self::Destination,
        Self::Source,
        Self::Length,
        Self::Carp,
        Self::Version2,
        Self::Version,
        Self::Type,
        Self::Count,
        Self::Checksum,
        Self::Interval,
        Self::Vrid,
        Self::LinkLocal,
        Self::UnknownVrid,
        Self::OwnFrame,
    ];

    /// The reason's name in counters and `show drops`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotVrrp => "not_vrrp",
            Self::Malformed => "malformed",
            Self::Tagged => "tagged",
            Self::HeaderChecksum => "header_checksum",
            Self::Ttl => "ttl",
            Self::HopLimit => "hop_limit",
            Self::Destination => "destination",
            Self::Source => "source",
            Self::Length => "length",
            Self::Carp => "carp",
            Self::Version2 => "version2",
            Self::Version => "version",
            Self::Type => "type",
            Self::Count => "count",
            Self::Checksum => "checksum",
            Self::Interval => "interval",
            Self::Vrid => "vrid",
            Self::LinkLocal => "link_local",
            Self::UnknownVrid => "unknown_vrid",
            Self::OwnFrame => "own_frame",
        }
    }

    /// The reason's place in an array of counters.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::NotVrrp => 0,
            Self::Malformed => 1,
            Self::Tagged => 2,
            Self::HeaderChecksum => 3,
            Self::Ttl => 4,
            Self::HopLimit => 5,
            Self::Destination => 6,
            Self::Source => 7,
            Self::Length => 8,
            Self::Carp => 9,
            Self::Version2 => 10,
            Self::Version => 11,
            Self::Type => 12,
            Self::Count => 13,
            Self::Checksum => 14,
            Self::Interval => 15,
            Self::Vrid => 16,
            Self::LinkLocal => 17,
            Self::UnknownVrid => 18,
            Self::OwnFrame => 19,
        }
    }
}

impl From<Invalid> for DropReason {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Length => Self::Length,
            Invalid::Carp => Self::Carp,
            Invalid::Version2 => Self::Version2,
            Invalid::Version => Self::Version,
            Invalid::Type => Self::Type,
            Invalid::Count => Self::Count,
            Invalid::Checksum => Self::Checksum,
            Invalid::Interval => Self::Interval,
            Invalid::Vrid => Self::Vrid,
            Invalid::LinkLocal => Self::LinkLocal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DropReason;

    #[test]
    fn each_reason_stands_at_its_index_and_has_its_name_in_json() {
        for (i, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), i, "{}", reason.name());
            let json = serde_json::to_value(reason).unwrap();
            assert_eq!(json, reason.name());
        }
    }
}
