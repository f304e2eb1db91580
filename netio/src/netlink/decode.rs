//! From netlink messages to plain types. What lacks its key is left out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoVlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState as KernelState,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteNextHopFlags, RouteType, RouteVia,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use wire::Mac;

use super::model::{Address, Event, Link, Neighbour, NeighbourState, Route, RouteKind, Rule};

/// The events in one message: none for what nobody follows, several for a multipath route.
pub(super) fn events(message: &RouteNetlinkMessage, mut take: impl FnMut(Event)) {
    match message {
        RouteNetlinkMessage::NewLink(message) => take(Event::Link(link(message))),
        // An interface that leaves a bridge is not gone.
        RouteNetlinkMessage::DelLink(message)
            if message.header.interface_family == AddressFamily::Bridge => {}
        RouteNetlinkMessage::DelLink(message) => take(Event::LinkGone(link(message))),
        RouteNetlinkMessage::NewAddress(message) => {
            address(message)
                .into_iter()
                .for_each(|address| take(Event::Address(address)));
        }
        RouteNetlinkMessage::DelAddress(message) => {
            address(message)
                .into_iter()
                .for_each(|address| take(Event::AddressGone(address)));
        }
        RouteNetlinkMessage::NewRoute(message) => {
            routes(message)
                .into_iter()
                .for_each(|route| take(Event::Route(route)));
        }
        RouteNetlinkMessage::DelRoute(message) => {
            routes(message)
                .into_iter()
                .for_each(|route| take(Event::RouteGone(route)));
        }
        RouteNetlinkMessage::NewNeighbour(message) => {
            neighbour(message)
                .into_iter()
                .for_each(|entry| take(Event::Neighbour(entry)));
        }
        RouteNetlinkMessage::DelNeighbour(message) => {
            neighbour(message)
                .into_iter()
                .for_each(|entry| take(Event::NeighbourGone(entry)));
        }
        _ => {}
    }
}

pub(super) fn link(message: &LinkMessage) -> Link {
    let flags = message.header.flags;
    let mut link = Link {
        index: message.header.index,
        up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        ..Link::default()
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Address(bytes) => link.mac = mac(bytes),
            LinkAttribute::PermAddress(bytes) => link.permanent_mac = mac(bytes),
            LinkAttribute::Mtu(mtu) => link.mtu = *mtu,
            LinkAttribute::MaxMtu(most) => link.max_mtu = Some(*most).filter(|most| *most != 0),
            LinkAttribute::Carrier(carrier) => link.carrier = *carrier != 0,
            LinkAttribute::Link(parent) => link.parent = Some(*parent).filter(|index| *index != 0),
            LinkAttribute::LinkInfo(infos) => infos.iter().for_each(|info| kind(&mut link, info)),
            _ => {}
        }
    }
    link
}

fn kind(link: &mut Link, info: &LinkInfo) {
    match info {
        LinkInfo::Kind(kind) => link.kind = Some(kind.to_string()),
        LinkInfo::Data(InfoData::Vlan(data)) => {
            link.vlan = data.iter().find_map(|one| match one {
                InfoVlan::Id(id) => Some(*id),
                _ => None,
            });
        }
        _ => {}
    }
}

pub(super) fn address(message: &AddressMessage) -> Option<Address> {
    // On a point-to-point link the other attribute is the peer's address.
    let local = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            AddressAttribute::Local(address) => Some(*address),
            _ => None,
        });
    let any = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        });
    let header = &message.header;
    Some(Address {
        ifindex: header.index,
        address: local.or(any)?,
        prefix: header.prefix_len,
    })
}

