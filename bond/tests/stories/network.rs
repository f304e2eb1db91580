//! A bond in mode active-backup before a network of targets, and a clock of whole milliseconds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bond::monitor::{Heard, Seen, observe};
use bond::{Bond, Config, Event, Input, Interface, Mode, Why};
use wire::headers::{ArpInfo, Headers, Net};
use wire::icmpv6::{NeighborAdvertisement, NeighborSolicitation};
use wire::{Instant, Mac};

use crate::pair::{interface, ms};

const TARGET_MAC: Mac = Mac([2, 0, 0, 0, 9, 9]);

/// A received frame on its way to the engine.
struct Arrival {
    at: Instant,
    member: usize,
    frame: Vec<u8>,
}

/// The bond, its switch and the targets behind it.
pub struct Network {
    pub now: Instant,
    pub bond: Bond,
    pub interfaces: Vec<Interface>,
    /// By member: whether the way to the switch works; carrier stays either way.
    pub silent: Vec<bool>,
    /// By member: whether other stations' frames come by it, whatever else is wrong.
    pub noisy: Vec<bool>,
    /// Targets that do not answer.
    pub dead: Vec<IpAddr>,
    /// Targets answer without the tag that they are asked with.
    pub loses_tags: bool,
    /// Whether the forwarder lives.
    pub listens: bool,
    /// Who sent probes, and when.
    pub asked: Vec<(Instant, usize)>,
    pub events: Vec<Event>,
    arrivals: Vec<Arrival>,
    origin: Instant,
}

/// Three members, asked by every 100 ms.
pub fn watched() -> Config {
    let mut config = Config::new("bond0", Mode::ActiveBackup, &["eth1", "eth2", "eth3"]);
    config.monitor.arp_interval = 100;
    config.monitor.arp_ip_target = vec![target(1)];
    config.addresses = ["10.0.0.1/24", "2001:db8::1/64"]
        .map(|address| address.parse().expect("legal"))
        .into();
    config
}

/// IPv4 target 1, 2, ...
pub fn target(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, 100 + number)
}

impl Network {
    pub fn new(config: Config) -> Self {
        let now = Instant::from_nanos(1_000_000_000_000);
        let members = config.members.len();
        let interfaces = (0..members).map(|m| interface(0, m.try_into().expect("few")));
        let mut network = Self {
            now,
            bond: Bond::new(config, now),
            interfaces: interfaces.collect(),
            silent: vec![false; members],
            noisy: vec![false; members],
            dead: Vec::new(),
            loses_tags: false,
            listens: true,
            asked: Vec::new(),
            events: Vec::new(),
            arrivals: Vec::new(),
            origin: now,
        };
        for member in 0..members {
            network.tell(member);
        }
        network
    }

    /// One that has run for ten intervals.
    pub fn settled(config: Config) -> Self {
        let mut network = Self::new(config);
        network.run(1_000);
        network.asked.clear();
        network.events.clear();
        network
    }

    fn tell(&mut self, member: usize) {
        let interface = self.interfaces[member];
        self.input(Input::Link { member, interface });
    }

    pub fn input(&mut self, input: Input<'_>) {
        self.bond.handle_input(self.now, input);
        self.drain();
    }

    /// Gives a member carrier or takes it.
    pub fn carrier(&mut self, member: usize, carrier: bool) {
        self.interfaces[member].carrier = carrier;
        self.tell(member);
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, millis: u64) {
        for _ in 0..millis {
            self.now += ms(1);
            self.step();
        }
    }

    fn step(&mut self) {
        let now = self.now;
        let (due, rest) = std::mem::take(&mut self.arrivals)
            .into_iter()
            .partition(|arrival| arrival.at <= now);
        self.arrivals = rest;
        let due: Vec<Arrival> = due;
        for arrival in due {
            self.receive(arrival.member, &arrival.frame);
        }
        for member in 0..self.noisy.len() {
            if self.noisy[member] {
                self.receive(member, &[0x33; 60]);
            }
        }
        if self.listens {
            self.input(Input::Listening);
        }
        if self.bond.poll_timeout().is_some_and(|due| due <= now) {
            self.bond.handle_timeout(now);
            self.drain();
        }
    }

