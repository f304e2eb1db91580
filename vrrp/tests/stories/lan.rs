//! Routers on one network, and a clock that jumps to whatever happens next.

use std::collections::VecDeque;
use std::net::IpAddr;

use vrrp::{
    Centiseconds, Config, Event, Forwarder, Input, Priority, Received, State, VirtualRouter, Vrid,
    receive,
};
use wire::{Duration, Instant};

/// How long a frame takes through the network.
pub const LATENCY: Duration = Duration::from_micros(100);

/// A frame that a router sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: Instant,
    pub from: usize,
    pub frame: Vec<u8>,
}

impl Sent {
    /// The advert in it, if it is one.
    pub fn advert(&self) -> Option<Received> {
        receive(&self.frame).ok()
    }

    pub fn priority(&self) -> Option<u8> {
        self.advert().map(|advert| advert.advertisement.priority)
    }
}

/// A box: its engine and what it can hear.
#[derive(Clone, Debug)]
pub struct Node {
    pub router: VirtualRouter,
    pub source: IpAddr,
    /// The process is stopped: what it is sent waits in its sockets.
    pub is_stopped: bool,
    waiting: Vec<Vec<u8>>,
}

/// Several boxes with a virtual router each.
pub struct Lan {
    pub now: Instant,
    pub nodes: Vec<Node>,
    pub sent: Vec<Sent>,
    pub events: Vec<(usize, Event)>,
    /// `deaf[to][from]`: what `from` sends does not reach `to`.
    pub deaf: Vec<Vec<bool>>,
    /// How often each frame arrives.
    pub copies: usize,
    /// Everybody hears himself.
    pub is_looped: bool,
    flying: VecDeque<Sent>,
}

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// A virtual router of IPv4 at 100 ms.
pub fn config(priority: u8) -> Config {
    Config {
        name: "inside".to_owned(),
        interface: "bond0".to_owned(),
        virtual_router_id: Vrid::new(51).expect("not 0"),
        priority: Priority::new(priority).expect("not 0"),
        advert_int: Centiseconds::new(10).expect("in range"),
        preempt: false,
        virtual_ipaddress: vec![ip("10.80.2.1"), ip("10.80.1.100")],
        track_service: Vec::new(),
    }
}

/// The same with preemption.
pub fn preempting(priority: u8) -> Config {
    Config {
        preempt: true,
        ..config(priority)
    }
}

