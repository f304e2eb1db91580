//! The causes, one for each reason.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use socket2::{Domain, Protocol, Socket, Type};

use super::advert::Advert;
use super::frame::{self, ETHERNET, Flags, Way};
use super::{Cause, Scene};
use crate::cable::Cable;
use crate::lab::SWITCH_PORTS;
use crate::plan::{self, CLIENT, Family, Method, Subnet, VIP_PORT, Vip};
use crate::{run, wait};

const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x99, 1);
const INACTIVE: &str = "bond/inactive_member";
const RATE_LIMITED: &str = "lvs/rate_limited";
/// Ports from here on are used by no client of the lab. Each cause has one of its own, since what one
/// sends may leave a connection behind.
const PORT: u16 = 900;

const fn cause(reason: &'static str, produce: fn(&Scene<'_>) -> Result<()>) -> Cause {
    Cause { reason, produce }
}

/// Every reason with its cause.
pub const CAUSES: &[Cause] = &[
    cause("lvs/address_conflict", |scene| {
        let IpAddr::V4(vip) = vip(Family::V4) else {
            unreachable!("an IPv4 service")
        };
        scene.send(&frame::arp_claim(scene.client, vip)?)
    }),
    cause("lvs/bad_header_checksum", |scene| {
        let mut frame = way(scene, Family::V4).tcp(PORT + 1, VIP_PORT, Flags::Syn)?;
        frame[ETHERNET + 10] ^= 0xff;
        scene.send(&frame)
    }),
    cause("lvs/bad_solicitation", |scene| {
        let (IpAddr::V6(from), IpAddr::V6(target)) = (client(Family::V6), vip(Family::V6)) else {
            bail!("IPv6 addresses")
        };
        scene.send(&frame::solicitation(scene.client, from, target, 64)?)
    }),
    cause("bond/foreign_mac", |scene| {
        let way = Way {
            destination: [0x02, 0, 0, 0, 0, 0x99],
            ..way(scene, Family::V4)
        };
        scene.send(&way.tcp(PORT + 2, VIP_PORT, Flags::Syn)?)
    }),
    cause("bond/own_mac", |scene| {
        let way = Way {
            source: scene.bond,
            ..way(scene, Family::V4)
        };
        scene.send(&way.tcp(PORT + 11, VIP_PORT, Flags::Syn)?)
    }),
    cause(INACTIVE, inactive_member),
    cause("bond/no_usable_member", no_usable_member),
    cause("lvs/fragment", |scene| {
        let mut frame = way(scene, Family::V4).tcp(PORT + 3, VIP_PORT, Flags::Syn)?;
        frame[ETHERNET + 6] = 0x20; // more fragments follow
        refresh_checksum(&mut frame);
        scene.send(&frame)
    }),
    cause("lvs/group_mac", |scene| {
        let way = Way {
            destination: [0xff; 6],
            ..way(scene, Family::V4)
        };
        scene.send(&way.tcp(PORT + 4, VIP_PORT, Flags::Syn)?)
    }),
    cause("lvs/icmp_ignored", |scene| {
        // A timestamp request.
        scene.send(&way(scene, Family::V4).icmpv4(64, 13, 0, [0; 4], &[0; 12])?)
    }),
    cause("lvs/malformed", |scene| {
        let mut frame = way(scene, Family::V4).tcp(PORT + 5, VIP_PORT, Flags::Syn)?;
        frame[ETHERNET + 2..ETHERNET + 4].copy_from_slice(&1400_u16.to_be_bytes());
        refresh_checksum(&mut frame);
        scene.send(&frame)
    }),
    cause("lvs/martian_source", |scene| {
        let way = Way {
            from: Ipv4Addr::new(224, 0, 0, 9).into(),
            ..way(scene, Family::V4)
        };
        scene.send(&way.tcp(PORT + 6, VIP_PORT, Flags::Syn)?)
    }),
    cause("lvs/protocol_unsupported", |scene| {
        scene.send(&way(scene, Family::V4).raw(47)?)
    }),
    cause(RATE_LIMITED, rate_limited),
    cause("lvs/stray_reset", |scene| {
        scene.send(&way(scene, Family::V4).tcp(PORT + 7, VIP_PORT, Flags::Rst)?)
    }),
    cause("vrrp/carp", |scene| {
        // An advskew of 0 where VRRP has its priority.
        let mut carp = vec![0x21, 99, 0, 7, 0, 1];
        carp.resize(36, 0);
        scene.send(
            &Advert {
                message: carp,
                ..Advert::v4()
            }
            .frame()?,
        )
    }),
    cause("vrrp/checksum", |scene| {
        scene.send(&Advert::v4().damaged(26)?)
    }),
    cause("vrrp/count", |scene| {
        let message = vec![0x31, 99, 100, 0, 0, 100, 0, 0];
        scene.send(
            &Advert {
                message,
                ..Advert::v4()
            }
            .frame()?,
        )
    }),
    cause("vrrp/destination", |scene| {
        let destination = Ipv4Addr::new(224, 0, 0, 19).into();
        scene.send(
            &Advert {
                destination,
                ..Advert::v4()
            }
            .frame()?,
        )
    }),
    cause("vrrp/header_checksum", |scene| {
        scene.send(&Advert::v4().damaged(10)?)
    }),
    cause("vrrp/hop_limit", |scene| {
        let hops = 254;
        scene.send(
            &Advert {
                hops,
                ..Advert::v6(LINK_LOCAL)
            }
            .frame()?,
        )
    }),
    cause("vrrp/interval", |scene| {
        scene.send(&Advert::v4().with(4, &[0, 0]).frame()?)
    }),
    cause("vrrp/length", |scene| {
        scene.send(&Advert::v4().with(3, &[2]).frame()?)
    }),
    cause("vrrp/link_local", |scene| {
        let address = Ipv6Addr::new(0x2001, 0xdb8, 0x80, 1, 0, 0, 0, 0x99);
        scene.send(&Advert::v6(address).frame()?)
    }),
    cause("vrrp/malformed", |scene| {
        // More fragments follow.
        let mut frame = Advert::v4().frame()?;
        frame[ETHERNET + 6] = 0x20;
        refresh_checksum(&mut frame);
        scene.send(&frame)
    }),
    cause("vrrp/source", |scene| {
        let source = Ipv4Addr::LOCALHOST.into();
        scene.send(
            &Advert {
                source,
                ..Advert::v4()
            }
            .frame()?,
        )
    }),
    cause("vrrp/ttl", |scene| {
        let hops = 254;
        scene.send(
            &Advert {
                hops,
                ..Advert::v4()
            }
            .frame()?,
        )
    }),
    cause("vrrp/type", |scene| {
        scene.send(&Advert::v4().with(0, &[0x32]).frame()?)
    }),
    cause("vrrp/unknown_vrid", |scene| {
        scene.send(&Advert::v4().frame()?)
    }),
    cause("vrrp/version", |scene| {
        scene.send(&Advert::v4().with(0, &[0x41]).frame()?)
    }),
    cause("vrrp/version2", |scene| {
        scene.send(&Advert::v4().with(0, &[0x21]).frame()?)
    }),
    cause("vrrp/vrid", |scene| {
        scene.send(&Advert::v4().with(1, &[0]).frame()?)
    }),
    cause("lvs/ttl_expired", |scene| {
        // Port unreachable about a connection; the error's own TTL is at its end.
        let begin = way(scene, Family::V4).tcp(PORT + 8, VIP_PORT, Flags::Syn)?;
        scene.send(&begin)?;
        let back = Way {
            from: vip(Family::V4),
            to: client(Family::V4),
            ..way(scene, Family::V4)
        };
        let about = back.tcp(VIP_PORT, PORT + 8, Flags::Ack)?;
        scene.send(&way(scene, Family::V4).icmpv4(1, 3, 3, [0; 4], &about[ETHERNET..])?)
    }),
];

