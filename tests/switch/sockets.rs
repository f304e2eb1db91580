//! A running switch, with datagram sockets in the place of QEMU's NICs.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bond::{Bond, Config as BondConfig, Duplex, Input, Interface, LacpRate, Mode};
use tempfile::TempDir;
use tests::switch::{Config, Direction, Reason, Switch, Way, netdev};
use tests::wait;

use crate::lan::{frame, mac};

/// The machine may be busy.
pub const LIMIT: Duration = Duration::from_secs(20);
/// Within this a frame that is not held up arrives, also on a busy machine.
const SOON: Duration = Duration::from_secs(5);

/// A QEMU's end of a cable.
pub struct Guest {
    socket: UnixDatagram,
    switch: PathBuf,
}

impl Guest {
    /// Makes the guest's socket, as QEMU does when it starts.
    pub fn start(directory: &Path, name: &str) -> Self {
        let [guest, switch] = ends(directory, name);
        std::fs::remove_file(&guest).ok();
        let socket = UnixDatagram::bind(guest).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        Self { socket, switch }
    }

    pub fn send(&self, frame: &[u8]) {
        self.socket.send_to(frame, &self.switch).unwrap();
    }

    pub fn receive(&self) -> Option<Vec<u8>> {
        let mut buffer = [0; 2048];
        let length = self.socket.recv(&mut buffer).ok()?;
        Some(buffer[..length].to_vec())
    }

    /// What has arrived by now.
    fn pending(&self) -> Option<Vec<u8>> {
        self.socket.set_nonblocking(true).unwrap();
        let frame = self.receive();
        self.socket.set_nonblocking(false).unwrap();
        frame
    }
}

/// Paths of the guest's and the switch's socket.
fn ends(directory: &Path, name: &str) -> [PathBuf; 2] {
    ["guest", "switch"].map(|end| directory.join(format!("{name}.{end}")))
}

/// A switch with these ports.
pub fn plugged(directory: &Path, ports: &[&str]) -> Config {
    ports.iter().fold(Config::new(), |config, port| {
        let [guest, switch] = ends(directory, port);
        config.datagram(port, &guest, &switch)
    })
}

/// A switch with guests `a` and `b`.
pub fn pair() -> (TempDir, Switch, Guest, Guest) {
    let directory = tempfile::tempdir().unwrap();
    let switch = Switch::start(plugged(directory.path(), &["a", "b"])).unwrap();
    let [a, b] = ["a", "b"].map(|name| Guest::start(directory.path(), name));
    (directory, switch, a, b)
}

fn dropped(switch: &Switch, port: &str, way: Way, reason: Reason) -> u64 {
    let status = switch.status();
    status.port(port).unwrap().counters.of(way).dropped(reason)
}

#[test]
fn a_frame_crosses_the_switch_and_its_sender_is_known_then() {
    let (_directory, switch, a, b) = pair();
    a.send(&frame(mac(1), mac(2), 7));
    assert_eq!(b.receive().unwrap(), frame(mac(1), mac(2), 7));
    let fdb = switch.fdb();
    assert_eq!(
        (fdb.len(), fdb[0].mac, fdb[0].at.as_str()),
        (1, mac(1), "a")
    );
    assert!(a.pending().is_none());
}

#[test]
fn a_guest_may_come_late_die_and_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let switch = Switch::start(plugged(directory.path(), &["a", "b"])).unwrap();
    let a = Guest::start(directory.path(), "a");
    let wait_for_nobody = |frames| {
        wait::until("a frame for nobody", LIMIT, || {
            (dropped(&switch, "b", Way::Out, Reason::NoGuest) == frames).then_some(())
        })
        .unwrap();
    };
    a.send(&frame(mac(1), mac(2), 1));
    wait_for_nobody(1);
    let b = Guest::start(directory.path(), "b");
    a.send(&frame(mac(1), mac(2), 2));
    assert_eq!(b.receive().unwrap()[14], 2);
    // Killed: its file stays.
    drop(b);
    a.send(&frame(mac(1), mac(2), 3));
    wait_for_nobody(2);
    let b = Guest::start(directory.path(), "b");
    a.send(&frame(mac(1), mac(2), 4));
    assert_eq!(b.receive().unwrap()[14], 4);
    b.send(&frame(mac(2), mac(1), 5));
    assert_eq!(a.receive().unwrap()[14], 5);
}

#[test]
fn a_slow_guest_gets_every_frame_in_order_and_one_that_reads_nothing_loses_counted_ones() {
    let (_directory, switch, a, b) = pair();
    // More than a socket's queue holds.
    for number in 0..=255 {
        a.send(&frame(mac(1), mac(2), number));
    }
    for number in 0..=255 {
        assert_eq!(b.receive().unwrap()[14], number);
    }
    for _ in 0..4_000 {
        a.send(&frame(mac(1), mac(2), 0));
    }
    let lost = wait::until("the queue to be full", LIMIT, || {
        let status = switch.status();
        let came = status.port("a").unwrap().counters.inward.carried.frames;
        (came == 4_256).then(|| dropped(&switch, "b", Way::Out, Reason::QueueFull))
    });
    assert!(lost.unwrap() > 0);
}

