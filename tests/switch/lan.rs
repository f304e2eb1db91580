//! A switch on a clock that jumps: guests are what the test sends and sees, or bonds of our own.

use std::collections::HashMap;

use bond::{Bond, Config as BondConfig, Duplex, Fallback, Input, Interface, LacpRate, Mode};
use etherparse::PacketBuilder;
use tests::switch::Config;
use tests::switch::fabric::Fabric;
use wire::{Duration, Instant, Mac};

/// A switch and what its guests have received.
pub struct Lan {
    pub now: Instant,
    pub fabric: Fabric,
    ports: Vec<String>,
    guests: Vec<Guest>,
    received: HashMap<String, Vec<Vec<u8>>>,
}

/// A bond whose members are plugged into ports of the switch.
struct Guest {
    bond: Bond,
    ports: Vec<String>,
}

/// A station's address.
pub fn mac(number: u8) -> Mac {
    Mac([0x02, 0, 0, 0, 0, number])
}

/// A frame between two addresses, which carries a number to be known by.
pub fn frame(source: Mac, destination: Mac, number: u8) -> Vec<u8> {
    let mut frame = [destination.0, source.0].concat();
    frame.extend([0x88, 0xb5, number]);
    frame.resize(60, 0);
    frame
}

/// The same in a VLAN.
pub fn tagged(vlan: u8, source: Mac, destination: Mac, number: u8) -> Vec<u8> {
    let mut frame = frame(source, destination, number);
    frame.splice(12..12, [0x81, 0, 0, vlan]);
    frame
}

/// A segment of a flow with this source port.
pub fn segment(source: Mac, destination: Mac, port: u16) -> Vec<u8> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(source.0, destination.0)
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .udp(port, 80)
        .write(&mut frame, b"x")
        .unwrap();
    frame
}

/// A switch whose ports have these names.
pub fn config(ports: &[&str]) -> Config {
    let nowhere = std::path::Path::new("/");
    ports.iter().fold(Config::new(), |config, port| {
        config.datagram(port, nowhere, nowhere)
    })
}

pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

impl Lan {
    pub fn new(config: &Config) -> Self {
        let now = Instant::from_nanos(1_000_000_000_000);
        Self {
            now,
            fabric: Fabric::new(now, config).unwrap(),
            ports: config.ports.iter().map(|port| port.name.clone()).collect(),
            guests: Vec::new(),
            received: HashMap::new(),
        }
    }

    /// A switch of such ports and nothing else.
    pub fn of(ports: &[&str]) -> Self {
        Self::new(&config(ports))
    }

    /// Plugs a bond of ours into these ports.
    pub fn plug(&mut self, rate: LacpRate, ports: &[&str]) -> usize {
        let config = BondConfig {
            lacp_rate: rate,
            fallback: Fallback::None,
            ..BondConfig::new("bond0", Mode::Ieee8023ad, ports)
        };
        let ports = ports.iter().map(|&port| port.to_owned()).collect();
        let bond = Bond::new(config, self.now);
        self.guests.push(Guest { bond, ports });
        let guest = self.guests.len() - 1;
        for member in 0..self.guests[guest].ports.len() {
            self.set_link(guest, member, true);
        }
        guest
    }

    /// QEMU's set_link: what the guest alone sees.
    pub fn set_link(&mut self, guest: usize, member: usize, carrier: bool) {
        let number = u8::try_from(10 * (guest + 1) + member).unwrap();
        let interface = Interface {
            ifindex: u32::from(number),
            mac: mac(number),
            carrier,
            speed: Some(10_000),
            duplex: Some(Duplex::Full),
        };
        let input = Input::Link { member, interface };
        self.guests[guest].bond.handle_input(self.now, input);
        self.settle();
    }

    /// The members that a bond sends by.
    pub fn usable(&self, guest: usize) -> Vec<u8> {
        self.guests[guest].bond.egress().usable.to_vec()
    }

    /// The ports by which a group carries traffic.
    pub fn carrying(&self, group: &str) -> Vec<String> {
        self.fabric.status().carrying(group).to_vec()
    }

    /// A guest sends a frame.
    pub fn send(&mut self, port: &str, frame: &[u8]) {
        let number = self.number(port);
        self.fabric.receive(self.now, number, frame);
        self.settle();
    }

    /// What a guest has received since it was asked last, LACPDUs to bonds aside.
    pub fn received(&mut self, port: &str) -> Vec<Vec<u8>> {
        assert!(self.ports.iter().any(|one| one == port), "no port {port}");
        self.received.remove(port).unwrap_or_default()
    }

    /// Forgets what guests have received.
    pub fn clear(&mut self) {
        self.received.clear();
    }

    /// The ports that have received this frame and nothing else since they were asked last.
    pub fn seen(&mut self, frame: &[u8]) -> Vec<String> {
        let ports = self.ports.clone();
        let seen = ports.into_iter().filter(|port| {
            let received = self.received(port);
            assert!(
                received.iter().all(|one| one == frame),
                "{port}: {received:?}"
            );
            assert!(
                received.len() <= 1,
                "{port} received it {} times",
                received.len()
            );
            !received.is_empty()
        });
        seen.collect()
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let guests = self
                .guests
                .iter()
                .filter_map(|guest| guest.bond.poll_timeout());
            let due = guests.chain(self.fabric.poll_timeout()).min();
            let Some(due) = due.filter(|due| *due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            self.fabric.handle_timeout(self.now);
            for guest in &mut self.guests {
                guest.bond.handle_timeout(self.now);
            }
            self.settle();
        }
        self.now = end;
    }

    /// Carries frames until all have arrived.
    fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some((number, frame)) = self.fabric.poll_transmit() {
                self.fabric.sent(self.now, number, &frame);
                self.deliver(number, &frame);
                moved = true;
            }
            for guest in 0..self.guests.len() {
                while let Some(transmit) = self.guests[guest].bond.poll_transmit() {
                    let port = self.number(&self.guests[guest].ports[transmit.member]);
                    self.fabric.receive(self.now, port, &transmit.frame);
                    moved = true;
                }
                while self.guests[guest].bond.poll_event().is_some() {}
            }
            if !moved {
                return;
            }
        }
    }

    fn deliver(&mut self, number: usize, frame: &[u8]) {
        let port = &self.ports[number];
        let is_pdu = frame.starts_with(&wire::slow::GROUP.0);
        let guest = self.guests.iter_mut().find_map(|guest| {
            let member = guest.ports.iter().position(|one| one == port)?;
            Some((&mut guest.bond, member))
        });
        match guest {
            Some((bond, member)) if is_pdu => {
                let bytes = frame;
                bond.handle_input(self.now, Input::Frame { member, bytes });
            }
            Some(_) | None => {
                let received = self.received.entry(port.clone()).or_default();
                received.push(frame.to_vec());
            }
        }
    }

    fn number(&self, port: &str) -> usize {
        self.ports.iter().position(|one| one == port).unwrap()
    }
}
