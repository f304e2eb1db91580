//! The kernel's membership, on the bonds' interfaces, of VRRP's groups and of the solicited-node
//! groups of the virtual addresses (RFC 5798 6.4.2 (390), 6.4.3 (620)). Adverts and solicitations
//! come by other sockets; this is for switches that send a group only where somebody has asked for
//! it: the kernel asks, and answers when they ask back. A Backup is a member as well, so that no
//! switch has to learn of it when it becomes Active.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

use socket2::{Domain, InterfaceIndexOrAddress, Socket, Type};
use vrrp::Config;
use wire::icmpv6::solicited_node;
use wire::vrrp::{GROUP_V4, GROUP_V6};

use crate::interfaces::Picture;

/// All memberships.
#[derive(Debug, Default)]
pub struct Memberships {
    joined: Vec<Membership>,
    complaint: Option<String>,
}

/// One group on one interface, for as long as the socket is open.
#[derive(Debug)]
struct Membership {
    ifindex: u32,
    group: IpAddr,
    _socket: Socket,
}

impl Memberships {
    /// Joins where there is a virtual router, and leaves where there is none any more.
    pub fn follow(&mut self, routers: &[Config], picture: &Picture) {
        let mut wanted = wanted(routers, picture);
        self.joined
            .retain(|joined| wanted.remove(&(joined.ifindex, joined.group)));
        for (ifindex, group) in wanted {
            match Membership::join(ifindex, group) {
                Ok(membership) => self.joined.push(membership),
                Err(error) => self.complain(&format!("joining {group}: {error}")),
            }
        }
    }

    fn complain(&mut self, reason: &str) {
        if self.complaint.as_deref() != Some(reason) {
            eprintln!("vrrpd: {reason}");
            self.complaint = Some(reason.to_owned());
        }
    }
}

/// The groups of all virtual routers, by interface.
fn wanted(routers: &[Config], picture: &Picture) -> BTreeSet<(u32, IpAddr)> {
    let on_interface = |router: &Config| {
        let groups = groups(router);
        let ifindex = picture.index(&router.interface);
        ifindex.map(|ifindex| groups.into_iter().map(move |group| (ifindex, group)))
    };
    routers.iter().filter_map(on_interface).flatten().collect()
}

/// The groups of a virtual router.
fn groups(router: &Config) -> Vec<IpAddr> {
    let of_address = |address: &IpAddr| match address {
        IpAddr::V4(_) => vec![GROUP_V4.into()],
        IpAddr::V6(address) => vec![GROUP_V6.into(), solicited_node(*address).into()],
    };
    let addresses = router.virtual_ipaddress.iter();
    addresses.flat_map(of_address).collect()
}

impl Membership {
    fn join(ifindex: u32, group: IpAddr) -> io::Result<Self> {
        let domain = match group {
            IpAddr::V4(_) => Domain::IPV4,
            IpAddr::V6(_) => Domain::IPV6,
        };
        let socket = Socket::new(domain, Type::DGRAM, None)?;
        match group {
            IpAddr::V4(group) => {
                let interface = InterfaceIndexOrAddress::Index(ifindex);
                socket.join_multicast_v4_n(&group, &interface)?;
            }
            IpAddr::V6(group) => socket.join_multicast_v6(&group, ifindex)?,
        }
        Ok(Self {
            ifindex,
            group,
            _socket: socket,
        })
    }
}

#[cfg(test)]
mod tests {
    use vrrp::{Centiseconds, Priority, Vrid};

    use super::*;

    fn router(interface: &str, addresses: &[&str]) -> Config {
        let addresses = addresses.iter().map(|text| ip(text));
        Config {
            name: interface.to_owned(),
            interface: interface.to_owned(),
            virtual_router_id: Vrid::new(51).expect("not 0"),
            priority: Priority::DEFAULT,
            advert_int: Centiseconds::SECOND,
            preempt: false,
            virtual_ipaddress: addresses.collect(),
            track_service: Vec::new(),
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn each_interface_joins_the_groups_of_its_routers_and_addresses_once_and_no_other() {
        let picture = Picture::of(&["lo", "bond0", "bond1"]);
        let routers = [
            router("bond0", &["192.0.2.1", "192.0.2.2"]),
            router("bond0", &["fe80::51:1", "2001:db8::51:1", "2001:db8::100"]),
            router("bond1", &["192.0.2.129"]),
            router("bond2", &["fe80::52:1"]),
        ];
        let [bond0, bond1] = ["bond0", "bond1"].map(|name| picture.index(name).expect("there"));
        let expected = [
            (bond0, ip("224.0.0.18")),
            (bond0, ip("ff02::12")),
            (bond0, ip("ff02::1:ff51:1")),
            (bond0, ip("ff02::1:ff00:100")),
            (bond1, ip("224.0.0.18")),
        ];
        assert_eq!(wanted(&routers, &picture), expected.into());
    }
}