#[test]
fn a_cut_cable_is_silent_until_it_is_healed() {
    let (_directory, switch, a, b) = pair();
    switch.cut("a", Direction::In).unwrap();
    a.send(&frame(mac(1), mac(2), 1));
    wait::until("the frame to be dropped", LIMIT, || {
        (dropped(&switch, "a", Way::In, Reason::Cut) == 1).then_some(())
    })
    .unwrap();
    assert!(b.pending().is_none());
    switch.heal("a").unwrap();
    a.send(&frame(mac(1), mac(2), 2));
    assert_eq!(b.receive().unwrap()[14], 2);
}

#[test]
fn a_slow_cable_is_as_slow_as_was_said_and_one_that_is_not_slow_is_fast() {
    let (_directory, switch, a, b) = pair();
    let took = |number| {
        let sent = Instant::now();
        a.send(&frame(mac(1), mac(2), number));
        assert_eq!(b.receive().unwrap()[14], number);
        sent.elapsed()
    };
    let delay = Duration::from_millis(150);
    switch.delay("a", Direction::In, delay).unwrap();
    let slow = took(1);
    assert!(slow >= delay, "{slow:?}");
    switch.delay("a", Direction::In, Duration::ZERO).unwrap();
    let fast = (2..12).map(took).min().unwrap();
    assert!(fast < delay / 2, "{fast:?}");
}

#[test]
fn a_bond_of_ours_at_two_datagram_sockets_becomes_the_switchs_partner() {
    let directory = tempfile::tempdir().unwrap();
    let members = ["a1", "a2"];
    let config = plugged(directory.path(), &members).lacp("lag", LacpRate::Fast, &members);
    let switch = Switch::start(config).unwrap();
    let guests = members.map(|name| Guest::start(directory.path(), name));
    let now = || wire::Instant::from_nanos(sys::clock::monotonic_nanos());
    let config = BondConfig::new("bond0", Mode::Ieee8023ad, &members);
    let mut bond = Bond::new(config, now());
    for member in 0..2 {
        let number = u8::try_from(member).unwrap();
        let interface = Interface {
            ifindex: u32::from(number) + 1,
            mac: mac(number),
            carrier: true,
            speed: Some(10_000),
            duplex: Some(Duplex::Full),
        };
        bond.handle_input(now(), Input::Link { member, interface });
    }
    wait::until_ok(LIMIT, || {
        for (member, guest) in guests.iter().enumerate() {
            while let Some(frame) = guest.pending() {
                let bytes = &frame;
                bond.handle_input(now(), Input::Frame { member, bytes });
            }
        }
        bond.handle_timeout(now());
        while let Some(transmit) = bond.poll_transmit() {
            guests[transmit.member].send(&transmit.frame);
        }
        while bond.poll_event().is_some() {}
        anyhow::ensure!(bond.egress().usable.len() == 2, "the bond is not up");
        switch.wait_for_carrying("lag", &members, Duration::ZERO)
    })
    .unwrap();
    let lacp = switch.lacp("lag").unwrap();
    assert_eq!(lacp.ports[1].partner.system, mac(0));
}

#[test]
fn a_switch_that_is_gone_leaves_no_socket_and_one_that_lives_keeps_its_own() {
    let (directory, switch, _a, _b) = pair();
    let twice = Switch::start(plugged(directory.path(), &["a"])).unwrap_err();
    assert!(
        format!("{twice:#}").contains("socket of a running process"),
        "{twice:#}"
    );
    drop(switch);
    let [_, path] = ends(directory.path(), "a");
    assert!(!path.exists());
    // A killed one leaves its file.
    drop(UnixDatagram::bind(&path).unwrap());
    assert!(path.exists());
    drop(Switch::start(plugged(directory.path(), &["a"])).unwrap());
    // What is no socket is nobody's to remove.
    std::fs::write(&path, "precious").unwrap();
    assert!(Switch::start(plugged(directory.path(), &["a"])).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn an_unknown_port_or_interface_is_said_by_name() {
    let (_directory, switch, _a, _b) = pair();
    let error = switch.cut("c", Direction::Both).unwrap_err();
    assert_eq!(error.to_string(), "no port c; there are a, b");
    let error = Switch::start(Config::new().interface("nowhere0")).unwrap_err();
    assert!(
        format!("{error:#}").contains("no interface nowhere0"),
        "{error:#}"
    );
}

#[test]
fn qemus_argument_names_both_sockets_and_doubles_commas() {
    let argument = netdev("n1", Path::new("/tmp/a,b/g"), Path::new("/tmp/s"));
    assert_eq!(
        argument,
        "dgram,id=n1,local.type=unix,local.path=/tmp/a,,b/g,remote.type=unix,remote.path=/tmp/s"
    );
}