    /// What the forwarder does with a frame.
    fn receive(&mut self, member: usize, frame: &[u8]) {
        if !self.listens || !self.interfaces[member].carrier {
            return;
        }
        let at = self.now;
        let headers = Headers::parse(frame).expect("a frame");
        let seen = observe(self.bond.egress(), frame, &headers);
        let mut hear = |heard| {
            self.bond
                .handle_input(at, Input::Heard { member, heard, at })
        };
        hear(Heard::Frame);
        match seen {
            Some(Seen::Neighbour) => hear(Heard::Neighbour),
            Some(Seen::Of { target, kind }) => {
                hear(Heard::Neighbour);
                hear(Heard::Target { target, kind });
            }
            None => {}
        }
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.bond.poll_transmit() {
            self.asked.push((self.now, transmit.member));
            self.carry(transmit.member, &transmit.frame);
        }
        while let Some(event) = self.bond.poll_event() {
            self.events.push(event);
        }
    }

    /// A broadcast reaches the targets and, by the switch, our other members.
    fn carry(&mut self, from: usize, frame: &[u8]) {
        let reaches = |i: usize| !self.silent[i] && self.interfaces[i].carrier;
        if !reaches(from) {
            return;
        }
        let at = self.now + ms(1);
        for member in (0..self.silent.len()).filter(|&i| i != from && reaches(i)) {
            let frame = frame.to_vec();
            self.arrivals.push(Arrival { at, member, frame });
        }
        let (target, answer) = answer(frame, self.loses_tags);
        if !self.dead.contains(&target) {
            let (member, frame) = (from, answer);
            self.arrivals.push(Arrival { at, member, frame });
        }
    }

    pub fn usable(&self) -> Vec<u8> {
        self.bond.egress().usable.to_vec()
    }

    pub fn why(&self, member: usize) -> Option<Why> {
        self.bond.status().members[member].why
    }

    /// Milliseconds since the story began.
    pub fn elapsed(&self) -> u64 {
        self.now.since(self.origin).as_millis()
    }

    /// Lets time pass until the bond uses exactly these members: how many milliseconds it took.
    pub fn until_usable(&mut self, members: &[u8]) -> u64 {
        let begin = self.elapsed();
        while self.usable() != members {
            assert!(self.elapsed() < begin + 5_000, "still {:?}", self.usable());
            self.run(1);
        }
        self.elapsed() - begin
    }
}

/// Who is asked, and how it answers.
fn answer(frame: &[u8], loses_tags: bool) -> (IpAddr, Vec<u8>) {
    let headers = Headers::parse(frame).expect("a frame");
    let own = headers.source;
    let is_tagged = headers.vlan.is_some() && !loses_tags;
    let tag = if is_tagged { &frame[12..16] } else { &[] };
    let link = |ethertype: u16| [&own.0[..], &TARGET_MAC.0, tag, &ethertype.to_be_bytes()].concat();
    match headers.net {
        Net::Arp(asked) => {
            let answer = ArpInfo {
                operation: ArpInfo::REPLY,
                sender_mac: TARGET_MAC,
                sender_ip: asked.target_ip,
                target_mac: asked.sender_mac,
                target_ip: asked.sender_ip,
            };
            let frame = [link(0x0806).as_slice(), &answer.emit()].concat();
            (asked.target_ip.into(), frame)
        }
        Net::V6(ip) => {
            let asked = NeighborSolicitation::parse(&frame[ip.l4..ip.end]).expect("legal");
            let (from, to): (Ipv6Addr, Ipv6Addr) = (asked.target, ip.source);
            let message = NeighborAdvertisement {
                router: false,
                solicited: true,
                overriding: true,
                target: from,
                target_mac: Some(TARGET_MAC),
            };
            let message = message.emit(from, to);
            let length = u8::try_from(message.len()).expect("short");
            let head = [0x60, 0, 0, 0, 0, length, 58, 255];
            let ip = [&head[..], &from.octets(), &to.octets()].concat();
            let frame = [link(0x86dd), ip, message.to_vec()].concat();
            (from.into(), frame)
        }
        Net::V4(_) | Net::Other => panic!("a bond asks by ARP or neighbor solicitation"),
    }
}
