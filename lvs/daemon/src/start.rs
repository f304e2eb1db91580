//! Coming up: adopting what an earlier process left with the supervisor, or making it anew.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bond::MemberConfig;
use control::config::{Config, XdpMode as WantedMode};
use lvs::Director;
use lvs::connection::Table;
use netio::tap::Tap;
use netio::xdp::{self, PinDir, Program, Shape, XdpLane, XdpMode};
use nix::net::if_::if_nametoindex;
use sys::memory::SharedMemory;
use tokio::sync::watch;
use wire::Instant;

use crate::capture::Captures;
use crate::counters::WorkerCounters;
use crate::keep::{self, Kept};
use crate::nexthop::NextHops;
use crate::requests::Requests;
use crate::ring::FrameRing;
use crate::routers;
use crate::shared::{BondLink, HOST_QUEUE, Shared, WorkerShare};

/// Bytes of a umem chunk, the most that the kernel takes.
const CHUNK: u32 = 4_096;
/// The longest packet whose frame fits one chunk under every driver.
const CHUNK_MTU: u16 = 3_500;

/// The data ports, ready to receive.
#[derive(Debug)]
pub struct Ports {
    /// The mode of AF_XDP in use.
    pub mode: XdpMode,
    /// The steering programs, in the order of the ports.
    pub programs: Vec<Program>,
    /// One lane per queue.
    pub lanes: Vec<XdpLane>,
}

impl Ports {
    /// By worker, then by port: duplicates of the sockets, to ask the kernel for its counts.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn sockets(&self) -> io::Result<Vec<Vec<OwnedFd>>> {
        let of_lane = |lane: &XdpLane| {
            let sockets = (0..self.programs.len()).filter_map(|port| lane.socket(port));
            sockets.map(|socket| socket.try_clone_to_owned()).collect()
        };
        self.lanes.iter().map(of_lane).collect()
    }
}

/// All members of all bonds, bond after bond.
#[must_use]
pub fn members(config: &Config) -> Vec<String> {
    let members = config.bonds.iter().flat_map(|bond| &bond.members);
    members.map(|member| member.name.clone()).collect()
}

/// The members whose NICs the box has now, bond after bond: the order of the ports.
#[must_use]
pub fn present(config: &Config) -> Vec<String> {
    let is_there = |name: &String| if_nametoindex(name.as_str()).is_ok();
    members(config).into_iter().filter(is_there).collect()
}

/// The virtual addresses that this box announces by itself, each once: those of no virtual router.
#[must_use]
pub fn virtuals(config: &Config) -> Vec<IpAddr> {
    let services = config.services.services.iter();
    let mut addresses: BTreeSet<IpAddr> = services.map(|service| service.address).collect();
    for router in &config.routers {
        for address in &router.virtual_ipaddress {
            addresses.remove(address);
        }
    }
    addresses.into_iter().collect()
}

/// Adopts every lane from the store; none when one of them, or a program, does not fit the ports
/// `ifnames`.
pub fn adopt_ports(
    config: &Config,
    ifnames: &[String],
    kept: &mut Kept,
    pins: &Path,
) -> Option<Ports> {
    let queues = usize::try_from(config.lvs.queues).ok()?;
    let stored = kept.take_lanes(queues)?;
    let shape = shape(config, ifnames.len());
    let mut lanes = Vec::new();
    for item in stored {
        let lane = XdpLane::adopt(item.fds, &item.meta)
            .inspect_err(|error| eprintln!("not adopted: {error}"))
            .ok()?;
        let fits = lane.shape() == shape
            && ifnames
                .iter()
                .enumerate()
                .all(|(port, name)| lane.port(port).is_some_and(|there| there.ifname == *name))
            && lane.port(ifnames.len()).is_none();
        if !fits {
            eprintln!("not adopted: there are other ports or rings than before");
            return None;
        }
        lanes.push(lane);
    }
    let mode = lanes.first()?.mode();
    let pins = PinDir::open(pins).ok()?;
    let programs = ifnames
        .iter()
        .map(|name| Program::adopt(name, &pins, mode).ok()?)
        .collect::<Option<Vec<_>>>()?;
    eprintln!("{}", summary(&lanes, &programs, mode, "adopted"));
    Some(Ports {
        mode,
        programs,
        lanes,
    })
}

