//! The flow of the innermost IP header, for `encap2+3` and `encap3+4`: behind VLAN tags, PPPoE, HSR and
//! PRP, IPv6's extension headers, IP in IP of both families, GRE with its Ethernet and PPTP kinds. UDP
//! tunnels are not looked into, an ICMP error counts as itself, and a fragment ends the way down: it
//! counts by its own addresses.
//!
//! As deep as Linux goes and with what it makes of each header, established by asking its kernel.

use super::{
    CUSTOMER_TAG, Flow, Frame, ICMP, ICMPV6, IPV4, IPV6, SERVICE_TAG, TAG_LEN, be16, bytes,
    icmp_identifier, ports, xor_words,
};

/// The most headers that are looked at.
const MOST_HEADERS: usize = 16;

const ARP: u16 = 0x0806;
const RARP: u16 = 0x8035;
const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
const PPPOE: u16 = 0x8864;
const PRP: u16 = 0x88fb;
const PTP: u16 = 0x88f7;
const CFM: u16 = 0x8902;
const FCOE: u16 = 0x8906;
const HSR: u16 = 0x892f;
const ETHERNET: u16 = 0x6558;
const PPTP: u16 = 0x880b;

const PTP_LEN: usize = 34;
const FCOE_LEN: usize = 38;

/// The header that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// By ethertype.
    Network(u16),
    /// Behind an IPv6 extension header, by its number.
    Extension(u8),
    /// None that says more.
    Nothing,
}

/// A way down a frame. Every step is `None` when a header is cut or not known: such a frame hashes by
/// layer 2, whatever was found before.
#[derive(Debug)]
struct Walk<'f> {
    frame: &'f [u8],
    /// Where the next header begins.
    at: usize,
    /// What the frame's outermost tag announced, until the first tag further in.
    announced: Option<u16>,
    flow: Flow,
}

/// The innermost flow of a frame; what is known to have no addresses has none, and None: not known.
pub(super) fn flow(frame: &Frame<'_>) -> Option<Flow> {
    let mut walk = Walk {
        frame: frame.bytes,
        at: frame.network,
        announced: frame.tag.map(|_| frame.ethertype),
        flow: Flow::default(),
    };
    let mut next = Next::Network(frame.ethertype);
    for _ in 0..MOST_HEADERS {
        next = match next {
            Next::Network(ethertype) => walk.network(ethertype)?,
            Next::Extension(protocol) => walk.extension(protocol)?,
            Next::Nothing => break,
        };
    }
    Some(walk.flow)
}

