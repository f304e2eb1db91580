//! Following a real kernel: in a network namespace of each test's own. Needs root.

use std::net::IpAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use lvs::connection::Table;
use lvsd::counters::WorkerCounters;
use lvsd::kernel::Kernel;
use lvsd::nexthop::{NextHops, Resolution};
use lvsd::requests::Requests;
use lvsd::ring::FrameRing;
use lvsd::shared::{BondLink, Shared, WorkerShare};
use netio::netlink::{NeighbourState, Netlink};
use netio::tap::Tap;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use sys::memory::SharedMemory;
use wire::Mac;

const PATIENCE: Duration = Duration::from_secs(10);

struct Namespace(String);

impl Namespace {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let namespace = Self(format!("lvsd-{}-{count}", std::process::id()));
        run("ip", &format!("netns add {}", namespace.0));
        namespace
    }

    fn ip(&self, arguments: &str) {
        run("ip", &format!("-n {} {arguments}", self.0));
    }

    /// Runs `test` within the namespace, where the bonds `bond0` and `bond1` have their host
    /// interfaces, up and with the addresses 10.0.0.1/24 and 10.0.1.1/24.
    fn with_bonds<F: Future<Output = ()>>(
        &self,
        test: impl FnOnce(Arc<Shared>, Kernel) -> F + Send,
    ) {
        self.with_services(lvs::Config::default(), test);
    }

    fn with_services<F: Future<Output = ()>>(
        &self,
        services: lvs::Config,
        test: impl FnOnce(Arc<Shared>, Kernel) -> F + Send,
    ) {
        sys::netns::run(&self.0, || {
            // IPv6 routes are told of when they go: they would hide what IPv4's do not tell.
            netio::sysctl::disable_ipv6("default", true).unwrap();
            let taps: Vec<Arc<Tap>> = ["bond0", "bond1"]
                .map(|name| Arc::new(Tap::open(name).unwrap()))
                .into();
            for (at, tap) in taps.iter().enumerate() {
                tap.set_up(true).unwrap();
                self.ip(&format!("addr add 10.0.{at}.1/24 dev bond{at}"));
            }
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let shared = shared();
                let netlink = Netlink::new().unwrap();
                let kernel = Kernel::start(netlink, &shared, &taps, &services)
                    .await
                    .unwrap();
                test(shared, kernel).await;
            });
        })
        .unwrap();
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        run("ip", &format!("netns del {}", self.0));
    }
}

fn run(program: &str, arguments: &str) {
    let status = Command::new(program)
        .args(arguments.split_whitespace())
        .status()
        .unwrap();
    assert!(status.success(), "{program} {arguments}");
}

fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        println!("skipped: needs root");
    }
    root
}

