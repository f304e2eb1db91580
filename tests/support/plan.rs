//! The lab's address plan. One switch, one layer-2 network, two subnets on it:
//!
//! ```text
//!  client .10 .10 ──┐                        ┌── r1 .11    A 10.80.1.0/24  2001:db8:80:1::/64
//!  (in A and in B)  ├── Open vSwitch ────────┼── r2 .12    B 10.80.2.0/24  2001:db8:80:2::/64
//!                   │    m1 │  │ m2  LACP    └── r3 .13    (reals: in B only)
//!                   │  cable 1  cable 2
//!                   │  eth1 │  │ eth2
//!                   └── appliance: bond0  A .2  B .1 (the reals' default gateway)
//! ```
//! With two appliances, box 1 is .2 and box 2 is .3 in both subnets, cables 3 and 4 lead from `m3`
//! and `m4` to box 2, and the reals' default gateway is an address of a virtual router ([`Router`]).
//!
//! VIPs for NAT lie in A (the client asks from A, replies pass the appliance), VIPs for DR in B
//! (the client asks from B, the reals answer it directly). `.100` is scheduled by rr, `.101` by
//! Maglev with weights 5:3:1.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

mod router;

pub use router::{ADVERT_INT, Router, other};

/// One of the two subnets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subnet {
    /// Client and NAT VIPs.
    A,
    /// Client, reals and DR VIPs.
    B,
}

/// Address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Forwarding method of a VIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Rewritten both ways by the appliance.
    Nat,
    /// Direct routing: the real owns the VIP too.
    Dr,
}

/// Scheduler of a VIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// Round robin over equal reals.
    RoundRobin,
    /// Maglev with weights 5:3:1.
    Maglev,
}

/// How many real servers there are.
pub const REALS: u8 = 3;
/// Prefix length of the IPv4 subnets.
pub const PREFIX_V4: u8 = 24;
/// Prefix length of the IPv6 subnets.
pub const PREFIX_V6: u8 = 64;
/// Port of every VIP, and of the reals for DR.
pub const VIP_PORT: u16 = 80;
/// Ports of the reals for NAT: others than the VIP's, so that a port left untranslated shows; one for
/// each scheduler and one for the service that comes and goes, so that a real's answer belongs to one
/// service (docs/adr/0018-takeover.md).
pub const NAT_REAL_PORTS: [u16; 3] = [8080, 8081, 8082];
/// Last address byte of the client.
pub const CLIENT: u8 = 10;

/// The address in `subnet` whose last decimal number (IPv4) or last group as it reads (IPv6) is
/// `host`: 11 is `10.80.2.11` and `2001:db8:80:2::11`.
pub fn address(family: Family, subnet: Subnet, host: u8) -> IpAddr {
    let third = match subnet {
        Subnet::A => 1,
        Subnet::B => 2,
    };
    match family {
        Family::V4 => Ipv4Addr::new(10, 80, third, host).into(),
        Family::V6 => {
            let host = u16::from(host);
            let as_it_reads = ((host / 100) << 8) | ((host / 10 % 10) << 4) | (host % 10);
            Ipv6Addr::new(0x2001, 0xdb8, 0x80, u16::from(third), 0, 0, 0, as_it_reads).into()
        }
    }
}

/// How many appliances a lab has at most.
pub const BOXES: u8 = 2;

/// The own address of box `number` (1 or 2) in `subnet`, where there are two.
pub fn own(number: u8, family: Family, subnet: Subnet) -> IpAddr {
    address(family, subnet, 1 + number)
}

/// The reals' default gateway.
pub fn gateway(family: Family) -> IpAddr {
    address(family, Subnet::B, 1)
}

/// The own address of a lone appliance in `subnet`.
pub fn appliance(family: Family, subnet: Subnet) -> IpAddr {
    match subnet {
        Subnet::A => address(family, subnet, 2),
        Subnet::B => gateway(family),
    }
}

/// The address of real `number` (1 to 3).
pub fn real(family: Family, number: u8) -> IpAddr {
    address(family, Subnet::B, 10 + number)
}

