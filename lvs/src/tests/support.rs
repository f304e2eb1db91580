//! An appliance in memory: a table, a director, one worker, a clock that jumps.

use std::boxed::Box;
use std::net::{IpAddr, SocketAddr};
use std::string::ToString;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::vec::Vec;

use etherparse::{
    Icmpv4Type, Icmpv6Type, NetHeaders, PacketBuilder, PacketHeaders, TcpHeader, TransportHeader,
};
use wire::headers::Headers;
use wire::{Duration, Instant, Mac};

use crate::connection::Table;
use crate::{
    Config, Context, Director, DropReason, Method, Protocol, RealConfig, Router, SchedulerKind,
    ServiceConfig, ServiceStatus, Stats, Verdict, Worker, process,
};

pub const MAC: Mac = Mac([0x00, 0x00, 0x5e, 0x00, 0x01, 0x33]);
pub const PEER: Mac = Mac([0x02, 0, 0, 0, 0, 0x77]);
pub const WORDS: usize = 1 << 16;

/// What came of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    Forward(IpAddr, Vec<u8>),
    Reply(Vec<u8>),
    NotMine,
    Drop(DropReason),
}

impl Out {
    #[track_caller]
    pub fn forwarded(self) -> (IpAddr, Seen) {
        match self {
            Self::Forward(next_hop, frame) => (next_hop, see(&frame)),
            other => panic!("not forwarded: {other:?}"),
        }
    }

    #[track_caller]
    pub fn replied(self) -> Seen {
        match self {
            Self::Reply(frame) => see(&frame),
            other => panic!("not replied: {other:?}"),
        }
    }
}

/// Memory for a table that lasts as long as the tests.
pub fn memory(words: usize) -> &'static [AtomicU64] {
    Box::leak((0..words).map(|_| AtomicU64::new(0)).collect())
}

pub struct Appliance {
    pub table: Table<'static>,
    pub director: Director,
    pub worker: Worker,
    pub now: Instant,
    pub reply_room: usize,
    pub leases: [AtomicU64; 4],
    pub link: (usize, usize),
}

impl Appliance {
    pub fn new(services: Vec<ServiceConfig>) -> Self {
        let table = Table::format(memory(WORDS), [1, 2]).unwrap();
        Self::over(table, services)
    }

    pub fn over(table: Table<'static>, services: Vec<ServiceConfig>) -> Self {
        let stats = Arc::new(Stats::new(table.real_ids()));
        let director = Director::new(config(services), &table, [Arc::clone(&stats)].into());
        Self {
            table,
            director: director.unwrap(),
            worker: Worker::new(stats),
            now: Instant::from_nanos(1_000_000_000_000),
            reply_room: 1514,
            leases: [const { AtomicU64::new(0) }; 4],
            link: (0, 2),
        }
    }

    pub fn configure(&mut self, services: Vec<ServiceConfig>) {
        self.director
            .set_config(config(services), &self.table)
            .unwrap();
    }

    /// Puts addresses into a virtual router whose lease is the first one.
    pub fn put_in_router(&mut self, router: Router) {
        let mut config = self.director.config().clone();
        config.routers = [router].into();
        self.director.set_config(config, &self.table).unwrap();
    }

    /// Makes the virtual router Active for so many seconds from now on.
    pub fn be_active(&mut self, seconds: u64) {
        let [until, since, ..] = &self.leases;
        since.store(self.now.as_nanos(), Ordering::Relaxed);
        let end = self.now + Duration::from_secs(seconds);
        until.store(end.as_nanos(), Ordering::Relaxed);
    }

    pub fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    pub fn send(&mut self, mut frame: Vec<u8>) -> Out {
        let headers = Headers::parse(&frame).unwrap();
        self.send_with(&mut frame, &headers)
    }