fn shared() -> Arc<Shared> {
    let memory = Box::leak(Box::new(
        SharedMemory::create("connections", 1 << 20).unwrap(),
    ));
    let connections = Table::format(memory.words(), [1, 2]).unwrap();
    let bonds: Vec<_> = ["bond0", "bond1"]
        .into_iter()
        .enumerate()
        .map(|(port, name)| BondLink::new(name, 1500, vec![Some(port)], None).unwrap())
        .collect();
    Arc::new(Shared {
        places: Shared::places(&bonds),
        bonds,
        workers: vec![WorkerShare {
            counters: WorkerCounters::new(2),
            lvs: Arc::new(lvs::Stats::new(connections.real_ids())),
            from_host: FrameRing::new(8).unwrap(),
        }],
        services: ArcSwap::from_pointee(lvs::Snapshot::default()),
        hops: ArcSwap::from_pointee(NextHops::default()),
        requests: Requests::new().unwrap(),
        leases: SharedMemory::create("leases", vrrp::lease::WORDS * 8).unwrap(),
        attached: tokio::sync::watch::Sender::default(),
        captures: lvsd::capture::Captures::default(),
        connections,
    })
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn to(bond: usize, last: u8) -> Resolution {
    Resolution::Reachable {
        bond,
        mac: Mac([2, 0, 0, 0, 0, last]),
    }
}

/// Follows the kernel until `destination` has this next hop.
async fn until(shared: &Shared, kernel: &mut Kernel, destination: &str, wanted: Resolution) {
    let follow = async {
        while shared.hops.load().resolve(ip(destination)) != wanted {
            let news = kernel.news(shared).await.unwrap();
            kernel.see_to(news, shared).await.unwrap();
        }
    };
    let now = || shared.hops.load().resolve(ip(destination));
    let ended = tokio::time::timeout(PATIENCE, follow).await;
    assert!(
        ended.is_ok(),
        "{destination}: {:?} instead of {wanted:?}",
        now()
    );
}

#[test]
fn a_route_to_nowhere_keeps_what_it_covers_from_the_default_route() {
    if !is_root() {
        return;
    }
    let namespace = Namespace::new();
    namespace.with_bonds(async |shared, mut kernel| {
        namespace.ip("neigh add 10.0.0.9 dev bond0 lladdr 02:00:00:00:00:09 nud permanent");
        namespace.ip("route add blackhole 192.0.2.0/24");
        namespace.ip("route add unreachable 198.51.100.0/24");
        namespace.ip("route add default via 10.0.0.9");
        until(&shared, &mut kernel, "203.0.113.1", to(0, 9)).await;
        until(&shared, &mut kernel, "192.0.2.1", Resolution::NoRoute).await;
        until(&shared, &mut kernel, "198.51.100.1", Resolution::NoRoute).await;
    });
}

/// The kernel drops the IPv4 routes of an interface that goes down without a word about them.
#[test]
fn routes_of_an_interface_that_went_down_make_way_for_others() {
    if !is_root() {
        return;
    }
    let namespace = Namespace::new();
    namespace.with_bonds(async |shared, mut kernel| {
        namespace.ip("neigh add 10.0.0.9 dev bond0 lladdr 02:00:00:00:00:09 nud permanent");
        namespace.ip("neigh add 10.0.1.8 dev bond1 lladdr 02:00:00:00:00:08 nud permanent");
        namespace.ip("route add default via 10.0.0.9 metric 1");
        namespace.ip("route add default via 10.0.1.8 metric 2");
        until(&shared, &mut kernel, "203.0.113.1", to(0, 9)).await;
        namespace.ip("link set bond0 down");
        until(&shared, &mut kernel, "203.0.113.1", to(1, 8)).await;
    });
}

#[test]
fn a_dead_next_hop_of_several_is_not_used() {
    if !is_root() {
        return;
    }
    let namespace = Namespace::new();
    namespace.with_bonds(async |shared, mut kernel| {
        namespace.ip("neigh add 10.0.0.9 dev bond0 lladdr 02:00:00:00:00:09 nud permanent");
        namespace.ip("neigh add 10.0.1.8 dev bond1 lladdr 02:00:00:00:00:08 nud permanent");
        namespace.ip("route add default nexthop via 10.0.0.9 nexthop via 10.0.1.8");
        until(&shared, &mut kernel, "203.0.113.1", to(0, 9)).await;
        namespace.ip("link set bond0 down");
        until(&shared, &mut kernel, "203.0.113.1", to(1, 8)).await;
    });
}

/// What is still queued when events were lost is older than the dump that makes up for the loss.
#[test]
fn after_an_overrun_what_was_queued_before_it_does_not_undo_the_dump() {
    if !is_root() {
        return;
    }
    let namespace = Namespace::new();
    namespace.with_bonds(async |shared, mut kernel| {
        let neighbour = |address: &str, mac: &str| {
            format!("neigh replace {address} dev bond0 lladdr {mac} nud permanent\n")
        };
        let mut batch = neighbour("10.0.0.9", "02:00:00:00:00:09");
        for round in 0..40 {
            for host in 100..250 {
                batch += &neighbour(
                    &format!("10.0.0.{host}"),
                    &format!("02:00:00:00:01:{round:02x}"),
                );
            }
        }
        batch += &neighbour("10.0.0.9", "02:00:00:00:00:08");
        let file = std::env::temp_dir().join(&namespace.0);
        std::fs::write(&file, batch).unwrap();
        namespace.ip(&format!("-batch {}", file.display()));
        std::fs::remove_file(&file).unwrap();
        until(&shared, &mut kernel, "10.0.0.9", to(0, 8)).await;
        namespace.ip("neigh add 10.0.0.10 dev bond0 lladdr 02:00:00:00:00:10 nud permanent");
        until(&shared, &mut kernel, "10.0.0.10", to(0, 0x10)).await;
        assert_eq!(shared.hops.load().resolve(ip("10.0.0.9")), to(0, 8));
    });
}

/// Else a frame that waits for its next hop waits for the worker's nap as well.
#[test]
fn new_next_hops_wake_the_workers() {
    if !is_root() {
        return;
    }
    let namespace = Namespace::new();
    namespace.with_bonds(async |shared, mut kernel| {
        let ring = &shared.workers[0].from_host;
        ring.quiet();
        namespace.ip("neigh add 10.0.0.9 dev bond0 lladdr 02:00:00:00:00:09 nud permanent");
        until(&shared, &mut kernel, "10.0.0.9", to(0, 9)).await;
        let mut waited = [PollFd::new(ring.wake(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut waited, PollTimeout::ZERO).unwrap(), 1);
    });
}

/// A real's neighbour is known before its first frame, also after the kernel was made to forget it.
#[test]
fn a_real_that_the_kernel_forgot_is_asked_for_again() {
    if !is_root() {
        return;
    }
    let real = lvs::config::RealConfig {
        address: ip("10.0.0.9"),
        port: 80,
        weight: 1,
    };
    let services = lvs::Config {
        services: vec![lvs::config::ServiceConfig {
            name: "web".into(),
            protocol: lvs::Protocol::Tcp,
            address: ip("10.9.0.100"),
            port: 80,
            method: lvs::Method::Nat,
            scheduler: lvs::SchedulerKind::Rr,
            reals: vec![real],
        }],
        ..lvs::Config::default()
    };
    let namespace = Namespace::new();
    namespace.with_services(services, async |shared, mut kernel| {
        let unresolved = shared.hops.load().resolve(ip("10.0.0.9"));
        namespace.ip("neigh replace 10.0.0.9 dev bond0 lladdr 02:00:00:00:00:09 nud reachable");
        until(&shared, &mut kernel, "10.0.0.9", to(0, 9)).await;
        namespace.ip("neigh del 10.0.0.9 dev bond0");
        until(&shared, &mut kernel, "10.0.0.9", unresolved).await;
        let netlink = kernel.netlink().clone();
        let asked = async {
            while !(netlink.neighbours().await.unwrap().iter()).any(|neighbour| {
                neighbour.address == ip("10.0.0.9")
                    && !neighbour.is_usable()
                    && neighbour.state != NeighbourState::Failed
            }) {
                let news = kernel.news(&shared).await.unwrap();
                kernel.see_to(news, &shared).await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, asked)
            .await
            .expect("it is asked for again");
    });
}
