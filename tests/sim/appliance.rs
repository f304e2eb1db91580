//! A forwarder in memory: one bond of two members, one NAT service, a worker on a lane whose wire
//! is the test.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bond::egress::{MemberEntry, Table};
use etherparse::{PacketBuilder, TcpHeader};
use lvs::{Config, Director, Method, Protocol, RealConfig, SchedulerKind, ServiceConfig};
use lvsd::counters::WorkerCounters;
use lvsd::nexthop::{NextHops, Route};
use lvsd::ring::FrameRing;
use lvsd::shared::{BondLink, HOST_QUEUE, Shared, WorkerShare};
use lvsd::worker::Worker;
use netio::memory::{MemoryLane, MemoryWire};
use sys::memory::SharedMemory;
use wire::headers::Headers;
use wire::{Duration, Instant, Mac};

pub const BOND: Mac = Mac([2, 0, 0, 0, 0, 1]);
pub const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 0x10]);
pub const REAL: Mac = Mac([2, 0, 0, 0, 0, 0x11]);
pub const CLIENT_IP: [u8; 4] = [10, 0, 0, 10];
pub const VIP: [u8; 4] = [10, 0, 0, 100];
pub const REAL_IP: [u8; 4] = [10, 0, 0, 11];
pub const PORT: u16 = 80;
pub const OTHER_PORT: u16 = 443;

/// The MAC of the virtual router with VRID 51.
pub const VMAC: Mac = Mac([0, 0, 0x5e, 0, 1, 51]);
pub const GATEWAY: [u8; 4] = [10, 0, 0, 1];

fn router_lease() -> usize {
    lvsd::routers::lease_of(0, VMAC).unwrap()
}

const HOST_IFINDEX: u32 = 7;

/// The sizes that a test wants small.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub frames: usize,
    pub ring: usize,
    /// The bond's.
    pub mtu: usize,
    /// Bytes of the connection table.
    pub table: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            frames: 512,
            ring: 256,
            mtu: 1_500,
            table: 1 << 20,
        }
    }
}

pub struct Appliance {
    pub shared: Arc<Shared>,
    pub worker: Worker<MemoryLane>,
    pub wire: MemoryWire,
    pub egress: SharedMemory,
    pub table: Table,
    pub now: Instant,
}

impl Appliance {
    /// Up and attached, client and real resolved.
    pub fn up() -> Self {
        let mut appliance = Self::detached(Sizes::default());
        appliance.attach();
        appliance
    }

    /// As it is before bondd has come.
    pub fn detached(sizes: Sizes) -> Self {
        Self::of_workers(sizes, 1)
    }

    /// As it is before bondd has come, with counters for so many workers.
    pub fn of_workers(sizes: Sizes, workers: usize) -> Self {
        Self::configured(sizes, workers, services())
    }

    /// Up and attached, the service's address in a virtual router, and one of a gateway besides.
    pub fn of_router() -> Self {
        let router = lvs::Router {
            mac: VMAC,
            lease: router_lease(),
            addresses: vec![VIP.into(), GATEWAY.into()],
            is_owner: false,
        };
        let config = Config {
            routers: vec![router],
            ..services()
        };
        let mut appliance = Self::configured(Sizes::default(), 1, config);
        appliance.attach();
        appliance
    }

    /// Up and attached, with two services that share their real.
    pub fn of_two_services() -> Self {
        let mut config = services();
        config.services.extend(config.services.clone());
        config.services[1].name = "other".into();
        config.services[1].port = OTHER_PORT;
        let mut appliance = Self::configured(Sizes::default(), 1, config);
        appliance.attach();
        appliance
    }

    /// vrrpd makes the virtual router Active for so long.
    pub fn be_active(&self, span: Duration) {
        let words = self.shared.leases.words();
        vrrp::lease::grant(words, router_lease(), self.now, self.now + span);
    }

    fn configured(sizes: Sizes, workers: usize, config: Config) -> Self {
        let memory = SharedMemory::create("connections", sizes.table).unwrap();
        let words = Box::leak(Box::new(memory)).words();
        let connections = lvs::connection::Table::format(words, [1, 2]).unwrap();
        let share = || WorkerShare {
            counters: WorkerCounters::new(2),
            lvs: Arc::new(lvs::Stats::new(connections.real_ids())),
            from_host: FrameRing::new(HOST_QUEUE).unwrap(),
        };
        let workers: Vec<_> = (0..workers).map(|_| share()).collect();
        let stats = workers
            .iter()
            .map(|worker| Arc::clone(&worker.lvs))
            .collect();
        let director = Director::new(config, &connections, stats).unwrap();
        let bonds = vec![BondLink::new("bond0", sizes.mtu, vec![Some(0), Some(1)], None).unwrap()];
        let shared = Arc::new(Shared {
            places: Shared::places(&bonds),
            bonds,
            workers,
            services: arc_swap::ArcSwap::new(director.snapshot()),
            hops: arc_swap::ArcSwap::from_pointee(hops(&[(CLIENT_IP, CLIENT), (REAL_IP, REAL)])),
            requests: lvsd::requests::Requests::new().unwrap(),
            leases: SharedMemory::create("leases", vrrp::lease::WORDS * 8).unwrap(),
            attached: tokio::sync::watch::Sender::default(),
            captures: lvsd::capture::Captures::default(),
            connections,
        });
        let lane = MemoryLane::new(2, sizes.frames, sizes.ring).unwrap();
        Self {
            wire: lane.wire(),
            worker: Worker::new(
                0,
                Arc::clone(&shared),
                lane,
                lvs::Worker::new(Arc::clone(&shared.workers[0].lvs)),
            ),
            shared,
            egress: SharedMemory::create("egress", bond::egress::WORDS * 8).unwrap(),
            table: table(),
            now: Instant::from_nanos(1_000_000_000_000),
        }
    }

