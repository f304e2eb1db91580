//! Asking and telling the kernel.

use std::io;
use std::net::IpAddr;

use futures_util::{Stream, TryStreamExt};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::AddressHeaderFlags;
use netlink_packet_route::link::LinkMessage;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourExtFlags, NeighbourFlags, NeighbourMessage,
    NeighbourState as KernelState,
};
use netlink_packet_route::route::{RouteMessage, RouteScope};
use rtnetlink::{Handle, LinkUnspec, RouteMessageBuilder};
use wire::Mac;

use super::decode;
use super::model::{Address, Link, Neighbour, Route, Upkeep};
use super::watch::Watch;
use crate::error::{Context, Error, Result};

/// The kernel's network configuration, of one network namespace.
#[derive(Clone, Debug)]
pub struct Netlink {
    pub(super) handle: Handle,
}

impl Netlink {
    /// For the network namespace of the calling thread; within a tokio runtime, which carries it.
    ///
    /// # Errors
    /// When the kernel gives no socket.
    pub fn new() -> Result<Self> {
        let (connection, handle, _) =
            rtnetlink::new_connection().context(|| "open a netlink socket".into())?;
        tokio::spawn(connection);
        Ok(Self { handle })
    }

    /// Follows changes in the network namespace of the calling thread.
    ///
    /// # Errors
    /// When the kernel gives no socket.
    #[expect(clippy::unused_async, reason = "it must be called within the runtime")]
    pub async fn watch(&self) -> Result<Watch> {
        Watch::open()
    }

    /// All interfaces.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn links(&self) -> Result<Vec<Link>> {
        dump("links", self.handle.link().get().execute(), |message| {
            Some(decode::link(&message))
        })
        .await
    }

    /// All addresses of this host.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn addresses(&self) -> Result<Vec<Address>> {
        let messages = self.handle.address().get().execute();
        dump("addresses", messages, |message| decode::address(&message)).await
    }

    /// All routes of all tables, IPv4 before IPv6.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn routes(&self) -> Result<Vec<Route>> {
        let mut routes = Vec::new();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut request = RouteMessage::default();
            request.header.address_family = family;
            let messages = self.handle.route().get(request).execute();
            routes.extend(dump("routes", messages, |message| decode::routes(&message)).await?);
        }
        Ok(routes)
    }

    /// All neighbours.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn neighbours(&self) -> Result<Vec<Neighbour>> {
        let messages = self.handle.neighbours().get().execute();
        dump("neighbours", messages, |message| {
            decode::neighbour(&message)
        })
        .await
    }

    /// Sets an interface administratively up or down.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn set_up(&self, ifindex: u32, up: bool) -> Result<()> {
        let change = LinkUnspec::new_with_index(ifindex);
        let change = if up { change.up() } else { change.down() };
        self.set_link(ifindex, if up { "up" } else { "down" }, change.build())
            .await
    }

    /// Sets an interface's MTU in bytes.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn set_mtu(&self, ifindex: u32, mtu: u32) -> Result<()> {
        let change = LinkUnspec::new_with_index(ifindex).mtu(mtu);
        self.set_link(ifindex, &format!("to the MTU {mtu}"), change.build())
            .await
    }

    /// Sets an interface's MAC address. A driver may want it down for that.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn set_mac(&self, ifindex: u32, mac: Mac) -> Result<()> {
        let change = LinkUnspec::new_with_index(ifindex);
        let change = change.address(mac.0.to_vec());
        self.set_link(ifindex, "to another MAC address", change.build())
            .await
    }

    async fn set_link(&self, ifindex: u32, what: &str, change: LinkMessage) -> Result<()> {
        let result = self.handle.link().set(change).execute().await;
        result.map_err(|error| fault(format!("set interface {ifindex} {what}"), error))
    }

    /// Adds an address to an interface; having it already is no fault. It is usable at once: an IPv6 address
    /// is not asked for first (RFC 4862 5.4).
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn add_address(&self, ifindex: u32, address: IpAddr, prefix: u8) -> Result<()> {
        let mut request = self
            .handle
            .address()
            .add(ifindex, address, prefix)
            .replace();
        if address.is_ipv6() {
            request.message_mut().header.flags |= AddressHeaderFlags::Nodad;
        }
        let operation = || format!("add {address}/{prefix} to interface {ifindex}");
        request
            .execute()
            .await
            .map_err(|error| fault(operation(), error))
    }

    /// Removes an address from an interface; not having it is no fault.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn remove_address(&self, ifindex: u32, address: IpAddr, prefix: u8) -> Result<()> {
        let mut like = self.handle.address().add(ifindex, address, prefix);
        let request = self.handle.address().del(like.message_mut().clone());
        let operation = || format!("remove {address}/{prefix} from interface {ifindex}");
        unless_missing(request.execute().await, operation)
    }

    /// Adds a route to the main table, in place of one to the same destination.
    ///
    /// # Errors
    /// When the families differ, the prefix is too long, or the kernel refuses: no way to the
    /// gateway.
    pub async fn add_route(
        &self,
        (destination, prefix): (IpAddr, u8),
        gateway: Option<IpAddr>,
        ifindex: Option<u32>,
    ) -> Result<()> {
        let operation = || format!("add a route to {destination}/{prefix}");
        let route = route((destination, prefix), gateway, ifindex)
            .map_err(|why| Error::other(operation(), why))?;
        let request = self.handle.route().add(route.build()).replace();
        request
            .execute()
            .await
            .map_err(|error| fault(operation(), error))
    }

    /// Removes a route that [`add_route`](Self::add_route) added; that there is none is no fault. One that
    /// somebody else added, who says another protocol than "static", stays.
    ///
    /// # Errors
    /// As [`add_route`](Self::add_route).
    pub async fn remove_route(
        &self,
        (destination, prefix): (IpAddr, u8),
        gateway: Option<IpAddr>,
        ifindex: Option<u32>,
    ) -> Result<()> {
        let operation = || format!("remove the route to {destination}/{prefix}");
        let route = route((destination, prefix), gateway, ifindex)
            .map_err(|why| Error::other(operation(), why))?;
        unless_missing(
            self.handle.route().del(route.build()).execute().await,
            operation,
        )
    }

    /// Has the kernel resolve a neighbour now. What comes of it comes by the watch.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn resolve(&self, ifindex: u32, address: IpAddr, upkeep: Upkeep) -> Result<()> {
        let mut request = self.handle.neighbours().add(ifindex, address).replace();
        let message = request.message_mut();
        message.header.state = KernelState::None;
        message.header.flags = NeighbourFlags::Use;
        match upkeep {
            Upkeep::Managed => message
                .attributes
                .push(NeighbourAttribute::ExtFlags(NeighbourExtFlags::Managed)),
            Upkeep::Ordinary => {}
        }
        let operation = || format!("resolve {address} on interface {ifindex}");
        request
            .execute()
            .await
            .map_err(|error| fault(operation(), error))
    }

    /// Has the kernel forget a neighbour, and no longer keep it fresh.
    ///
    /// # Errors
    /// `ENOENT` when it knows none.
    pub async fn forget(&self, ifindex: u32, address: IpAddr) -> Result<()> {
        let mut message = NeighbourMessage::default();
        message.header.ifindex = ifindex;
        let destination = match address {
            IpAddr::V4(v4) => {
                message.header.family = AddressFamily::Inet;
                NeighbourAddress::Inet(v4)
            }
            IpAddr::V6(v6) => {
                message.header.family = AddressFamily::Inet6;
                NeighbourAddress::Inet6(v6)
            }
        };
        message
            .attributes
            .push(NeighbourAttribute::Destination(destination));
        let operation = || format!("forget {address} on interface {ifindex}");
        let request = self.handle.neighbours().del(message);
        request
            .execute()
            .await
            .map_err(|error| fault(operation(), error))
    }
}

