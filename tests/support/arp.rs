//! ARP by raw sockets: asking for an address, and hearing who asks and who answers.

use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::ifaddrs::getifaddrs;
use nix::libc;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{LinkAddr, MsgFlags, recvfrom, sendto};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::namespace::Namespace;

const ETHERTYPE: u16 = 0x0806;
/// An Ethernet header and an ARP packet for IPv4 (RFC 826).
const FRAME_BYTES: usize = 42;
/// Ethernet, IPv4, and the lengths of their addresses.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// Classic BPF: the half word at 12 is the EtherType; all of an ARP frame is taken, nothing of others.
const ARP_ONLY: [SockFilter; 4] = [
    SockFilter::new(0x28, 0, 0, 12),
    SockFilter::new(0x15, 0, 1, ETHERTYPE as u32),
    SockFilter::new(0x06, 0, 0, u32::MAX),
    SockFilter::new(0x06, 0, 0, 0),
];

/// What an ARP frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Who has the target's address?
    Request,
    /// The sender has its address.
    Reply,
}

/// An ARP frame that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The interface it came in by.
    pub interface: String,
    /// What it is for.
    pub operation: Operation,
    /// The sender's MAC address, as ARP has it.
    pub sender: [u8; 6],
    /// The sender's IP address.
    pub sender_address: Ipv4Addr,
    /// The target's IP address.
    pub target_address: Ipv4Addr,
}

/// Hears the ARP frames that come in by some interfaces of a namespace.
#[derive(Debug)]
pub struct Ear {
    socket: Socket,
    interfaces: Vec<(usize, String)>,
}

impl Ear {
    /// Listens from now on.
    pub fn open(namespace: &Namespace, interfaces: &[impl AsRef<str> + Sync]) -> Result<Self> {
        namespace.inside(|| {
            let index = |name: &str| -> Result<(usize, String)> {
                let index = if_nametoindex(name).with_context(|| format!("no interface {name}"))?;
                Ok((usize::try_from(index).context("an index")?, name.to_owned()))
            };
            let interfaces = interfaces.iter().map(|name| index(name.as_ref()));
            Ok(Self {
                socket: socket()?,
                interfaces: interfaces.collect::<Result<_>>()?,
            })
        })
    }

    /// What has been heard since the last time.
    pub fn heard(&self) -> Result<Vec<Heard>> {
        let mut heard = Vec::new();
        let mut frame = [0; FRAME_BYTES];
        loop {
            let (length, from) = match recvfrom::<LinkAddr>(self.socket.as_raw_fd(), &mut frame) {
                Err(nix::errno::Errno::EAGAIN) => return Ok(heard),
                received => received.context("hearing ARP")?,
            };
            let from = from.context("a frame from nowhere")?;
            let interface = self
                .interfaces
                .iter()
                .find(|(index, _)| *index == from.ifindex());
            let came_in = from.pkttype() != libc::PACKET_OUTGOING;
            if let (Some((_, interface)), true) = (interface, came_in) {
                heard.extend(
                    frame
                        .get(..length)
                        .and_then(|frame| parse(interface, frame)),
                );
            }
        }
    }
}

/// Asks for `target` by `interface` of `namespace`, `count` times, `pause` apart, in the name of
/// `own`.
pub fn ask(
    namespace: &Namespace,
    interface: &str,
    own: Ipv4Addr,
    target: Ipv4Addr,
    count: u32,
    pause: Duration,
) -> Result<()> {
    namespace.inside(|| {
        let (socket, link) = (socket()?, link(interface)?);
        let mac = link.addr().context("an interface without an address")?;
        let frame = request(mac, own, target);
        let begin = Instant::now();
        for number in 0..count {
            crate::interrupt::checkpoint();
            // Paced: an outage of a moment must not hide all of them.
            std::thread::sleep((pause * number).saturating_sub(begin.elapsed()));
            let fd = socket.as_raw_fd();
            sendto(fd, &frame, &link, MsgFlags::empty()).context("asking by ARP")?;
        }
        Ok(())
    })
}

/// A socket for raw frames that hears ARP on every interface of the calling thread's namespace, and
/// names the one that it sends by with each frame.
fn socket() -> Result<Socket> {
    // Of all protocols: a bridge takes the frames of its ports before one protocol's socket hears.
    let all = i32::from(
        u16::try_from(libc::ETH_P_ALL)
            .context("a protocol")?
            .to_be(),
    );
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(all)));
    let socket = socket.context("opening a packet socket")?;
    socket
        .attach_filter(&ARP_ONLY)
        .and_then(|()| socket.set_nonblocking(true))
        .context("preparing a packet socket")?;
    Ok(socket)
}

fn link(interface: &str) -> Result<LinkAddr> {
    let mut addresses = getifaddrs().context("listing the interfaces")?;
    addresses
        .find_map(|one| {
            let link = one.address?.as_link_addr().copied()?;
            (one.interface_name == interface).then_some(link)
        })
        .with_context(|| format!("no interface {interface}"))
}

fn request(mac: [u8; 6], own: Ipv4Addr, target: Ipv4Addr) -> [u8; FRAME_BYTES] {
    let ethernet: [&[u8]; 3] = [&[0xff; 6], &mac, &ETHERTYPE.to_be_bytes()];
    let arp: [&[u8]; 6] = [
        &ETHERNET_IPV4,
        &[0, 1],
        &mac,
        &own.octets(),
        &[0; 6],
        &target.octets(),
    ];
    let mut frame = [0; FRAME_BYTES];
    let bytes = ethernet.into_iter().chain(arp).flatten();
    frame
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, byte)| *to = *byte);
    frame
}

/// `None` for what is no ARP frame of IPv4 over Ethernet.
fn parse(interface: &str, frame: &[u8]) -> Option<Heard> {
    let arp = frame.get(14..FRAME_BYTES)?;
    let operation = match arp.get(6..8)? {
        [0, 1] => Operation::Request,
        [0, 2] => Operation::Reply,
        _other => return None,
    };
    let address = |at: usize| Some(Ipv4Addr::from(*arp.get(at..)?.first_chunk::<4>()?));
    arp.starts_with(&ETHERNET_IPV4).then_some(Heard {
        interface: interface.to_owned(),
        operation,
        sender: *arp.get(8..)?.first_chunk()?,
        sender_address: address(14)?,
        target_address: address(24)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const OWN: Ipv4Addr = Ipv4Addr::new(10, 80, 1, 10);
    const TARGET: Ipv4Addr = Ipv4Addr::new(10, 80, 1, 100);

    #[test]
    fn a_request_is_heard_as_it_was_asked() {
        let heard = parse("eth0", &request(MAC, OWN, TARGET)).unwrap();
        let wanted = Heard {
            interface: "eth0".to_owned(),
            operation: Operation::Request,
            sender: MAC,
            sender_address: OWN,
            target_address: TARGET,
        };
        assert_eq!(heard, wanted);
    }

    #[test]
    fn what_is_no_whole_arp_of_ipv4_is_not_heard() {
        let frame = request(MAC, OWN, TARGET);
        assert_eq!(parse("eth0", &frame[..FRAME_BYTES - 1]), None);
        for (at, byte) in [(15, 6), (17, 6), (18, 8), (21, 3)] {
            let mut other = frame;
            other[at] = byte;
            assert_eq!(parse("eth0", &other), None, "byte {at}");
        }
    }
}