pub(super) fn routes(message: &RouteMessage) -> Vec<Route> {
    let header = &message.header;
    let Some(unspecified) = unspecified(header.address_family) else {
        return Vec::new();
    };
    // A cached exception is no route of anybody's configuration.
    if header.flags.contains(RouteFlags::Cloned) {
        return Vec::new();
    }
    let mut route = Route {
        destination: unspecified,
        prefix: header.destination_prefix_length,
        gateway: None,
        ifindex: 0,
        metric: 0,
        source: None,
        table: u32::from(header.table),
        kind: route_kind(header.kind),
    };
    let mut hops = Vec::new();
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(address) => {
                route.destination = ip(address).unwrap_or(unspecified);
            }
            RouteAttribute::Priority(metric) => route.metric = *metric,
            RouteAttribute::PrefSource(address) => route.source = ip(address),
            RouteAttribute::Table(table) => route.table = *table,
            RouteAttribute::MultiPath(next_hops) => {
                // The kernel sends nothing by a dead one; a route without another goes altogether.
                let alive = next_hops
                    .iter()
                    .filter(|hop| !hop.flags.contains(RouteNextHopFlags::Dead));
                hops.extend(alive.map(|hop| (hop.interface_index, &hop.attributes)));
            }
            one => take_hop(&mut route, one),
        }
    }
    if hops.is_empty() {
        return vec![route];
    }
    let with_hop = |(ifindex, attributes): (u32, &Vec<RouteAttribute>)| {
        let mut route = Route { ifindex, ..route };
        attributes
            .iter()
            .for_each(|attribute| take_hop(&mut route, attribute));
        route
    };
    hops.into_iter().map(with_hop).collect()
}

/// A rule that picks a table; others are nobody's here.
pub(super) fn rule(message: &RuleMessage) -> Option<Rule> {
    let header = &message.header;
    if header.action != RuleAction::ToTable {
        return None;
    }
    let mut rule = Rule {
        source: (unspecified(header.family)?, header.src_len),
        table: u32::from(header.table),
        priority: 0,
    };
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Source(address) => rule.source.0 = *address,
            RuleAttribute::Table(table) => rule.table = *table,
            RuleAttribute::Priority(priority) => rule.priority = *priority,
            _ => {}
        }
    }
    Some(rule)
}

fn unspecified(family: AddressFamily) -> Option<IpAddr> {
    match family {
        AddressFamily::Inet => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        AddressFamily::Inet6 => Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
        _ => None,
    }
}

fn take_hop(route: &mut Route, attribute: &RouteAttribute) {
    match attribute {
        RouteAttribute::Gateway(address) => route.gateway = ip(address),
        RouteAttribute::Via(RouteVia::Inet(address)) => route.gateway = Some((*address).into()),
        RouteAttribute::Via(RouteVia::Inet6(address)) => route.gateway = Some((*address).into()),
        RouteAttribute::Oif(ifindex) => route.ifindex = *ifindex,
        _ => {}
    }
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some((*address).into()),
        RouteAddress::Inet6(address) => Some((*address).into()),
        _ => None,
    }
}

fn route_kind(kind: RouteType) -> RouteKind {
    match kind {
        RouteType::Unicast => RouteKind::Unicast,
        RouteType::Local => RouteKind::Local,
        RouteType::Broadcast => RouteKind::Broadcast,
        RouteType::Anycast => RouteKind::Anycast,
        RouteType::Multicast => RouteKind::Multicast,
        RouteType::BlackHole => RouteKind::Blackhole,
        RouteType::Unreachable => RouteKind::Unreachable,
        RouteType::Prohibit => RouteKind::Prohibit,
        RouteType::Throw => RouteKind::Throw,
        other => RouteKind::Other(other.into()),
    }
}

pub(super) fn neighbour(message: &NeighbourMessage) -> Option<Neighbour> {
    let (mut address, mut lladdr) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => {
                address = Some(IpAddr::V4(*v4));
            }
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => {
                address = Some(IpAddr::V6(*v6));
            }
            NeighbourAttribute::LinkLayerAddress(bytes) => lladdr = mac(bytes),
            _ => {}
        }
    }
    let header = &message.header;
    let state = neighbour_state(header.state);
    Some(Neighbour {
        ifindex: header.ifindex,
        address: address?,
        mac: lladdr,
        state,
    })
}

fn neighbour_state(state: KernelState) -> NeighbourState {
    match state {
        KernelState::None => NeighbourState::None,
        KernelState::Incomplete => NeighbourState::Incomplete,
        KernelState::Reachable => NeighbourState::Reachable,
        KernelState::Stale => NeighbourState::Stale,
        KernelState::Delay => NeighbourState::Delay,
        KernelState::Probe => NeighbourState::Probe,
        KernelState::Failed => NeighbourState::Failed,
        KernelState::Noarp => NeighbourState::Noarp,
        KernelState::Permanent => NeighbourState::Permanent,
        other => NeighbourState::Other(other.into()),
    }
}

fn mac(bytes: &[u8]) -> Option<Mac> {
    bytes.try_into().ok().map(Mac)
}
