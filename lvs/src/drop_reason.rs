//! Why a packet went no further.

use core::fmt;

/// Why a packet was dropped. Each reason has a counter in [`crate::Stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Another station claims a virtual address, by ARP or by a neighbour advertisement.
    AddressConflict,
    /// The IPv4 header's checksum is wrong.
    BadHeaderChecksum,
    /// A neighbour solicitation for a virtual address breaks RFC 4861 7.1.1.
    BadSolicitation,
    /// A fragment of a balanced protocol's packet.
    Fragment,
    /// A virtual address in a frame to a group MAC address.
    GroupMac,
    /// An ICMP message to a virtual address that is no echo request and concerns no connection.
    IcmpIgnored,
    /// The headers speak of bytes that the frame does not have.
    Malformed,
    /// The source is no host: multicast, unspecified, loopback or the virtual address itself.
    MartianSource,
    /// The same client endpoint already reaches the same real by another service: their replies
    /// could not be told apart.
    NatConflict,
    /// A virtual address whose virtual router is not Active on this box.
    NotActive,
    /// A protocol that is neither balanced nor answered, to a virtual address.
    ProtocolUnsupported,
    /// An error or reset of our own was due, and the limit on those was reached.
    RateLimited,
    /// The reply does not fit the room that the host gave for it.
    ReplyTooLong,
    /// A reset without a connection, which nothing may answer.
    StrayReset,
    /// The connection table's shard stayed locked for too long.
    TableBusy,
    /// The TTL ran out in an ICMP error, which no error may answer.
    TtlExpired,
}

impl DropReason {
    /// All reasons, in the order of [`DropReason::index`].
    pub const ALL: [Self; 16] = [
        Self::AddressConflict,
        Self::BadHeaderChecksum,
        Self::BadSolicitation,
        Self::Fragment,
        Self::GroupMac,
        Self::IcmpIgnored,
        Self::Malformed,
        Self::MartianSource,
        Self::NatConflict,
        Self::NotActive,
        Self::ProtocolUnsupported,
        Self::RateLimited,
        Self::ReplyTooLong,
        Self::StrayReset,
        Self::TableBusy,
        Self::TtlExpired,
    ];

    /// The place in [`DropReason::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddressConflict => "address_conflict",
            Self::BadHeaderChecksum => "bad_header_checksum",
            Self::BadSolicitation => "bad_solicitation",
            Self::Fragment => "fragment",
            Self::GroupMac => "group_mac",
            Self::IcmpIgnored => "icmp_ignored",
            Self::Malformed => "malformed",
            Self::MartianSource => "martian_source",
            Self::NatConflict => "nat_conflict",
            Self::NotActive => "not_active",
            Self::ProtocolUnsupported => "protocol_unsupported",
            Self::RateLimited => "rate_limited",
            Self::ReplyTooLong => "reply_too_long",
            Self::StrayReset => "stray_reset",
            Self::TableBusy => "table_busy",
            Self::TtlExpired => "ttl_expired",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