impl Walk<'_> {
    fn network(&mut self, ethertype: u16) -> Option<Next> {
        match ethertype {
            IPV4 => self.ipv4(),
            IPV6 => self.ipv6(),
            CUSTOMER_TAG | SERVICE_TAG => self.tag(),
            PPPOE => self.pppoe(),
            // A tag of these rings' own: path and size, sequence number, ethertype.
            HSR | PRP => {
                let [_, _, _, _, high, low] = self.take()?;
                Some(Next::Network(u16::from_be_bytes([high, low])))
            }
            ARP | RARP | MPLS | MPLS_MULTICAST | CFM => Some(Next::Nothing),
            PTP => self.take::<PTP_LEN>().map(|_| Next::Nothing),
            FCOE => self.take::<FCOE_LEN>().map(|_| Next::Nothing),
            _ => None,
        }
    }

    fn ipv4(&mut self) -> Option<Next> {
        let header: [u8; 20] = bytes(self.frame, self.at)?;
        let [
            version,
            _,
            _,
            _,
            _,
            _,
            fragment,
            offset,
            _,
            protocol,
            _,
            _,
            addresses @ ..,
        ] = header;
        let words = usize::from(version & 0x0f);
        if words < 5 {
            return None;
        }
        self.at += words * 4;
        self.flow.addresses = xor_words(&addresses);
        if u16::from_be_bytes([fragment, offset]) & 0x3fff != 0 {
            return Some(Next::Nothing);
        }
        self.transport(protocol)
    }

    fn ipv6(&mut self) -> Option<Next> {
        let [_, _, _, _, _, _, next_header, _, addresses @ ..] = self.take::<40>()?;
        self.flow.addresses = xor_words(&addresses);
        self.extension(next_header)
    }

    /// An IPv6 extension header, or what IPv6 shares with IPv4.
    fn extension(&mut self, protocol: u8) -> Option<Next> {
        match protocol {
            // Hop-by-hop options, routing header, destination options.
            0 | 43 | 60 => {
                let [next, length] = bytes(self.frame, self.at)?;
                self.at += (usize::from(length) + 1) * 8;
                self.flow.ports = ports(self.frame, next, self.at);
                Some(Next::Extension(next))
            }
            // A fragment, even if it is the only one.
            44 => self.take::<8>().map(|_| Next::Nothing),
            _ => self.transport(protocol),
        }
    }

    fn transport(&mut self, protocol: u8) -> Option<Next> {
        match protocol {
            4 => Some(Next::Network(IPV4)),
            41 => Some(Next::Network(IPV6)),
            47 => self.gre(),
            ICMP | ICMPV6 => {
                let identified = bytes(self.frame, self.at).and_then(icmp_identifier);
                self.flow.ports = identified.unwrap_or(0);
                Some(Next::Nothing)
            }
            _ => {
                self.flow.ports = ports(self.frame, protocol, self.at);
                Some(Next::Nothing)
            }
        }
    }

    /// The first tag behind one that is kept beside the frame is taken for that one: what it announced
    /// comes once more.
    fn tag(&mut self) -> Option<Next> {
        if let Some(ethertype) = self.announced.take() {
            return Some(Next::Network(ethertype));
        }
        let [_, _, high, low] = self.take::<TAG_LEN>()?;
        Some(Next::Network(u16::from_be_bytes([high, low])))
    }

    /// RFC 2516: version 1, type 1, code 0; RFC 1661 section 2: a protocol's first byte is even, its
    /// second odd.
    fn pppoe(&mut self) -> Option<Next> {
        let [0x11, 0, _, _, _, _, high, low] = self.take()? else {
            return None;
        };
        match u16::from_be_bytes([high, low]) {
            0x0021 => Some(Next::Network(IPV4)),
            0x0057 => Some(Next::Network(IPV6)),
            protocol if protocol & 0x0101 == 1 => Some(Next::Nothing),
            _ => None,
        }
    }

    /// RFC 2784 and RFC 2890; version 1 is PPTP's, RFC 2637.
    fn gre(&mut self) -> Option<Next> {
        let [flags, version, high, low] = bytes(self.frame, self.at)?;
        let (has_checksum, has_routing) = (flags & 0x80 != 0, flags & 0x40 != 0);
        let (has_key, has_sequence) = (flags & 0x20 != 0, flags & 0x10 != 0);
        let (has_acknowledgement, version) = (version & 0x80 != 0, version & 0x07);
        let ethertype = u16::from_be_bytes([high, low]);
        let is_pptp = version == 1 && ethertype == PPTP && has_key;
        if has_routing || !(version == 0 || is_pptp) {
            return Some(Next::Nothing);
        }
        self.at += 4 + 4 * usize::from(has_checksum);
        if has_key {
            self.take::<4>()?;
        }
        self.at += 4 * usize::from(has_sequence);
        if is_pptp {
            self.at += 4 * usize::from(has_acknowledgement);
            return self.ppp();
        }
        if ethertype == ETHERNET {
            let announced = be16(self.frame, self.at + 12)?;
            self.at += 14;
            return Some(Next::Network(announced));
        }
        Some(Next::Network(ethertype))
    }

    /// Address, control and protocol (RFC 1662).
    fn ppp(&mut self) -> Option<Next> {
        let [_, _, protocol @ ..] = self.take::<4>()?;
        match u16::from_be_bytes(protocol) {
            0x0021 => Some(Next::Network(IPV4)),
            0x0057 => Some(Next::Network(IPV6)),
            _ => None,
        }
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = bytes(self.frame, self.at)?;
        self.at += N;
        Some(taken)
    }
}