fn vip(family: Family) -> IpAddr {
    Vip::rr(Method::Nat, family).address().ip()
}

fn client(family: Family) -> IpAddr {
    plan::address(family, Subnet::A, CLIENT)
}

/// A frame for the bond on a member that LACP has taken out, because PDUs are lost on its cable.
fn inactive_member(scene: &Scene<'_>) -> Result<()> {
    let lab = scene.lab;
    lab.cables()[1].cut_lacp()?;
    let frame = way(scene, Family::V4).tcp(PORT + 9, VIP_PORT, Flags::Syn)?;
    let dropped = wait::until_ok(Duration::from_secs(20), || {
        let before = scene.counts()?;
        lab.switch.send(SWITCH_PORTS[1], &frame)?;
        ensure!(
            scene.counts()?.get(INACTIVE) > before.get(INACTIVE),
            "the member still collects"
        );
        Ok(())
    });
    lab.cables()[1].heal()?;
    lab.wait_for_bond()?;
    dropped
}

/// A frame to send while both members are without carrier.
fn no_usable_member(scene: &Scene<'_>) -> Result<()> {
    let lab = scene.lab;
    lab.cables().iter().try_for_each(Cable::cut_carrier)?;
    let mut ping = lab.appliance().command("ping");
    // It is the appliance's own frame that cannot leave: no answer is expected.
    let sent = run::output(ping.args(["-c", "3", "-i", "0.2", "-W", "1", "10.80.2.11"]));
    ensure!(
        sent.is_err(),
        "an answer came through two cables that are cut"
    );
    lab.cables().iter().try_for_each(Cable::heal)?;
    lab.wait_for_bond()
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

/// More stray segments than any limit on answers lets through, again and again: a busy switch loses most
/// of so many at once.
fn rate_limited(scene: &Scene<'_>) -> Result<()> {
    const SEGMENTS: usize = 20_000;
    let frame = way(scene, Family::V4).tcp(PORT + 10, VIP_PORT, Flags::Ack)?;
    let segment = &frame[ETHERNET + 20..];
    let target = SocketAddr::new(vip(Family::V4), 0).into();
    let flood = || {
        let socket =
            Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::TCP)).context("a raw socket")?;
        for _ in 0..SEGMENTS {
            socket
                .send_to(segment, &target)
                .context("sending a stray segment")?;
        }
        Ok(())
    };
    let before = scene.counts()?;
    wait::until_ok(Duration::from_secs(20), || {
        scene.lab.client_namespace().inside(flood)?;
        let is_limited = scene.counts()?.get(RATE_LIMITED) > before.get(RATE_LIMITED);
        ensure!(is_limited, "every segment that arrived is answered");
        Ok(())
    })
}