pub(super) async fn dump<M, T, I: IntoIterator<Item = T>>(
    what: &str,
    messages: impl Stream<Item = std::result::Result<M, rtnetlink::Error>>,
    decode: impl Fn(M) -> I,
) -> Result<Vec<T>> {
    let collect = messages.try_fold(Vec::new(), async |mut all, message| {
        all.extend(decode(message));
        Ok(all)
    });
    collect
        .await
        .map_err(|error| fault(format!("list the {what}"), error))
}

/// A static route, of the main table unless said otherwise.
pub(super) fn route(
    (destination, prefix): (IpAddr, u8),
    gateway: Option<IpAddr>,
    ifindex: Option<u32>,
) -> std::result::Result<RouteMessageBuilder<IpAddr>, String> {
    let mut route = RouteMessageBuilder::<IpAddr>::new()
        .destination_prefix(destination, prefix)
        .map_err(|error| error.to_string())?;
    match gateway {
        Some(gateway) => route = route.gateway(gateway).map_err(|error| error.to_string())?,
        None => route = route.scope(RouteScope::Link),
    }
    if let Some(ifindex) = ifindex {
        route = route.output_interface(ifindex);
    }
    Ok(route)
}

/// The kernel's answer to a removal: what is not there need not be removed.
pub(super) fn unless_missing(
    answer: std::result::Result<(), rtnetlink::Error>,
    operation: impl FnOnce() -> String,
) -> Result<()> {
    match answer.map_err(|error| fault(operation(), error)) {
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::ESRCH | libc::EADDRNOTAVAIL | libc::ENODEV | libc::ENOENT)
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

pub(super) fn fault(operation: String, error: rtnetlink::Error) -> Error {
    match error {
        rtnetlink::Error::NetlinkError(message) => Error::new(operation, message.to_io()),
        other => Error::new(operation, io::Error::other(other)),
    }
}