/// A virtual router of IPv6.
pub fn config_v6(priority: u8) -> Config {
    Config {
        virtual_ipaddress: vec![ip("fe80::51:1"), ip("2001:db8:80:1::100")],
        ..config(priority)
    }
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

impl Lan {
    /// Boxes that are switched on, each with an address higher than the one before.
    pub fn new(configs: &[Config]) -> Self {
        let mut lan = Self {
            now: Instant::from_nanos(1_000_000_000_000),
            nodes: Vec::new(),
            sent: Vec::new(),
            events: Vec::new(),
            deaf: vec![vec![false; configs.len()]; configs.len()],
            copies: 1,
            is_looped: false,
            flying: VecDeque::new(),
        };
        for (i, config) in configs.iter().enumerate() {
            let number = 2 + i;
            let source = match config.family() {
                vrrp::Family::Ipv4 => ip(&format!("10.80.2.{number}")),
                vrrp::Family::Ipv6 => ip(&format!("fe80::{number}")),
            };
            lan.nodes.push(Node {
                router: VirtualRouter::new(config.clone(), lan.now),
                source,
                is_stopped: false,
                waiting: Vec::new(),
            });
        }
        lan
    }

    /// The same, all started at once.
    pub fn started(configs: &[Config]) -> Self {
        let mut lan = Self::new(configs);
        for node in 0..configs.len() {
            lan.start(node);
        }
        lan
    }

    /// The same after the election.
    pub fn settled(configs: &[Config]) -> Self {
        let mut lan = Self::started(configs);
        lan.run(ms(6_000));
        lan.forget();
        lan
    }

    /// Gives a box its forwarder and its interface.
    pub fn start(&mut self, node: usize) {
        self.input(node, Input::Forwarder(Forwarder::Alive));
        let source = self.nodes[node].source;
        self.input(node, Input::Interface(Some(source)));
    }

    /// Kills a box's process without a word: what follows is a new one that was not started yet.
    pub fn kill(&mut self, node: usize) {
        let config = self.nodes[node].router.config().clone();
        self.nodes[node].router = VirtualRouter::new(config, self.now);
        self.nodes[node].waiting.clear();
    }

    /// Gives a box an input and drains it.
    pub fn input(&mut self, node: usize, input: Input<'_>) {
        self.nodes[node].router.handle_input(self.now, input);
        self.drain(node);
    }

    pub fn set_config(&mut self, node: usize, config: Config) {
        self.nodes[node].router.set_config(self.now, config);
        self.drain(node);
    }

    fn drain(&mut self, node: usize) {
        while let Some(transmit) = self.nodes[node].router.poll_transmit() {
            let sent = Sent {
                at: self.now,
                from: node,
                frame: transmit.frame,
            };
            self.sent.push(sent.clone());
            self.flying.push_back(sent);
        }
        while let Some(event) = self.nodes[node].router.poll_event() {
            self.events.push((node, event));
        }
    }

    /// Separates a group from the others, in both directions.
    pub fn separate(&mut self, group: &[usize]) {
        for to in 0..self.nodes.len() {
            for from in 0..self.nodes.len() {
                self.deaf[to][from] = group.contains(&to) != group.contains(&from);
            }
        }
    }

    pub fn heal(&mut self) {
        for row in &mut self.deaf {
            row.fill(false);
        }
    }

    /// Stops a box's process, as SIGSTOP does.
    pub fn stop(&mut self, node: usize) {
        self.nodes[node].is_stopped = true;
    }

    /// Lets a stopped process go on: what is due comes first, then what waits.
    pub fn resume(&mut self, node: usize) {
        self.nodes[node].is_stopped = false;
        self.nodes[node].router.handle_timeout(self.now);
        self.drain(node);
        for frame in std::mem::take(&mut self.nodes[node].waiting) {
            self.hear(node, &frame);
        }
    }

    fn hear(&mut self, node: usize, frame: &[u8]) {
        if let Ok(received) = receive(frame) {
            self.input(node, Input::Advert(&received));
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.step(end) {}
        self.now = end;
    }

    /// Lets time pass until a box is in this state; how long that took.
    pub fn until(&mut self, node: usize, state: State) -> Duration {
        let begin = self.now;
        let end = begin + ms(600_000);
        while self.state(node) != state {
            assert!(self.step(end), "box {node} never becomes {state}");
        }
        self.now.since(begin)
    }

    /// The next thing that happens until `end`; false: nothing.
    fn step(&mut self, end: Instant) -> bool {
        let arrival = self.flying.front().map(|sent| sent.at + LATENCY);
        let running = self.nodes.iter().filter(|node| !node.is_stopped);
        let due = running.filter_map(|node| node.router.poll_timeout()).min();
        let next = arrival.into_iter().chain(due).min();
        let Some(next) = next.filter(|next| *next <= end) else {
            return false;
        };
        self.now = self.now.max(next);
        if arrival == Some(next) {
            self.arrive();
        } else {
            self.time_out();
        }
        true
    }

    fn time_out(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].is_stopped {
                continue;
            }
            self.nodes[node].router.handle_timeout(self.now);
            self.drain(node);
            let due = self.nodes[node].router.poll_timeout();
            assert!(due.is_none_or(|due| due > self.now), "what is due is done");
        }
    }

    fn arrive(&mut self) {
        let Some(sent) = self.flying.pop_front() else {
            return;
        };
        for to in 0..self.nodes.len() {
            let is_own = to == sent.from;
            if (is_own && !self.is_looped) || self.deaf[to][sent.from] {
                continue;
            }
            for _ in 0..self.copies {
                if self.nodes[to].is_stopped {
                    self.nodes[to].waiting.push(sent.frame.clone());
                } else {
                    self.hear(to, &sent.frame);
                }
            }
        }
    }

    pub fn state(&self, node: usize) -> State {
        self.nodes[node].router.state()
    }

    /// The boxes that are Active.
    pub fn actives(&self) -> Vec<usize> {
        let nodes = 0..self.nodes.len();
        nodes
            .filter(|&node| self.state(node) == State::Active)
            .collect()
    }

    /// The boxes that serve, by their leases.
    pub fn serving(&self) -> Vec<usize> {
        let nodes = 0..self.nodes.len();
        nodes
            .filter(|&node| {
                let lease = self.nodes[node].router.lease();
                lease.is_some_and(|until| until > self.now)
            })
            .collect()
    }

    pub fn forget(&mut self) {
        self.sent.clear();
        self.events.clear();
    }

    /// The priorities of the adverts that a box sent, each with when.
    pub fn adverts(&self, node: usize) -> Vec<(Instant, u8)> {
        let of_node = self.sent.iter().filter(|sent| sent.from == node);
        of_node
            .filter_map(|sent| Some((sent.at, sent.priority()?)))
            .collect()
    }

    /// When a box announced an address.
    pub fn announcements(&self, node: usize) -> Vec<Instant> {
        let of_node = self.sent.iter().filter(|sent| sent.from == node);
        of_node
            .filter(|sent| sent.advert().is_none())
            .map(|sent| sent.at)
            .collect()
    }

    /// The changes of state of a box and their reasons.
    pub fn changes(&self, node: usize) -> Vec<(State, State, vrrp::Reason)> {
        let of_node = self.events.iter().filter(|(from, _)| *from == node);
        of_node
            .filter_map(|(_, event)| match event {
                Event::Transition { from, to, reason } => Some((*from, *to, *reason)),
                _ => None,
            })
            .collect()
    }

    /// Whether a box said this.
    pub fn said(&self, node: usize, event: Event) -> bool {
        self.events.contains(&(node, event))
    }
}
