//! What the kernel says of the bonds' host interfaces and of their members.

use std::io;
use std::net::IpAddr;

use netio::netlink::{Address, Event, Link, Netlink, Watch};
use vrrp::Family;

/// The interfaces of this network namespace.
#[derive(Debug)]
pub struct Interfaces {
    netlink: Netlink,
    watch: Watch,
}

/// Links and addresses at one moment.
#[derive(Debug, Default)]
pub struct Picture {
    links: Vec<Link>,
    addresses: Vec<Address>,
}

/// The source addresses of adverts on a bond's network: none while its interface is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The primary IPv4 address: the first configured one.
    pub ipv4: Option<IpAddr>,
    /// The link-local IPv6 address.
    pub ipv6: Option<IpAddr>,
}

impl Sources {
    /// The address of this family.
    pub const fn of(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::Ipv4 => self.ipv4,
            Family::Ipv6 => self.ipv6,
        }
    }
}

impl Interfaces {
    /// Opens the kernel's two ways of asking, and of being told.
    ///
    /// # Errors
    /// When the kernel gives no socket.
    pub async fn open() -> io::Result<Self> {
        let netlink = Netlink::new()?;
        let watch = netlink.watch().await?;
        Ok(Self { netlink, watch })
    }

    /// Links and addresses as they are now.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub async fn look(&self) -> io::Result<Picture> {
        Ok(Picture {
            links: self.netlink.links().await?,
            addresses: self.netlink.addresses().await?,
        })
    }

    /// Waits until the kernel tells of changes to links or addresses, as many as it tells of at
    /// once. The indices of the interfaces that are gone, though one of their name may be there
    /// again; none when so much changed that any may be. Safe to cancel.
    pub async fn changed(&mut self) -> Option<Vec<u32>> {
        let mut gone = Vec::new();
        let mut is_relevant = false;
        let mut event = self.watch.next().await;
        loop {
            match event {
                Ok(Event::Link(_) | Event::Address(_) | Event::AddressGone(_)) => {
                    is_relevant = true;
                }
                Ok(Event::LinkGone(link)) => {
                    is_relevant = true;
                    gone.push(link.index);
                }
                Ok(Event::Overrun) | Err(_) => return None,
                Ok(
                    Event::Route(_)
                    | Event::RouteGone(_)
                    | Event::Neighbour(_)
                    | Event::NeighbourGone(_),
                ) => {}
            }
            event = match self.watch.try_next() {
                Ok(Some(event)) => Ok(event),
                Ok(None) if is_relevant => return Some(gone),
                Ok(None) => self.watch.next().await,
                Err(error) => Err(error),
            };
        }
    }
}

impl Picture {
    /// The index of the interface of this name.
    pub fn index(&self, name: &str) -> Option<u32> {
        self.link(name).map(|link| link.index)
    }

    fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// The source addresses of adverts on the network of this interface.
    pub fn sources(&self, name: &str) -> Sources {
        let Some(link) = self.link(name).filter(|link| link.up) else {
            return Sources::default();
        };
        let own = self.addresses.iter().filter(|at| at.ifindex == link.index);
        let addresses = || own.clone().map(|one| one.address);
        let is_link_local = |address: &IpAddr| match address {
            IpAddr::V4(_) => false,
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        Sources {
            ipv4: addresses().find(IpAddr::is_ipv4),
            ipv6: addresses().find(is_link_local),
        }
    }
}

#[cfg(test)]
impl Picture {
    /// Interfaces of these names that are up, without addresses.
    pub fn of(names: &[&str]) -> Self {
        let links = names.iter().zip(1..).map(|(name, index)| Link {
            index,
            name: (*name).to_owned(),
            up: true,
            ..Link::default()
        });
        Self {
            links: links.collect(),
            addresses: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(up: bool) -> Picture {
        let link = |index, name: &str| Link {
            index,
            name: name.to_owned(),
            up,
            ..Link::default()
        };
        let address = |ifindex, text: &str| Address {
            ifindex,
            address: text.parse().expect("an address"),
            prefix: 24,
        };
        Picture {
            links: vec![link(1, "lo"), link(7, "bond0"), link(8, "bond1")],
            addresses: vec![
                address(1, "127.0.0.1"),
                address(8, "192.0.2.9"),
                address(7, "192.0.2.1"),
                address(7, "192.0.2.2"),
                address(7, "2001:db8::1"),
                address(7, "fe80::1"),
            ],
        }
    }

    #[test]
    fn adverts_come_from_the_first_ipv4_and_from_the_link_local_address_of_the_bond() {
        let sources = picture(true).sources("bond0");
        assert_eq!(sources.of(Family::Ipv4), "192.0.2.1".parse().ok());
        assert_eq!(sources.of(Family::Ipv6), "fe80::1".parse().ok());
        assert_eq!(picture(true).sources("bond1").ipv6, None);
    }

    #[test]
    fn an_interface_that_is_down_or_missing_is_no_source() {
        assert_eq!(picture(false).sources("bond0"), Sources::default());
        assert_eq!(picture(true).sources("bond2"), Sources::default());
    }
}
