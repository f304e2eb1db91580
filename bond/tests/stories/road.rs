//! A bond whose forwarder sends numbered frames in every bucket, over links that are not equally
//! fast, to a partner that looks at their order.

use core::sync::atomic::AtomicU64;
use std::collections::VecDeque;

use bond::egress::Table;
use bond::{BUCKETS, Bond, Config, Input, Interface, MAX_MEMBERS, feedback};
use wire::{Duration, Instant};

use crate::pair::{interface, ms};

/// How finely time passes.
const TICK: Duration = Duration::from_micros(500);
const WORKERS: usize = 2;
/// The buckets that are not idle: the first ones.
pub const BUSY: u8 = 32;
/// Frames that a transmit ring gives to its link in a tick.
const RATE: usize = 6;

/// What travels.
#[derive(Clone, Debug)]
enum Cargo {
    /// A frame of this bucket, with its number.
    Data(u8, u64),
    Slow(Vec<u8>),
}

#[derive(Debug)]
struct Sent {
    arrival: Instant,
    /// Who sent it: 0 is the bond that is looked at.
    from: usize,
    link: usize,
    cargo: Cargo,
}

/// One worker of the forwarder.
#[derive(Debug, Default)]
struct Worker {
    table: Option<Table>,
    rings: Vec<VecDeque<Cargo>>,
    held: VecDeque<(u8, u64)>,
    /// What has to leave each ring until the table is drained.
    marks: Vec<usize>,
    asked: Option<u32>,
    bucket: u8,
}

/// The bond, its forwarder, the links and the partner.
pub struct Road {
    pub now: Instant,
    pub bonds: [Bond; 2],
    /// How long a frame takes, by link.
    pub delays: Vec<Duration>,
    /// The partner's answers to markers are lost.
    pub is_mute: bool,
    /// Links by which slow-protocol frames are lost.
    pub deaf: Vec<bool>,
    /// The workers do not wait: what a round prevents happens.
    pub is_hasty: bool,
    /// The workers do nothing.
    pub is_stalled: bool,
    /// Frames that each tick sends, each in another bucket.
    pub load: usize,
    pub memory: Vec<AtomicU64>,
    /// By bucket: what else is said to have been sent.
    pub extra: [u64; BUCKETS],
    interfaces: [Vec<Interface>; 2],
    workers: Vec<Worker>,
    flying: Vec<Sent>,
    next: [u64; BUCKETS],
    seen: [u64; BUCKETS],
    pub arrived: usize,
    /// Frames that came after one that was sent later.
    pub overtaken: usize,
    /// The longest that a frame of the forwarder waited for its bucket, in ticks.
    pub longest_hold: usize,
    hold: usize,
}

impl Road {
    /// Both bonds with all links, over which these delays hold.
    pub fn new(config: &Config, delays: &[u64]) -> Self {
        let now = Instant::from_nanos(1_000_000_000_000);
        let members = config.members.len();
        let of = |side: u8| (0..members).map(move |m| interface(side, m.try_into().expect("few")));
        let memory: Vec<_> = (0..feedback::WORDS).map(|_| AtomicU64::new(0)).collect();
        feedback::set_workers(&memory, WORKERS);
        let worker = || Worker {
            rings: vec![VecDeque::new(); members],
            marks: vec![0; members],
            ..Worker::default()
        };
        let mut road = Self {
            now,
            bonds: [
                Bond::new(config.clone(), now),
                Bond::new(config.clone(), now),
            ],
            delays: delays.iter().map(|&delay| ms(delay)).collect(),
            is_mute: false,
            deaf: vec![false; members],
            is_hasty: false,
            is_stalled: false,
            load: 2,
            memory,
            extra: [0; BUCKETS],
            interfaces: [of(0).collect(), of(1).collect()],
            workers: (0..WORKERS).map(|_| worker()).collect(),
            flying: Vec::new(),
            next: [1; BUCKETS],
            seen: [0; BUCKETS],
            arrived: 0,
            overtaken: 0,
            longest_hold: 0,
            hold: 0,
        };
        for member in 0..members {
            road.link(member, true);
        }
        road
    }