    /// bondd comes, with both members in use.
    pub fn attach(&mut self) {
        self.publish();
        let fd = self.egress.as_fd().try_clone_to_owned().unwrap();
        let readable = SharedMemory::from_fd_readonly(fd).unwrap();
        self.shared.bonds[0].egress.store(Some(Arc::new(readable)));
    }

    /// bondd publishes its table as the test has changed it.
    pub fn publish(&mut self) {
        self.table.generation += 2;
        bond::egress::publish(self.egress.words(), &self.table);
    }

    pub fn set_hops(&mut self, neighbours: &[([u8; 4], Mac)]) {
        self.shared.hops.store(Arc::new(hops(neighbours)));
    }

    pub fn pass(&mut self, span: Duration) {
        self.now += span;
    }

    /// A frame arrives by the first member and is seen to.
    pub fn receive(&mut self, frame: &[u8]) {
        self.wire.inject(0, frame);
        self.worker.turn(self.now);
    }

    /// An engine that counts as worker `index`.
    pub fn engine(&self, index: usize) -> lvs::Worker {
        lvs::Worker::new(Arc::clone(&self.shared.workers[index].lvs))
    }

    /// Gives a frame to an engine of its own, past ports and bond.
    pub fn process_as(&self, engine: &mut lvs::Worker, frame: &mut [u8]) {
        let headers = Headers::parse(frame).unwrap();
        self.process_with(engine, frame, &headers);
    }

    /// Gives the first worker's engine a frame and what are said to be its headers.
    pub fn process(&self, frame: &mut [u8], headers: &Headers) {
        self.process_with(&mut self.engine(0), frame, headers);
    }

    fn process_with(&self, engine: &mut lvs::Worker, frame: &mut [u8], headers: &Headers) {
        let snapshot = self.shared.services.load();
        let context = lvs::Context {
            snapshot: &snapshot,
            table: &self.shared.connections,
            now: self.now,
            mac: BOND,
            leases: self.shared.leases.words(),
            link: lvsd::routers::link(0),
        };
        lvs::process(&context, engine, frame, headers, &mut [0; 1_514]);
    }

    /// What left by either member since the last call.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        [self.wire.take(0), self.wire.take(1)].concat()
    }
}

fn services() -> Config {
    let service = ServiceConfig {
        name: "web".into(),
        protocol: Protocol::Tcp,
        address: IpAddr::from(VIP),
        port: PORT,
        method: Method::Nat,
        scheduler: SchedulerKind::Rr,
        reals: vec![RealConfig {
            address: IpAddr::from(REAL_IP),
            port: PORT,
            weight: 1,
        }],
    };
    Config {
        services: vec![service],
        ..Config::default()
    }
}

fn table() -> Table {
    // A port's number is not its member's place.
    let member = |ifindex, number| MemberEntry {
        ifindex,
        number,
        rx_enabled: true,
        tx_enabled: true,
        carrier: true,
        ..MemberEntry::default()
    };
    let mut buckets = [0; bond::BUCKETS];
    for (bucket, owner) in buckets.iter_mut().enumerate() {
        *owner = u8::from(bucket % 2 == 1);
    }
    Table {
        bond_mac: BOND,
        members: [member(3, 7), member(4, 1)].into_iter().collect(),
        usable: [0, 1].into_iter().collect(),
        buckets,
        ..Table::default()
    }
}

/// One subnet on the bond, with these neighbours in it.
pub fn hops(neighbours: &[([u8; 4], Mac)]) -> NextHops {
    let route = Route {
        destination: IpAddr::from([10, 0, 0, 0]),
        prefix: 24,
        gateway: None,
        ifindex: HOST_IFINDEX,
        metric: 0,
    };
    let neighbours = neighbours
        .iter()
        .map(|(ip, mac)| ((HOST_IFINDEX, IpAddr::from(*ip)), *mac))
        .collect();
    NextHops::new([route], neighbours, HashMap::from([(HOST_IFINDEX, 0)]))
}

/// A SYN from the client to the service, from this port.
pub fn syn(port: u16) -> Vec<u8> {
    segment(CLIENT_IP, VIP, port, |header| header.syn = true)
}

/// A segment of the client's.
pub fn segment(
    from: [u8; 4],
    to: [u8; 4],
    port: u16,
    shape: impl FnOnce(&mut TcpHeader),
) -> Vec<u8> {
    let mut header = TcpHeader::new(port, PORT, 1, 64_240);
    shape(&mut header);
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2(CLIENT.0, BOND.0).ipv4(from, to, 64);
    builder.tcp_header(header).write(&mut frame, &[]).unwrap();
    frame
}

/// A SYN from the client to the service, with so many bytes of data that tell where they stand.
pub fn request(port: u16, data: usize) -> Vec<u8> {
    let mut header = TcpHeader::new(port, PORT, 1, 64_240);
    header.syn = true;
    let data: Vec<u8> = (0..251).cycle().take(data).collect();
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2(CLIENT.0, BOND.0).ipv4(CLIENT_IP, VIP, 64);
    builder.tcp_header(header).write(&mut frame, &data).unwrap();
    frame
}

/// An echo request of the client's to `to`, with so many bytes of data.
pub fn echo(to: [u8; 4], data: usize) -> Vec<u8> {
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2(CLIENT.0, BOND.0).ipv4(CLIENT_IP, to, 64);
    builder
        .icmpv4_echo_request(1, 1)
        .write(&mut frame, &vec![0; data])
        .unwrap();
    frame
}
