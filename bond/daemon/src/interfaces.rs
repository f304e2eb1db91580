//! What the kernel says of interfaces, and making them fit to be members.

use std::io;

use bond::{Duplex, Interface};
use netio::ethtool::{self, Ethtool};
use netio::netlink::{Event, Link, Netlink, Watch};
use netio::sysctl;

/// The kernel answers no ARP request on this interface (Linux's `arp_ignore`).
const ARP_IGNORE_ALL: u8 = 8;

/// The interfaces of this network namespace.
#[derive(Debug)]
pub struct Interfaces {
    ethtool: Ethtool,
    netlink: Netlink,
    watch: Watch,
}

/// What the kernel told of: an interface, or so much that all must be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The interface of this index.
    Of(u32),
    /// The interface of this index is gone, though one of its name may be there again.
    Gone(u32),
    /// Any, in any way.
    Any,
}

impl Interfaces {
    /// Opens the kernel's two ways of asking, and of being told.
    ///
    /// # Errors
    /// When the kernel gives no socket.
    pub async fn open() -> io::Result<Self> {
        let netlink = Netlink::new()?;
        let watch = netlink.watch().await?;
        Ok(Self {
            ethtool: Ethtool::open()?,
            netlink,
            watch,
        })
    }

    /// Makes an interface fit to be a member: nothing of the kernel's may answer, merge or defer.
    /// Harmless when lvsd has done the same.
    ///
    /// # Errors
    /// When the interface is not there or cannot be configured.
    pub async fn prepare(&self, ifname: &str, mtu: u16) -> io::Result<()> {
        let Some(link) = self.link(ifname).await? else {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("{ifname}: no such interface"),
            ));
        };
        sysctl::disable_ipv6(ifname, true)?;
        sysctl::arp_ignore(ifname, ARP_IGNORE_ALL)?;
        let refused = self.ethtool.disable_offloads(ifname)?;
        if !refused.is_empty() {
            eprintln!("{ifname}: the driver keeps {}", refused.join(", "));
        }
        if link.mtu != u32::from(mtu) {
            self.netlink.set_mtu(link.index, mtu.into()).await?;
        }
        if !link.up {
            self.netlink.set_up(link.index, true).await?;
        }
        Ok(())
    }

    async fn link(&self, ifname: &str) -> io::Result<Option<Link>> {
        let links = self.netlink.links().await?;
        Ok(links.into_iter().find(|link| link.name == ifname))
    }

    /// Whether an interface is there and has carrier. Cheap.
    pub fn carrier(&self, ifname: &str) -> bool {
        self.ethtool.carrier(ifname).unwrap_or(false)
    }

    /// An interface as it is now; all unknown when there is none.
    pub async fn look(&self, ifname: &str) -> Interface {
        let Ok(Some(link)) = self.link(ifname).await else {
            return Interface::default();
        };
        let settings = self.ethtool.link_settings(ifname).unwrap_or_default();
        Interface {
            ifindex: link.index,
            mac: link.permanent_mac.or(link.mac).unwrap_or_default(),
            carrier: self.carrier(ifname),
            speed: settings.speed,
            duplex: settings.duplex.map(duplex),
        }
    }

    /// Waits until the kernel tells of a change to a link. Safe to cancel.
    pub async fn changed(&mut self) -> Change {
        loop {
            match self.watch.next().await {
                Ok(Event::Link(link)) => return Change::Of(link.index),
                Ok(Event::LinkGone(link)) => return Change::Gone(link.index),
                Ok(Event::Overrun) | Err(_) => return Change::Any,
                Ok(
                    Event::Address(_)
                    | Event::AddressGone(_)
                    | Event::Route(_)
                    | Event::RouteGone(_)
                    | Event::Neighbour(_)
                    | Event::NeighbourGone(_),
                ) => {}
            }
        }
    }
}

const fn duplex(duplex: ethtool::Duplex) -> Duplex {
    match duplex {
        ethtool::Duplex::Half => Duplex::Half,
        ethtool::Duplex::Full => Duplex::Full,
    }
}