/// One virtual service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vip {
    /// How frames reach the reals.
    pub method: Method,
    /// Address family.
    pub family: Family,
    /// How reals are chosen.
    pub scheduler: Scheduler,
}

impl Vip {
    /// All eight.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for method in [Method::Nat, Method::Dr] {
            for family in [Family::V4, Family::V6] {
                for scheduler in [Scheduler::RoundRobin, Scheduler::Maglev] {
                    all.push(Self {
                        method,
                        family,
                        scheduler,
                    });
                }
            }
        }
        all
    }

    /// The rr VIP of a method and family.
    pub fn rr(method: Method, family: Family) -> Self {
        Self {
            method,
            family,
            scheduler: Scheduler::RoundRobin,
        }
    }

    /// The Maglev VIP of a method and family.
    pub fn maglev(method: Method, family: Family) -> Self {
        Self {
            method,
            family,
            scheduler: Scheduler::Maglev,
        }
    }

    /// The virtual router that its address belongs to, where there are two boxes.
    pub fn router(&self) -> Router {
        Router {
            method: self.method,
            family: self.family,
        }
    }

    /// Its name in the configuration, such as `nat-v4-rr`.
    pub fn name(&self) -> String {
        let method = match self.method {
            Method::Nat => "nat",
            Method::Dr => "dr",
        };
        let family = match self.family {
            Family::V4 => "v4",
            Family::V6 => "v6",
        };
        let scheduler = match self.scheduler {
            Scheduler::RoundRobin => "rr",
            Scheduler::Maglev => "maglev",
        };
        format!("{method}-{family}-{scheduler}")
    }

    /// Its address and port.
    pub fn address(&self) -> SocketAddr {
        let subnet = match self.method {
            Method::Nat => Subnet::A,
            Method::Dr => Subnet::B,
        };
        let host = match self.scheduler {
            Scheduler::RoundRobin => 100,
            Scheduler::Maglev => 101,
        };
        SocketAddr::new(address(self.family, subnet, host), VIP_PORT)
    }

    /// Its reals' addresses and ports, first to last.
    pub fn reals(&self) -> Vec<SocketAddr> {
        let port = match (self.method, self.scheduler) {
            (Method::Nat, Scheduler::RoundRobin) => NAT_REAL_PORTS[0],
            (Method::Nat, Scheduler::Maglev) => NAT_REAL_PORTS[1],
            (Method::Dr, Scheduler::RoundRobin | Scheduler::Maglev) => VIP_PORT,
        };
        self.reals_at(port)
    }

    /// The same reals, at another port.
    pub fn reals_at(&self, port: u16) -> Vec<SocketAddr> {
        (1..=REALS)
            .map(|number| SocketAddr::new(real(self.family, number), port))
            .collect()
    }

    /// Its reals' weights, first to last.
    pub fn weights(&self) -> [u32; REALS as usize] {
        match self.scheduler {
            Scheduler::RoundRobin => [1, 1, 1],
            Scheduler::Maglev => [5, 3, 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_the_plan_says() {
        assert_eq!(real(Family::V4, 1).to_string(), "10.80.2.11");
        assert_eq!(real(Family::V6, 3).to_string(), "2001:db8:80:2::13");
        assert_eq!(
            appliance(Family::V6, Subnet::A).to_string(),
            "2001:db8:80:1::2"
        );
        let vip = Vip {
            method: Method::Dr,
            family: Family::V6,
            scheduler: Scheduler::Maglev,
        };
        assert_eq!(vip.address().to_string(), "[2001:db8:80:2::101]:80");
        assert_eq!(
            Vip::rr(Method::Nat, Family::V4).address().to_string(),
            "10.80.1.100:80"
        );
    }

    #[test]
    fn the_eight_services_have_eight_names_and_addresses() {
        let mut names: Vec<_> = Vip::all()
            .iter()
            .map(|vip| (vip.name(), vip.address()))
            .collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 8);
    }
}