/// Opens every port of `ifnames` anew, in the best mode that all of them have.
///
/// # Errors
/// When a port cannot be opened in any of the wanted modes.
pub fn open_ports(
    config: &Config,
    ifnames: &[String],
    kept: &mut Kept,
    pins: &Path,
) -> io::Result<Ports> {
    for queue in 0..xdp::MAX_QUEUES as usize {
        kept.forget(&keep::lane(queue))?;
    }
    let modes: &[XdpMode] = match config.lvs.xdp_mode {
        WantedMode::Auto => &XdpMode::ALL,
        WantedMode::Zerocopy => &[XdpMode::ZeroCopy],
        WantedMode::Native => &[XdpMode::Native],
        WantedMode::Generic => &[XdpMode::Generic],
    };
    let pins = PinDir::open(pins)?;
    let shape = shape(config, ifnames.len());
    let opened = xdp::open(ifnames, config.lvs.queues, shape, &pins, modes)?;
    let ports = Ports {
        mode: opened.mode,
        programs: opened.programs,
        lanes: opened.lanes,
    };
    for (queue, lane) in ports.lanes.iter().enumerate() {
        let (meta, fds) = lane.descriptors()?;
        kept.store(&keep::lane(queue), &meta, &fds, false)?;
    }
    eprintln!(
        "{}",
        summary(&ports.lanes, &ports.programs, ports.mode, "opened")
    );
    Ok(ports)
}

fn summary(lanes: &[XdpLane], programs: &[Program], mode: XdpMode, how: &str) -> String {
    let (ports, queues) = (programs.len(), lanes.len());
    if ports == 0 {
        return format!("ports 0: no member is there, {how}");
    }
    format!("ports {ports}, queues {queues}, XDP {mode}, {how}")
}

fn shape(config: &Config, ports: usize) -> Shape {
    let has_long_frames = config.bonds.iter().any(|bond| bond.mtu > CHUNK_MTU);
    Shape::for_ports(ports, config.lvs.ring_size, CHUNK).with_long_frames(has_long_frames)
}

/// The host interface of each bond, adopted or new, up and with the bond's MTU.
///
/// # Errors
/// When one cannot be made.
pub fn host_interfaces(config: &Config, kept: &mut Kept) -> io::Result<Vec<Arc<Tap>>> {
    let interface = |bond: &bond::Config| {
        let kept_tap = kept
            .take_one(&keep::tap(&bond.name))
            .and_then(|fd| Tap::from_fd(fd).ok());
        if let Some(tap) = kept_tap.filter(|tap| tap.name() == bond.name) {
            tap.set_mtu(u32::from(bond.mtu))?;
            return Ok(Arc::new(tap));
        }
        let tap = Tap::open(&bond.name)?;
        if let Some(mac) = bond.mac {
            tap.set_mac(mac)?;
        }
        tap.set_mtu(u32::from(bond.mtu))?;
        tap.set_carrier(false)?;
        tap.set_up(true)?;
        kept.store_one(&keep::tap(&bond.name), tap.as_fd(), true)?;
        Ok(Arc::new(tap))
    };
    config.bonds.iter().map(interface).collect()
}

/// The connection table: the earlier process's, or an empty one of the configured size.
///
/// # Errors
/// When there is no memory for it.
pub fn connections(config: &Config, kept: &mut Kept, now: Instant) -> io::Result<Table<'static>> {
    let bytes = usize::try_from(config.lvs.connection_table).unwrap_or(usize::MAX) << 20;
    let kept_memory = kept
        .take_one(keep::CONNECTIONS)
        .and_then(|fd| SharedMemory::from_fd(fd).ok())
        .filter(|memory| memory.len() == bytes);
    if let Some(memory) = kept_memory {
        match Table::adopt(forever(memory).words(), now) {
            Ok((table, adopted)) => {
                eprintln!(
                    "{} connections adopted, {} dropped",
                    adopted.kept, adopted.dropped
                );
                return Ok(table);
            }
            Err(error) => eprintln!("connections not adopted: {error}"),
        }
    }
    let memory = SharedMemory::create("connections", bytes)?;
    kept.store_one(keep::CONNECTIONS, memory.as_fd(), false)?;
    Table::format(forever(memory).words(), random_key()?).map_err(io::Error::other)
}

/// The table is used by threads that end with the process, and so does its memory.
fn forever(memory: SharedMemory) -> &'static SharedMemory {
    Box::leak(Box::new(memory))
}