    pub fn send_with(&mut self, frame: &mut [u8], headers: &Headers) -> Out {
        let snapshot = self.director.snapshot();
        let cx = Context {
            snapshot: &snapshot,
            table: &self.table,
            now: self.now,
            mac: MAC,
            leases: &self.leases,
            link: self.link,
        };
        let mut reply = [0xaa; 1514];
        let room = &mut reply[..self.reply_room];
        match process(&cx, &mut self.worker, frame, headers, room) {
            Verdict::Forward { next_hop } => Out::Forward(next_hop, frame.to_vec()),
            Verdict::Reply { len } => Out::Reply(reply[..len].to_vec()),
            Verdict::NotMine => Out::NotMine,
            Verdict::Drop(reason) => Out::Drop(reason),
        }
    }

    /// Sends a frame while another worker holds all of the table's locks and stays away.
    pub fn send_while_locked(&mut self, mut frame: Vec<u8>) -> Out {
        let held = self.table.lock_all();
        let headers = Headers::parse(&frame).unwrap();
        let snapshot = self.director.snapshot();
        let cx = Context {
            snapshot: &snapshot,
            table: &self.table,
            now: self.now,
            mac: MAC,
            leases: &self.leases,
            link: self.link,
        };
        let verdict = process(&cx, &mut self.worker, &mut frame, &headers, &mut []);
        drop(held);
        match verdict {
            Verdict::Drop(reason) => Out::Drop(reason),
            other => panic!("not dropped: {other:?}"),
        }
    }

    pub fn drops(&self, reason: DropReason) -> u64 {
        self.worker.stats().drops(reason).total()
    }

    pub fn status(&self) -> ServiceStatus {
        self.director.status(&self.table).remove(0)
    }

    /// State, seconds to live and real of the only connection.
    #[track_caller]
    pub fn connection(&self) -> (&'static str, u32, SocketAddr) {
        let all: Vec<_> = self.table.connections(self.now).collect();
        let [only] = &all[..] else {
            panic!("not one connection: {all:?}")
        };
        (only.state, only.expires.0, only.destination)
    }
}

pub fn config(services: Vec<ServiceConfig>) -> Config {
    Config {
        services,
        ..Config::default()
    }
}

pub fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn service(method: Method, vip: &str, reals: &[(&str, u32)]) -> ServiceConfig {
    let vip = addr(vip);
    let real = |(text, weight): &(&str, u32)| RealConfig {
        address: addr(text).ip(),
        port: addr(text).port(),
        weight: *weight,
    };
    ServiceConfig {
        name: vip.to_string(),
        protocol: Protocol::Tcp,
        address: vip.ip(),
        port: vip.port(),
        method,
        scheduler: SchedulerKind::Rr,
        reals: reals.iter().map(real).collect(),
    }
}

/// A TCP segment to be written.
#[derive(Clone, Debug)]
pub struct Segment {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub flags: &'static str,
    pub ttl: u8,
    pub payload: &'static [u8],
}

/// A segment's frame: flags are letters of "SAFRP".
pub fn tcp(from: &str, to: &str, flags: &'static str) -> Vec<u8> {
    Segment {
        from: addr(from),
        to: addr(to),
        flags,
        ttl: 64,
        payload: b"",
    }
    .frame()
}

impl Segment {
    pub fn frame(&self) -> Vec<u8> {
        let has = |flag| self.flags.contains(flag);
        let mut header = TcpHeader::new(self.from.port(), self.to.port(), 1_000, 8_192);
        header.acknowledgment_number = if has('A') { 77_000 } else { 0 };
        (header.syn, header.ack, header.fin) = (has('S'), has('A'), has('F'));
        (header.rst, header.psh) = (has('R'), has('P'));
        let ethernet = PacketBuilder::ethernet2(PEER.0, MAC.0);
        let ip = match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                ethernet.ipv4(from.octets(), to.octets(), self.ttl)
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                ethernet.ipv6(from.octets(), to.octets(), self.ttl)
            }
            _ => panic!("mixed families"),
        };
        let mut frame = Vec::new();
        ip.tcp_header(header)
            .write(&mut frame, self.payload)
            .unwrap();
        frame
    }
}

