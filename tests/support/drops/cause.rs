//! The causes, one for each reason.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail};
use socket2::{Domain, Protocol, Socket, Type};

use super::frame::{self, ETHERNET, Flags, Way};
use super::{Cause, Scene, nat_services};
use crate::plan::{self, CLIENT, Family, Method, Subnet, VIP_PORT, Vip};

/// A port that no client of the lab uses.
const PORT: u16 = 900;

const fn cause(reason: &'static str, produce: fn(&Scene<'_>) -> Result<()>) -> Cause {
    Cause { reason, produce }
}

/// Every reason with its cause.
pub const CAUSES: &[Cause] = &[
    cause("address_conflict", |scene| {
        let IpAddr::V4(vip) = vip(Family::V4) else {
            unreachable!("an IPv4 service")
        };
        scene.send(&frame::arp_claim(scene.client, vip)?)
    }),
    cause("bad_header_checksum", |scene| {
        let mut frame = way(scene, Family::V4).tcp(PORT, VIP_PORT, Flags::Syn)?;
        frame[ETHERNET + 10] ^= 0xff;
        scene.send(&frame)
    }),
    cause("bad_solicitation", |scene| {
        let (IpAddr::V6(from), IpAddr::V6(target)) = (client(Family::V6), vip(Family::V6)) else {
            bail!("IPv6 addresses")
        };
        scene.send(&frame::solicitation(scene.client, from, target, 64)?)
    }),
    cause("foreign_mac", |scene| {
        let way = Way {
            destination: [0x02, 0, 0, 0, 0, 0x99],
            ..way(scene, Family::V4)
        };
        scene.send(&way.tcp(PORT, VIP_PORT, Flags::Syn)?)
    }),
    cause("fragment", |scene| {
        let mut frame = way(scene, Family::V4).tcp(PORT, VIP_PORT, Flags::Syn)?;
        frame[ETHERNET + 6] = 0x20; // more fragments follow
        refresh_checksum(&mut frame);
        scene.send(&frame)
    }),
    cause("group_mac", |scene| {
        let way = Way {
            destination: [0xff; 6],
            ..way(scene, Family::V4)
        };
        scene.send(&way.tcp(PORT, VIP_PORT, Flags::Syn)?)
    }),
    cause("icmp_ignored", |scene| {
        // A timestamp request.
        scene.send(&way(scene, Family::V4).icmpv4(64, 13, 0, [0; 4], &[0; 12])?)
    }),
    cause("malformed", |scene| {
        let mut frame = way(scene, Family::V4).tcp(PORT, VIP_PORT, Flags::Syn)?;
        frame[ETHERNET + 2..ETHERNET + 4].copy_from_slice(&1400_u16.to_be_bytes());
        refresh_checksum(&mut frame);
        scene.send(&frame)
    }),
    cause("martian_source", |scene| {
        let way = Way {
            from: Ipv4Addr::new(224, 0, 0, 9).into(),
            ..way(scene, Family::V4)
        };
        scene.send(&way.tcp(PORT, VIP_PORT, Flags::Syn)?)
    }),
    cause("nat_conflict", nat_conflict),
    cause("protocol_unsupported", |scene| {
        scene.send(&way(scene, Family::V4).raw(47)?)
    }),
    cause("rate_limited", rate_limited),
    cause("stray_reset", |scene| {
        scene.send(&way(scene, Family::V4).tcp(PORT, VIP_PORT, Flags::Rst)?)
    }),
    cause("ttl_expired", |scene| {
        // Port unreachable about a connection that a real may have had; its own TTL is at its end.
        let back = Way {
            from: vip(Family::V4),
            to: client(Family::V4),
            ..way(scene, Family::V4)
        };
        let about = back.tcp(VIP_PORT, PORT, Flags::Ack)?;
        scene.send(&way(scene, Family::V4).icmpv4(1, 3, 3, [0; 4], &about[ETHERNET..])?)
    }),
];

fn vip(family: Family) -> IpAddr {
    Vip::rr(Method::Nat, family).address().ip()
}

fn client(family: Family) -> IpAddr {
    plan::address(family, Subnet::A, CLIENT)
}

/// From the client to the NAT service.
fn way(scene: &Scene<'_>, family: Family) -> Way {
    Way {
        source: scene.client,
        destination: scene.bond,
        from: client(family),
        to: vip(family),
    }
}

/// The IPv4 header's checksum, anew (RFC 1071), for a header without options.
fn refresh_checksum(frame: &mut [u8]) {
    let header = &mut frame[ETHERNET..ETHERNET + 20];
    header[10..12].fill(0);
    let words = header
        .chunks_exact(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    let [_, _, high, low] = (!folded).to_be_bytes();
    header[10..12].copy_from_slice(&[high, low]);
}

/// One client endpoint asks two services with the same reals: sooner or later both choose one real.
fn nat_conflict(scene: &Scene<'_>) -> Result<()> {
    for port in PORT..PORT + 24 {
        for service in nat_services(Family::V4) {
            let way = Way {
                to: service.address().ip(),
                ..way(scene, Family::V4)
            };
            scene.send(&way.tcp(port, VIP_PORT, Flags::Syn)?)?;
        }
    }
    Ok(())
}

/// More stray segments at once than any limit on answers lets through.
fn rate_limited(scene: &Scene<'_>) -> Result<()> {
    const SEGMENTS: usize = 20_000;
    let frame = way(scene, Family::V4).tcp(PORT, VIP_PORT, Flags::Ack)?;
    let segment = &frame[ETHERNET + 20..];
    let target = SocketAddr::new(vip(Family::V4), 0).into();
    scene.lab.client_namespace().inside(|| {
        let socket =
            Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::TCP)).context("a raw socket")?;
        for _ in 0..SEGMENTS {
            socket
                .send_to(segment, &target)
                .context("sending a stray segment")?;
        }
        Ok(())
    })
}
