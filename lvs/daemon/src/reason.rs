//! Why a frame was dropped or punted by the forwarder itself. The engines have reasons of their own.

/// Why the forwarder dropped a frame, outside the bond and lvs engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The frame's headers contradict themselves or its length.
    Malformed,
    /// No egress table has come from bondd for this bond yet.
    NotAttached,
    /// Too many frames were waiting for buckets that move already.
    BucketQueueFull,
    /// The member's transmit ring was full.
    TxRingFull,
    /// For a virtual router that is not Active on this box.
    NotActive,
    /// A redirect (ICMPv6) of our own kernel's, which would lead reals' replies around this box.
    Redirect,
    /// The umem had no free frame for a frame of our own making, or for a copy that a bond sends.
    NoFrame,
    /// No route of the kernel's main table leads to the next hop over a bond.
    NoRoute,
    /// The packet is longer than the MTU of the bond that leads to its next hop.
    PacketTooBig,
    /// The frame has more chunks than a frame may have ([`netio::CHUNKS_MAX`]).
    Overlong,
    /// The next hop did not answer within [`crate::parked::PATIENCE`].
    NeighbourUnresolved,
    /// Too many frames were waiting for next hops already.
    NeighbourQueueFull,
    /// The queue towards the bond's host interface was full.
    HostQueueFull,
    /// The host interface refused the frame (it is down, for one).
    HostWriteFailed,
}

impl DropReason {
    /// Every reason, in the order of [`DropReason::index`].
    pub const ALL: [Self; 14] = [
        Self::Malformed,
        Self::NotAttached,
        Self::BucketQueueFull,
        Self::TxRingFull,
        Self::NotActive,
        Self::Redirect,
        Self::NoFrame,
        Self::NoRoute,
        Self::PacketTooBig,
        Self::Overlong,
        Self::NeighbourUnresolved,
        Self::NeighbourQueueFull,
        Self::HostQueueFull,
        Self::HostWriteFailed,
    ];

    /// The reason's position among the counters.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The word that `show drops` prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NotAttached => "not_attached",
            Self::BucketQueueFull => "bucket_queue_full",
            Self::TxRingFull => "tx_ring_full",
            Self::NotActive => "not_active",
            Self::Redirect => "redirect",
            Self::NoFrame => "no_frame",
            Self::NoRoute => "no_route",
            Self::PacketTooBig => "packet_too_big",
            Self::Overlong => "overlong",
            Self::NeighbourUnresolved => "neighbour_unresolved",
            Self::NeighbourQueueFull => "neighbour_queue_full",
            Self::HostQueueFull => "host_queue_full",
            Self::HostWriteFailed => "host_write_failed",
        }
    }
}

/// Why a frame was handed to the kernel over the bond's host interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PuntReason {
    /// ARP that is not for a VIP.
    Arp,
    /// A tagged frame: VLANs live above the host interface.
    Vlan,
    /// Neither ARP nor IP.
    NotIp,
    /// Broadcast or multicast.
    Group,
    /// Unicast IP to the bond's MAC that belongs to no service.
    Host,
    /// Unicast IP to a virtual router's MAC that belongs to no service: this box is the gateway.
    Gateway,
}

impl PuntReason {
    /// Every reason, in the order of [`PuntReason::index`].
    pub const ALL: [Self; 6] = [
        Self::Arp,
        Self::Vlan,
        Self::NotIp,
        Self::Group,
        Self::Host,
        Self::Gateway,
    ];

    /// The reason's position among the counters.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The word that `show drops` prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arp => "arp",
            Self::Vlan => "vlan",
            Self::NotIp => "not_ip",
            Self::Group => "group",
            Self::Host => "host",
            Self::Gateway => "gateway",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_stands_at_its_index() {
        for (position, reason) in DropReason::ALL.iter().enumerate() {
            assert_eq!(reason.index(), position, "{}", reason.name());
        }
        for (position, reason) in PuntReason::ALL.iter().enumerate() {
            assert_eq!(reason.index(), position, "{}", reason.name());
        }
    }
}