/// A frame as the second decoder sees it, all its checksums found right.
#[derive(Clone, Debug)]
pub struct Seen {
    pub destination_mac: Mac,
    pub source_mac: Mac,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub ttl: u8,
    pub class: u8,
    pub tcp: Option<TcpHeader>,
    pub icmp4: Option<Icmpv4Type>,
    pub icmp6: Option<Icmpv6Type>,
    pub payload: Vec<u8>,
}

impl Seen {
    #[track_caller]
    pub fn endpoints(&self) -> (SocketAddr, SocketAddr) {
        let tcp = self.tcp.as_ref().expect("TCP");
        let from = SocketAddr::new(self.source, tcp.source_port);
        (
            from,
            SocketAddr::new(self.destination, tcp.destination_port),
        )
    }

    pub fn flags(&self) -> std::string::String {
        let tcp = self.tcp.as_ref().expect("TCP");
        let all = [
            (tcp.syn, 'S'),
            (tcp.ack, 'A'),
            (tcp.fin, 'F'),
            (tcp.rst, 'R'),
            (tcp.psh, 'P'),
        ];
        all.iter()
            .filter(|(set, _)| *set)
            .map(|(_, letter)| letter)
            .collect()
    }
}

#[track_caller]
pub fn see(frame: &[u8]) -> Seen {
    assert!(frame.len() >= 54, "a frame of {} bytes", frame.len());
    let packet = PacketHeaders::from_ethernet_slice(frame).unwrap();
    let ethernet = packet.link.unwrap().ethernet2().unwrap();
    let payload = packet.payload.slice().to_vec();
    let (source, destination, ttl, class) = match packet.net.as_ref().unwrap() {
        NetHeaders::Ipv4(ip, _) => {
            assert_eq!(
                ip.header_checksum,
                ip.calc_header_checksum(),
                "IPv4 header checksum"
            );
            (
                ip.source.into(),
                ip.destination.into(),
                ip.time_to_live,
                frame[15],
            )
        }
        NetHeaders::Ipv6(ip, _) => (
            ip.source.into(),
            ip.destination.into(),
            ip.hop_limit,
            ip.traffic_class,
        ),
        NetHeaders::Arp(_) => panic!("ARP"),
    };
    let mut seen = Seen {
        destination_mac: Mac(ethernet.destination),
        source_mac: Mac(ethernet.source),
        source,
        destination,
        ttl,
        class,
        tcp: None,
        icmp4: None,
        icmp6: None,
        payload,
    };
    verify(
        &mut seen,
        packet.net.as_ref().unwrap(),
        packet.transport.unwrap(),
    );
    seen
}

#[track_caller]
fn verify(seen: &mut Seen, net: &NetHeaders, transport: TransportHeader) {
    match (transport, net) {
        (TransportHeader::Tcp(tcp), NetHeaders::Ipv4(ip, _)) => {
            let right = tcp.calc_checksum_ipv4(ip, &seen.payload).unwrap();
            assert_eq!(tcp.checksum, right, "TCP checksum");
            seen.tcp = Some(tcp);
        }
        (TransportHeader::Tcp(tcp), NetHeaders::Ipv6(ip, _)) => {
            let right = tcp.calc_checksum_ipv6(ip, &seen.payload).unwrap();
            assert_eq!(tcp.checksum, right, "TCP checksum");
            seen.tcp = Some(tcp);
        }
        (TransportHeader::Icmpv4(icmp), _) => {
            assert_eq!(
                icmp.checksum,
                icmp.icmp_type.calc_checksum(&seen.payload),
                "ICMP checksum"
            );
            seen.icmp4 = Some(icmp.icmp_type);
        }
        (TransportHeader::Icmpv6(icmp), NetHeaders::Ipv6(ip, _)) => {
            let right = icmp
                .icmp_type
                .calc_checksum(ip.source, ip.destination, &seen.payload)
                .unwrap();
            assert_eq!(icmp.checksum, right, "ICMPv6 checksum");
            seen.icmp6 = Some(icmp.icmp_type);
        }
        other => panic!("unexpected transport {other:?}"),
    }
}