    /// As [`Road::new`], after the negotiation.
    pub fn settled(config: &Config, delays: &[u64]) -> Self {
        let mut road = Self::new(config, delays);
        road.run(ms(5_000));
        road
    }

    /// A link goes or comes; what was under way on it is lost when it goes.
    pub fn link(&mut self, member: usize, carrier: bool) {
        if !carrier {
            self.flying.retain(|sent| sent.link != member);
            for worker in &mut self.workers {
                worker.rings[member].clear();
                worker.marks[member] = 0;
            }
        }
        for side in 0..2 {
            self.interfaces[side][member].carrier = carrier;
            let interface = self.interfaces[side][member];
            self.bonds[side].handle_input(self.now, Input::Link { member, interface });
        }
    }

    /// The bond's NIC finds another speed.
    pub fn speed(&mut self, member: usize, speed: Option<u32>) {
        self.interfaces[0][member].speed = speed;
        let interface = self.interfaces[0][member];
        self.bonds[0].handle_input(self.now, Input::Link { member, interface });
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.now += TICK;
            self.arrive();
            self.turn();
            if !self.is_stalled {
                for worker in 0..WORKERS {
                    self.work(worker);
                }
            }
            let is_holding = self.workers.iter().any(|worker| !worker.held.is_empty());
            self.hold = if is_holding { self.hold + 1 } else { 0 };
            self.longest_hold = self.longest_hold.max(self.hold);
        }
    }

    /// Lets time pass until something is so, which must be soon.
    pub fn wait_until(&mut self, is_so: impl Fn(&Self) -> bool) {
        let limit = self.now + ms(5_000);
        while !is_so(self) {
            assert!(self.now < limit, "it never comes");
            self.run(TICK);
        }
    }

    /// The bond receives this by a member.
    pub fn hear(&mut self, member: usize, bytes: &[u8]) {
        let input = Input::Frame { member, bytes };
        self.bonds[0].handle_input(self.now, input);
    }

    /// bondd is started anew, from what it saved; lvsd has still to attach.
    pub fn restart(&mut self) {
        let saved = self.bonds[0].save();
        let mut bond = Bond::new(self.bonds[0].config().clone(), self.now);
        assert!(bond.restore(&saved, self.now));
        self.bonds[0] = bond;
    }

    /// How many buckets each member has.
    pub fn counts(&self) -> Vec<usize> {
        let members = self.bonds[0].status().members;
        members.iter().map(|member| member.buckets).collect()
    }

    /// The longest that frames waited without a break.
    pub fn longest_hold(&self) -> Duration {
        Duration::from_nanos(TICK.as_nanos() * self.longest_hold as u64)
    }

    fn turn(&mut self) {
        for side in 0..2 {
            if side == 0 {
                self.tell_loads();
            }
            let bond = &mut self.bonds[side];
            if bond.poll_timeout().is_some_and(|due| due <= self.now) {
                bond.handle_timeout(self.now);
            }
            let memory = (side == 0).then_some(&self.memory[..]);
            bond.settle(self.now, memory);
            while bond.poll_event().is_some() {}
            while let Some(transmit) = self.bonds[side].poll_transmit() {
                let frame = transmit.frame.to_vec();
                let is_answer = frame[14] == wire::marker::SUBTYPE && side == 1;
                let is_lost = is_answer && self.is_mute || self.deaf[transmit.member];
                if !is_lost {
                    self.fly(side, transmit.member, Cargo::Slow(frame));
                }
            }
        }
    }

    fn tell_loads(&mut self) {
        if self.bonds[0].is_weighing(self.now) {
            let mut bytes = self.extra;
            for (bucket, bytes) in (0..=u8::MAX).zip(&mut bytes) {
                *bytes += feedback::bytes(&self.memory, bucket);
            }
            self.bonds[0].handle_input(self.now, Input::Loads { bytes: &bytes });
        }
    }

    fn fly(&mut self, from: usize, link: usize, cargo: Cargo) {
        if self.interfaces[0][link].carrier {
            let arrival = self.now + self.delays[link];
            self.flying.push(Sent {
                arrival,
                from,
                link,
                cargo,
            });
        }
    }

    fn arrive(&mut self) {
        let now = self.now;
        let (here, on_its_way) = std::mem::take(&mut self.flying)
            .into_iter()
            .partition(|sent| sent.arrival <= now);
        self.flying = on_its_way;
        for Sent {
            from, link, cargo, ..
        } in here
        {
            match cargo {
                Cargo::Slow(bytes) => {
                    let input = Input::Frame {
                        member: link,
                        bytes: &bytes,
                    };
                    self.bonds[1 - from].handle_input(now, input);
                }
                Cargo::Data(bucket, number) => {
                    let seen = &mut self.seen[usize::from(bucket)];
                    self.arrived += 1;
                    self.overtaken += usize::from(*seen > number);
                    *seen = number.max(*seen);
                }
            }
        }
    }

    /// A turn of a worker: table, held frames, marker, new frames, rings; then what it tells.
    fn work(&mut self, index: usize) {
        let generation = self.bonds[0].egress().generation;
        let table = self.workers[index].table.as_ref();
        if table.is_none_or(|table| table.generation != generation) {
            let published = self.bonds[0].egress().clone();
            let worker = &mut self.workers[index];
            worker.marks = worker.rings.iter().map(VecDeque::len).collect();
            worker.table = Some(published.clone());
            let held = std::mem::take(&mut worker.held);
            for (bucket, number) in held {
                self.send(index, bucket, number);
            }
            self.ask(index, &published);
        }
        for _ in 0..self.load {
            // Every worker has buckets of its own, as flows have.
            let bucket = &mut self.workers[index].bucket;
            *bucket = (*bucket + 1) % (BUSY / 2);
            let bucket = 2 * *bucket + u8::try_from(index).expect("few");
            let number = self.next[usize::from(bucket)];
            self.next[usize::from(bucket)] += 1;
            self.send(index, bucket, number);
        }
        for link in 0..self.delays.len() {
            for _ in 0..RATE {
                let worker = &mut self.workers[index];
                let Some(cargo) = worker.rings[link].pop_front() else {
                    break;
                };
                worker.marks[link] = worker.marks[link].saturating_sub(1);
                self.fly(0, link, cargo);
            }
        }
        let worker = &self.workers[index];
        if worker.marks.iter().all(|mark| *mark == 0) {
            feedback::set_drained(&self.memory, index, generation);
        }
        feedback::beat(&self.memory, index, generation);
    }

    fn send(&mut self, index: usize, bucket: u8, number: u64) {
        let worker = &mut self.workers[index];
        let Some(table) = &worker.table else { return };
        if table.is_held(bucket.into()) && !self.is_hasty {
            worker.held.push_back((bucket, number));
        } else if let Some(member) = table.choose(bucket.into(), 0) {
            feedback::sent(&self.memory, index, bucket.into(), 100);
            worker.rings[member].push_back(Cargo::Data(bucket, number));
        }
    }

    fn ask(&mut self, index: usize, table: &Table) {
        let worker = &mut self.workers[index];
        let Some(ask) = table
            .moving
            .ask
            .filter(|ask| usize::from(ask.worker) == index)
        else {
            return;
        };
        if worker.asked.replace(ask.transaction) == Some(ask.transaction) {
            return;
        }
        for member in (0..MAX_MEMBERS).filter(|member| ask.is_of(*member)) {
            let frame = ask.frame(table, member).expect("a member that asks");
            worker.rings[member].push_back(Cargo::Slow(frame.to_vec()));
        }
    }
}
