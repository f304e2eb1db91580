//! Two namespaces joined by veth pairs: our ports p0, p1 … here, their peers q0, q1 … there.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use netio::packet::PacketSocket;
use netio::xdp::{PinDir, PortConfig, Program, Shape, XdpLane, XdpMode};
use netio::{Batch, Lane, Port};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{setsockopt, sockopt};

/// As long as a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// As long as it waits for what must not come.
const SILENCE: u16 = 100;

pub const SHAPE: Shape = Shape {
    ring_size: 256,
    frames: 2048,
    chunk: 2048,
    long_frames: false,
};

pub struct Lab {
    pub here: String,
    pub there: String,
    pub pins: PinDir,
}

/// Whether the test can run; says so when not.
pub fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        println!("skipped: needs root");
    }
    root
}

pub fn ip(arguments: &str) {
    let status = Command::new("ip")
        .args(arguments.split_whitespace())
        .status()
        .unwrap();
    assert!(status.success(), "ip {arguments}");
}

impl Lab {
    /// `ports` veth pairs with `queues` queues each, all up and without IPv6.
    pub fn new(ports: usize, queues: u32) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("netio-{}-{count}", std::process::id());
        let (here, there) = (format!("{name}h"), format!("{name}t"));
        let pins = PinDir::open(std::env::temp_dir().join(&name)).unwrap();
        for namespace in [&here, &there] {
            ip(&format!("netns add {namespace}"));
        }
        let lab = Self { here, there, pins };
        for namespace in [&lab.here, &lab.there] {
            sys::netns::run(namespace, || netio::sysctl::disable_ipv6("default", true))
                .unwrap()
                .unwrap();
        }
        for port in 0..ports {
            lab.add_port(port, queues);
        }
        lab
    }

    pub fn add_port(&self, port: usize, queues: u32) {
        let (here, there) = (&self.here, &self.there);
        let size = format!("numtxqueues {queues} numrxqueues {queues}");
        ip(&format!(
            "-n {here} link add name p{port} {size} type veth peer name q{port} {size} netns {there}"
        ));
        ip(&format!("-n {here} link set p{port} up"));
        ip(&format!("-n {there} link set q{port} up"));
    }

    /// Gives both ends of a port this MTU.
    pub fn set_mtu(&self, port: usize, mtu: u32) {
        ip(&format!("-n {} link set p{port} mtu {mtu}", self.here));
        ip(&format!("-n {} link set q{port} mtu {mtu}", self.there));
    }

    /// Runs `work` on a thread in our namespace.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        sys::netns::run(&self.here, work).unwrap()
    }

    /// A packet socket on the peer of a port.
    pub fn peer(&self, port: usize) -> PacketSocket {
        sys::netns::run(&self.there, || {
            let peer = PacketSocket::open(&format!("q{port}"), PacketSocket::ALL).unwrap();
            // A ring full of long frames waits in it.
            setsockopt(&peer, sockopt::RcvBufForce, &(16 << 20)).unwrap();
            peer
        })
        .unwrap()
    }

    /// The program on `ports` ports, and a lane of all their first queues.
    pub fn lane(&self, ports: usize) -> (Vec<Program>, XdpLane) {
        self.lane_of(ports, SHAPE, XdpMode::Native)
    }

    /// As [`Lab::lane`], of a shape and in a mode.
    pub fn lane_of(&self, ports: usize, shape: Shape, mode: XdpMode) -> (Vec<Program>, XdpLane) {
        self.inside(|| {
            let configs: Vec<_> = (0..ports).map(port).collect();
            let mut programs: Vec<_> = configs
                .iter()
                .map(|port| Program::open(&port.ifname, &self.pins, mode).unwrap())
                .collect();
            let lane = XdpLane::create(&configs, shape, mode).unwrap();
            for (index, program) in programs.iter_mut().enumerate() {
                program.insert(0, lane.socket(index).unwrap()).unwrap();
            }
            (programs, lane)
        })
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for namespace in [&self.here, &self.there] {
            ip(&format!("netns del {namespace}"));
        }
        self.pins.clone().remove().unwrap();
    }
}

pub fn port(index: usize) -> PortConfig {
    PortConfig {
        ifname: format!("p{index}"),
        queue: 0,
    }
}

/// A frame of an EtherType that nobody knows, told apart by its number.
pub fn numbered(number: u32) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5];
    frame.extend(number.to_be_bytes());
    frame.resize(64, 0);
    frame
}

/// The number of such a frame.
pub fn number(frame: &[u8]) -> u32 {
    assert_eq!(frame[12..14], [0x88, 0xb5], "a frame of ours");
    u32::from_be_bytes(frame[14..18].try_into().unwrap())
}

/// What arrives at a port within a moment, or `None`.
pub fn arrival(port: &impl Port, milliseconds: u16) -> Option<Vec<u8>> {
    let mut set = [PollFd::new(port.as_fd(), PollFlags::POLLIN)];
    poll(&mut set, PollTimeout::from(milliseconds)).unwrap();
    let mut buffer = [0; 1 << 16];
    port.recv(&mut buffer)
        .ok()
        .map(|len| buffer[..len].to_vec())
}

/// The next `count` frames at a port.
pub fn arrivals(port: &impl Port, count: usize) -> Vec<Vec<u8>> {
    let patience = u16::try_from(PATIENCE.as_millis()).unwrap();
    (0..count)
        .map(|_| arrival(port, patience).expect("a frame arrives"))
        .collect()
}

pub fn assert_silent(port: &impl Port) {
    assert_eq!(arrival(port, SILENCE), None);
}

/// Runs a lane's turns until `count` frames have come in on a port, each given to `each`.
pub fn turns(
    lane: &mut XdpLane,
    port: usize,
    count: usize,
    mut each: impl FnMut(&mut XdpLane, netio::Frame),
) {
    let (start, mut received) = (Instant::now(), 0);
    while received < count {
        assert!(
            start.elapsed() < PATIENCE,
            "{received} of {count} frames received"
        );
        let mut batch = Batch::new();
        received += lane.receive(port, &mut batch);
        for frame in batch {
            each(lane, frame);
        }
        lane.flush();
        lane.wait(wire::Duration::from_millis(10), None).unwrap();
    }
}

/// The bytes of the next `count` frames on a port of a lane.
pub fn received(lane: &mut XdpLane, port: usize, count: usize) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    turns(lane, port, count, |lane, frame| {
        frames.push(lane.parts(&frame).concat());
        lane.release(frame);
    });
    frames
}

/// Sends bytes on a port of a lane.
pub fn transmit(lane: &mut XdpLane, port: usize, bytes: &[u8]) {
    let frame = lane.compose(bytes).unwrap();
    lane.transmit(port, frame).unwrap();
}

/// Whether all frames are home, but for the few that a refill of two ports waits for.
pub fn is_settled(lane: &XdpLane, free: usize) -> bool {
    lane.free_frames().abs_diff(free) < 64
}