fn random_key() -> io::Result<[u64; 2]> {
    use std::io::Read as _;
    let mut bytes = [[0; 8]; 2];
    std::fs::File::open("/dev/urandom")?.read_exact(bytes.as_flattened_mut())?;
    Ok(bytes.map(u64::from_ne_bytes))
}

/// The bonds with what was kept of them, on the ports `ifnames`.
///
/// # Errors
/// When the kernel grants no memory or descriptors.
pub fn bonds(config: &Config, ifnames: &[String], kept: &mut Kept) -> io::Result<Vec<BondLink>> {
    let mut links = Vec::new();
    for bond in &config.bonds {
        let port = |member: &MemberConfig| ifnames.iter().position(|name| *name == member.name);
        let ports = bond.members.iter().map(port).collect();
        let memory = |fd: OwnedFd| SharedMemory::from_fd(fd).ok();
        // Of other members, or in another order, both would be taken for what they are not.
        let note = keep::members_note(bond);
        let feedback = kept.take_noted(&keep::feedback(&bond.name), &note);
        let feedback = feedback.and_then(memory);
        let is_new = feedback.is_none();
        let link = BondLink::new(&bond.name, usize::from(bond.mtu), ports, feedback)?;
        if is_new {
            let name = keep::feedback(&bond.name);
            kept.store(&name, &note, &[link.feedback.as_fd()], true)?;
        }
        let workers = usize::try_from(config.lvs.queues).unwrap_or(usize::MAX);
        bond::feedback::set_workers(link.feedback.words(), workers);
        let egress = kept.take_noted(&keep::egress(&bond.name), &note);
        let egress = egress.and_then(|fd| SharedMemory::from_fd_readonly(fd).ok());
        link.egress.store(egress.map(Arc::new));
        links.push(link);
    }
    Ok(links)
}

/// The memory of the leases: the earlier process's, or new.
///
/// # Errors
/// When the kernel grants none.
pub fn leases(config: &Config, kept: &mut Kept) -> io::Result<SharedMemory> {
    let names: Vec<&str> = config.bonds.iter().map(|bond| &*bond.name).collect();
    // A lease is found by its bond's place in the configuration.
    let bonds = serde_json::to_string(&names)?;
    let bytes = vrrp::lease::WORDS * 8;
    let earlier = kept.take(keep::LEASES).filter(|item| item.meta == bonds);
    let earlier = earlier.and_then(|mut item| SharedMemory::from_fd(item.fds.pop()?).ok());
    if let Some(memory) = earlier.filter(|memory| memory.len() == bytes) {
        return Ok(memory);
    }
    let memory = SharedMemory::create("leases", bytes)?;
    kept.store(keep::LEASES, &bonds, &[memory.as_fd()], true)?;
    Ok(memory)
}

/// The services and everything that workers share.
///
/// # Errors
/// When the configuration does not fit the connection table, or the kernel grants no descriptors.
pub fn share(
    config: &Config,
    bonds: Vec<BondLink>,
    leases: SharedMemory,
    connections: Table<'static>,
) -> io::Result<(Arc<Shared>, Director)> {
    let places = Shared::places(&bonds);
    let workers = (0..config.lvs.queues)
        .map(|_| {
            Ok(WorkerShare {
                counters: WorkerCounters::new(places.len()),
                lvs: Arc::new(lvs::Stats::new(connections.real_ids())),
                from_host: FrameRing::new(HOST_QUEUE)?,
            })
        })
        .collect::<io::Result<Vec<_>>>()?;
    let stats = workers
        .iter()
        .map(|worker| Arc::clone(&worker.lvs))
        .collect();
    let director = Director::new(routers::services(config), &connections, stats)
        .map_err(|faults| io::Error::other(first_line(&faults)))?;
    let shared = Shared {
        bonds,
        places,
        workers,
        services: ArcSwap::new(director.snapshot()),
        hops: ArcSwap::from_pointee(NextHops::default()),
        requests: Requests::new()?,
        leases,
        attached: watch::Sender::default(),
        captures: Captures::default(),
        connections,
    };
    Ok((Arc::new(shared), director))
}

/// The first of several faults, for who has room for one.
#[must_use]
pub fn first_line(faults: &[lvs::Fault]) -> String {
    faults.first().map_or_else(String::new, ToString::to_string)
}
