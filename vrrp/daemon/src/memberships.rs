//! The kernel's membership of VRRP's groups on the bonds' interfaces. Adverts come by other sockets;
//! this is for switches that send a group only where somebody has asked for it: the kernel asks, and
//! answers when they ask back.

use std::io;

use socket2::{Domain, InterfaceIndexOrAddress, Socket, Type};
use vrrp::{Config, Family};
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
    family: Family,
    _socket: Socket,
}

impl Memberships {
    /// Joins where there is a virtual router, and leaves where there is none any more.
    pub fn follow(&mut self, routers: &[Config], picture: &Picture) {
        let mut wanted: Vec<(u32, Family)> = routers
            .iter()
            .filter_map(|router| Some((picture.index(&router.interface)?, router.family())))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        self.joined
            .retain(|joined| wanted.contains(&(joined.ifindex, joined.family)));
        let is_joined = |all: &[Membership], ifindex, family| {
            all.iter()
                .any(|one| (one.ifindex, one.family) == (ifindex, family))
        };
        for (ifindex, family) in wanted {
            if is_joined(&self.joined, ifindex, family) {
                continue;
            }
            match Membership::join(ifindex, family) {
                Ok(membership) => self.joined.push(membership),
                Err(error) => self.complain(&format!("joining VRRP's group: {error}")),
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

impl Membership {
    fn join(ifindex: u32, family: Family) -> io::Result<Self> {
        let domain = match family {
            Family::Ipv4 => Domain::IPV4,
            Family::Ipv6 => Domain::IPV6,
        };
        let socket = Socket::new(domain, Type::DGRAM, None)?;
        match family {
            Family::Ipv4 => {
                let interface = InterfaceIndexOrAddress::Index(ifindex);
                socket.join_multicast_v4_n(&GROUP_V4, &interface)?;
            }
            Family::Ipv6 => socket.join_multicast_v6(&GROUP_V6, ifindex)?,
        }
        Ok(Self {
            ifindex,
            family,
            _socket: socket,
        })
    }
}
