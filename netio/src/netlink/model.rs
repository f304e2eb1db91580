//! What the kernel says, in plain types.

use std::net::IpAddr;

use wire::Mac;

/// The table that the kernel looks routes up in when no rule says otherwise: `RT_TABLE_MAIN`.
const TABLE_MAIN: u32 = 254;

/// An interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Its index in the network namespace.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// The MAC address that it has now; an interface without Ethernet has none.
    pub mac: Option<Mac>,
    /// The MAC address that it was built with; a virtual interface has none.
    pub permanent_mac: Option<Mac>,
    /// Bytes of the largest packet.
    pub mtu: u32,
    /// Bytes of the largest packet that it can be set to; none where the driver does not say.
    pub max_mtu: Option<u32>,
    /// Whether it is administratively up.
    pub up: bool,
    /// Whether it has carrier.
    pub carrier: bool,
    /// What kind of virtual interface it is, such as `veth`; none for hardware.
    pub kind: Option<String>,
    /// The interface that it is made on, or the other end of a `veth`; none for hardware.
    pub parent: Option<u32>,
    /// The VLAN identifier of an interface of the kind `vlan`.
    pub vlan: Option<u16>,
}

/// An address of this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The interface that carries it.
    pub ifindex: u32,
    /// The address.
    pub address: IpAddr,
    /// The prefix length of its link.
    pub prefix: u8,
}

/// What the kernel does with what a route matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RouteKind {
    /// Sends it on.
    Unicast,
    /// Takes it in.
    Local,
    /// Takes it in, and sends it as a broadcast.
    Broadcast,
    /// Takes it in, and sends it as unicast.
    Anycast,
    /// Sends it to a group.
    Multicast,
    /// Drops it without a word.
    Blackhole,
    /// Drops it and says that there is no way.
    Unreachable,
    /// Drops it and says that it is forbidden.
    Prohibit,
    /// Looks in the next table.
    Throw,
    /// Something newer than this code.
    Other(u8),
}

/// A route; one of several next hops is a route of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// The destination's first address.
    pub destination: IpAddr,
    /// The destination's prefix length in bits; 0 is the default route.
    pub prefix: u8,
    /// The router; none on the link.
    pub gateway: Option<IpAddr>,
    /// The interface it leaves by; 0 when none, as for [`RouteKind::Blackhole`].
    pub ifindex: u32,
    /// Among routes to one destination the lowest wins.
    pub metric: u32,
    /// The source address that the kernel prefers on it.
    pub source: Option<IpAddr>,
    /// The routing table: 254 is the main one.
    pub table: u32,
    /// What is done with what matches.
    pub kind: RouteKind,
}

impl Route {
    /// Whether it is in the main table.
    #[must_use]
    pub const fn is_main(&self) -> bool {
        self.table == TABLE_MAIN
    }

    /// Whether it sends packets on.
    #[must_use]
    pub fn is_unicast(&self) -> bool {
        self.kind == RouteKind::Unicast
    }

    /// Whether it sends packets on and is in the main table.
    #[must_use]
    pub fn is_unicast_main(&self) -> bool {
        self.is_unicast() && self.is_main()
    }
}

/// A rule by which the kernel picks a routing table before it looks for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Packets from this network; with a prefix length of 0, from everywhere.
    pub source: (IpAddr, u8),
    /// The routing table: see [`Route::table`].
    pub table: u32,
    /// Rules are asked in the order of their priorities, the lowest first.
    pub priority: u32,
}

/// How sure the kernel is of a neighbour: RFC 4861 7.3.2, and Linux's own `NUD_*` beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NeighbourState {
    /// Nothing was tried.
    None,
    /// Asked, and no answer yet.
    Incomplete,
    /// Answered a short while ago.
    Reachable,
    /// Answered a long while ago.
    Stale,
    /// Used while stale: a probe goes out soon.
    Delay,
    /// Being asked again.
    Probe,
    /// Did not answer.
    Failed,
    /// Needs no resolution.
    Noarp,
    /// Configured.
    Permanent,
    /// Something newer than this code.
    Other(u16),
}

/// An address of another host on a link, and its MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Neighbour {
    /// The link.
    pub ifindex: u32,
    /// The IP address.
    pub address: IpAddr,
    /// The MAC address, once known; it may linger when the state is no longer usable.
    pub mac: Option<Mac>,
    /// How sure the kernel is.
    pub state: NeighbourState,
}

impl Neighbour {
    /// Whether frames can be sent to its MAC address.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        match self.state {
            NeighbourState::Reachable
            | NeighbourState::Stale
            | NeighbourState::Delay
            | NeighbourState::Probe
            | NeighbourState::Noarp
            | NeighbourState::Permanent => self.mac.is_some(),
            NeighbourState::None
            | NeighbourState::Incomplete
            | NeighbourState::Failed
            | NeighbourState::Other(_) => false,
        }
    }
}

/// What becomes of a neighbour once it is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Upkeep {
    /// The kernel keeps it fresh without traffic, for ever (`NTF_EXT_MANAGED`): for the few that are
    /// configured.
    Managed,
    /// It ages as any other, and the kernel bounds how many there are: for those that a peer can
    /// make us ask for.
    Ordinary,
}

/// A change in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An interface is new or has changed.
    Link(Link),
    /// An interface is gone.
    LinkGone(Link),
    /// An address is new or has changed.
    Address(Address),
    /// An address is gone.
    AddressGone(Address),
    /// A route is new.
    Route(Route),
    /// A route is gone.
    RouteGone(Route),
    /// A neighbour is new or has changed.
    Neighbour(Neighbour),
    /// A neighbour is gone.
    NeighbourGone(Neighbour),
    /// Events were lost: only a new dump tells what is true.
    Overrun,
}
