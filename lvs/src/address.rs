//! Addresses of both families in one shape, so that one path serves both.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An IP address in 128 bits: IPv6 as it is, IPv4 as its IPv4-mapped address (RFC 4291 2.5.5.2),
/// which no IPv6 packet may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(u128);

const MAPPED: u128 = 0xffff_0000_0000;

impl Address {
    /// From its 128 bits.
    #[inline]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// Its 128 bits.
    #[inline]
    pub const fn to_bits(self) -> u128 {
        self.0
    }

    /// From two words, the first in transmission order first.
    #[inline]
    pub fn from_words([high, low]: [u64; 2]) -> Self {
        Self(u128::from(high) << 64 | u128::from(low))
    }

    /// The two words, the first in transmission order first.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the upper half goes by itself"
    )]
    pub const fn to_words(self) -> [u64; 2] {
        [(self.0 >> 64) as u64, self.0 as u64]
    }

    /// The IPv4 address, if it is one.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the upper bits were looked at"
    )]
    pub const fn to_v4(self) -> Option<Ipv4Addr> {
        if self.0 >> 32 == MAPPED >> 32 {
            Some(Ipv4Addr::from_bits(self.0 as u32))
        } else {
            None
        }
    }

    /// The address in its own family.
    #[inline]
    pub const fn to_ip(self) -> IpAddr {
        match self.to_v4() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(self.0)),
        }
    }

    /// Whether a single host may send from it (RFC 1122 3.2.1.3, RFC 4291 2.5).
    pub const fn is_host(self) -> bool {
        match self.to_ip() {
            IpAddr::V4(v4) => {
                let [network, ..] = v4.octets();
                !(network == 0 || v4.is_loopback() || v4.is_multicast() || v4.is_broadcast())
            }
            IpAddr::V6(v6) => !(v6.is_unspecified() || v6.is_loopback() || v6.is_multicast()),
        }
    }
}

impl From<Ipv4Addr> for Address {
    #[inline]
    fn from(v4: Ipv4Addr) -> Self {
        Self(MAPPED | u128::from(v4.to_bits()))
    }
}

impl From<Ipv6Addr> for Address {
    #[inline]
    fn from(v6: Ipv6Addr) -> Self {
        Self(v6.to_bits())
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => v6.into(),
        }
    }
}

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address.
    pub address: Address,
    /// The port, or 0 where only the address is meant.
    pub port: u16,
}

impl Endpoint {
    /// As the standard library has it.
    pub const fn to_socket(self) -> SocketAddr {
        SocketAddr::new(self.address.to_ip(), self.port)
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(socket: SocketAddr) -> Self {
        Self {
            address: socket.ip().into(),
            port: socket.port(),
        }
    }
}
