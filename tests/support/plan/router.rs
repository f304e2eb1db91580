//! The virtual routers of a lab with two boxes, each box Active for the VIPs of one method:
//!
//! ```text
//! inside-v4  inside-v6  VRID 51  box 1 200, box 2 100   NAT VIPs and the reals' default gateway
//! direct-v4  direct-v6  VRID 52  box 1 100, box 2 200   DR VIPs
//! ```

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::{BOXES, Family, Method, Scheduler, Vip, gateway};

/// How often an Active router sends an advert.
pub const ADVERT_INT: Duration = Duration::from_millis(100);

/// One virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Router {
    /// Of which VIPs.
    pub method: Method,
    /// Of which family.
    pub family: Family,
}

impl Router {
    /// All four.
    pub fn all() -> Vec<Self> {
        let of = |method| [Family::V4, Family::V6].map(|family| Self { method, family });
        [Method::Nat, Method::Dr].into_iter().flat_map(of).collect()
    }

    /// Its name in the configuration, such as `inside-v4`.
    pub fn name(self) -> &'static str {
        match (self.method, self.family) {
            (Method::Nat, Family::V4) => "inside-v4",
            (Method::Nat, Family::V6) => "inside-v6",
            (Method::Dr, Family::V4) => "direct-v4",
            (Method::Dr, Family::V6) => "direct-v6",
        }
    }

    /// Its VRID.
    pub fn vrid(self) -> u8 {
        match self.method {
            Method::Nat => 51,
            Method::Dr => 52,
        }
    }

    /// Its virtual MAC (RFC 5798 7.3).
    pub fn virtual_mac(self) -> [u8; 6] {
        let family = match self.family {
            Family::V4 => 1,
            Family::V6 => 2,
        };
        [0, 0, 0x5e, 0, family, self.vrid()]
    }

    /// The box that is Active for it at first.
    pub fn home(self) -> u8 {
        match self.method {
            Method::Nat => 1,
            Method::Dr => 2,
        }
    }

    /// Its priority on box `number`.
    pub fn priority(self, number: u8) -> u8 {
        if number == self.home() { 200 } else { 100 }
    }

    /// Its addresses; an IPv6 router's first one is link-local.
    pub fn addresses(self) -> Vec<IpAddr> {
        let link_local = match self.family {
            Family::V4 => None,
            Family::V6 => Some(self.link_local()),
        };
        let vip = |scheduler| Vip {
            method: self.method,
            family: self.family,
            scheduler,
        };
        let vips = [Scheduler::RoundRobin, Scheduler::Maglev].map(|one| vip(one).address().ip());
        let gateway = match self.method {
            Method::Nat => Some(gateway(self.family)),
            Method::Dr => None,
        };
        link_local.into_iter().chain(vips).chain(gateway).collect()
    }

    /// How long box `number`, as Backup, waits for the next advert before it takes over: three
    /// intervals and a skew (RFC 5798 6.1).
    pub fn active_down_interval(self, number: u8) -> Duration {
        let below = 256 - u32::from(self.priority(number));
        ADVERT_INT * 3 + ADVERT_INT * below / 256
    }

    /// With the VRID as it reads: `fe80::51:1`.
    fn link_local(self) -> IpAddr {
        let vrid = u16::from(self.vrid());
        let as_it_reads = ((vrid / 10) << 4) | (vrid % 10);
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, as_it_reads, 1).into()
    }
}

/// The other box than `number`.
pub const fn other(number: u8) -> u8 {
    BOXES + 1 - number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(router: Router) -> Vec<String> {
        let addresses = router.addresses().into_iter();
        addresses.map(|address| address.to_string()).collect()
    }

    #[test]
    fn an_inside_router_has_its_vips_and_the_gateway_and_a_direct_one_its_vips_only() {
        let [inside_v4, inside_v6, direct_v4, direct_v6] = Router::all()[..] else {
            panic!("not four routers");
        };
        assert_eq!(
            texts(inside_v4),
            ["10.80.1.100", "10.80.1.101", "10.80.2.1"]
        );
        assert_eq!(
            texts(inside_v6),
            [
                "fe80::51:1",
                "2001:db8:80:1::100",
                "2001:db8:80:1::101",
                "2001:db8:80:2::1"
            ]
        );
        assert_eq!(texts(direct_v4), ["10.80.2.100", "10.80.2.101"]);
        assert_eq!(texts(direct_v6).len(), 3);
    }

    #[test]
    fn the_less_preferred_box_waits_longer_and_each_box_is_preferred_for_one() {
        let inside = Vip::rr(Method::Nat, Family::V4).router();
        let direct = Vip::rr(Method::Dr, Family::V4).router();
        assert_eq!((inside.home(), direct.home()), (1, 2));
        let longer = inside.active_down_interval(2);
        assert_eq!(longer, Duration::from_nanos(360_937_500));
        assert!(inside.active_down_interval(1) < longer);
        assert_eq!((other(1), other(2)), (2, 1));
    }
}
