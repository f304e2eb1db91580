//! Two bonds, the cables between them, and a clock that jumps to whatever happens next.

use bond::lacp::mux;
use bond::{Bond, Config, Duplex, Event, Input, Interface, Mode, PortStatus, Why};
use wire::lacp::{Lacpdu, State};
use wire::{Duration, Instant, Mac};

/// No usable member.
pub const NOBODY: [u8; 0] = [];

/// How long a frame takes through a cable.
const LATENCY: Duration = Duration::from_millis(1);

/// A frame that a bond sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: Instant,
    pub from: usize,
    /// The member's cable: its place in the bond, unless the bond has taken others in or let some go.
    pub member: usize,
    pub frame: Vec<u8>,
}

impl Sent {
    pub fn pdu(&self) -> Lacpdu {
        Lacpdu::parse(&self.frame[14..]).expect("a bond sends legal PDUs")
    }

    pub fn state(&self) -> State {
        self.pdu().actor.state
    }
}

/// Two bonds whose members of equal name are joined by cables: ethN has cable N - 1.
pub struct Pair {
    pub now: Instant,
    pub bonds: [Bond; 2],
    pub interfaces: [Vec<Interface>; 2],
    /// Cables that swallow frames but keep carrier.
    pub silent: Vec<bool>,
    /// Cables whose two ends are both at the first bond's member and the given one.
    pub crossed: Option<(usize, usize)>,
    /// The side whose process is stopped: it does nothing, and what it is sent waits in its sockets.
    stopped: Option<usize>,
    waiting: Vec<(usize, Vec<u8>)>,
    /// The side that hears nothing by a member, while the other does.
    pub deaf: Option<(usize, usize)>,
    /// What becomes of each frame that is sent, in turn; none: it arrives after [`LATENCY`].
    pub weather: Vec<Fate>,
    pub sent: Vec<Sent>,
    pub events: Vec<(usize, Event)>,
    /// With the moment of arrival, in order.
    flying: Vec<(Instant, Sent)>,
}

/// What becomes of a frame on its way.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Lost,
    /// Arrives so many milliseconds late: after those that were sent later.
    Late(u64),
    /// Arrives, and once more so many milliseconds later.
    Twice(u64),
}

/// A bond of so many members named eth1, eth2, ...
pub fn config(members: usize) -> Config {
    let names: Vec<String> = (1..=members).map(|i| format!("eth{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Config::new("bond0", Mode::Ieee8023ad, &names)
}

/// The same at the fast rate.
pub fn fast(members: usize) -> Config {
    Config {
        lacp_rate: bond::LacpRate::Fast,
        ..config(members)
    }
}

/// A 10 Gb/s interface with carrier.
pub fn interface(side: u8, member: u8) -> Interface {
    Interface {
        ifindex: 10 + u32::from(member),
        mac: Mac([2, 0, 0, 0, side, member]),
        carrier: true,
        speed: Some(10_000),
        duplex: Some(Duplex::Full),
    }
}

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Pair {
    /// Both bonds with all cables in.
    pub fn new(first: Config, second: Config) -> Self {
        let now = Instant::from_nanos(1_000_000_000_000);
        let cables = first.members.len().max(second.members.len());
        let interfaces = [0, 1].map(|side| {
            (0..cables)
                .map(|m| interface(side, m.try_into().expect("few")))
                .collect::<Vec<_>>()
        });
        let mut pair = Self {
            now,
            silent: vec![false; cables],
            crossed: None,
            stopped: None,
            waiting: Vec::new(),
            bonds: [Bond::new(first, now), Bond::new(second, now)],
            interfaces,
            deaf: None,
            weather: Vec::new(),
            sent: Vec::new(),
            events: Vec::new(),
            flying: Vec::new(),
        };
        pair.announce(0);
        pair.announce(1);
        pair
    }

    /// A pair that has negotiated.
    pub fn settled(first: Config, second: Config) -> Self {
        let mut pair = Self::new(first, second);
        pair.run(ms(5_000));
        pair.events.clear();
        pair.sent.clear();
        pair
    }

    /// Tells a bond of all its links.
    pub fn announce(&mut self, side: usize) {
        for member in 0..self.bonds[side].config().members.len() {
            let interface = self.interfaces[side][self.cable_of(side, member)];
            self.input(side, Input::Link { member, interface });
        }
    }

    /// The cable of a bond's member.
    pub fn cable_of(&self, side: usize, member: usize) -> usize {
        let name = &self.bonds[side].config().members[member].name;
        let number: usize = name[3..].parse().expect("ethN");
        number - 1
    }

    /// The bond's member at a cable, if it has one there.
    pub fn member_at(&self, side: usize, cable: usize) -> Option<usize> {
        let members = 0..self.bonds[side].config().members.len();
        members
            .into_iter()
            .find(|member| self.cable_of(side, *member) == cable)
    }

    /// Gives a bond an input and drains it.
    pub fn input(&mut self, side: usize, input: Input<'_>) {
        self.bonds[side].handle_input(self.now, input);
        self.drain(side);
    }

    pub fn drain(&mut self, side: usize) {
        while let Some(transmit) = self.bonds[side].poll_transmit() {
            let member = self.cable_of(side, transmit.member);
            let frame = transmit.frame.to_vec();
            let sent = Sent {
                at: self.now,
                from: side,
                member,
                frame,
            };
            self.sent.push(sent.clone());
            self.fly(sent);
        }
        while let Some(event) = self.bonds[side].poll_event() {
            self.events.push((side, event));
        }
    }

    fn fly(&mut self, sent: Sent) {
        let late = match self.weather.pop() {
            None => vec![0],
            Some(Fate::Lost) => vec![],
            Some(Fate::Late(by)) => vec![by],
            Some(Fate::Twice(by)) => vec![0, by],
        };
        for by in late {
            let arrival = self.now + LATENCY + ms(by);
            let place = self.flying.partition_point(|(at, _)| *at <= arrival);
            self.flying.insert(place, (arrival, sent.clone()));
        }
    }

    /// Changes the interface at one cable.
    pub fn change(&mut self, side: usize, cable: usize, change: impl Fn(&mut Interface)) {
        change(&mut self.interfaces[side][cable]);
        let interface = self.interfaces[side][cable];
        if let Some(member) = self.member_at(side, cable) {
            self.input(side, Input::Link { member, interface });
        }
    }

    /// Pulls a cable out, or puts it in: both ends lose or get carrier.
    pub fn cable(&mut self, member: usize, carrier: bool) {
        self.change(0, member, |interface| interface.carrier = carrier);
        self.change(1, member, |interface| interface.carrier = carrier);
    }

    /// Stops a side's process, as SIGSTOP does.
    pub fn stop(&mut self, side: usize) {
        self.stopped = Some(side);
    }

    /// Lets the stopped process go on: what is due comes first, then what waits, member by member.
    pub fn resume(&mut self) {
        let side = self.stopped.take().expect("a stopped side");
        self.bonds[side].handle_timeout(self.now);
        self.drain(side);
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|(member, _)| *member);
        for (member, bytes) in waiting {
            let bytes = &bytes;
            self.input(side, Input::Frame { member, bytes });
        }
    }

    fn runs(&self, side: usize) -> bool {
        self.stopped != Some(side)
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.step(end) {}
        self.now = end;
    }

    /// The next thing that happens until `end`; false: nothing.
    pub fn step(&mut self, end: Instant) -> bool {
        let arrival = self.flying.first().map(|(at, _)| *at);
        let running = (0..2).filter(|&side| self.runs(side));
        let due = running
            .filter_map(|side| self.bonds[side].poll_timeout())
            .min();
        let Some(next) = arrival
            .into_iter()
            .chain(due)
            .min()
            .filter(|next| *next <= end)
        else {
            return false;
        };
        self.now = self.now.max(next);
        if arrival == Some(next) {
            self.arrive();
        } else {
            for side in 0..2 {
                if !self.runs(side) {
                    continue;
                }
                self.bonds[side].handle_timeout(self.now);
                self.drain(side);
                let due = self.bonds[side].poll_timeout();
                assert!(due.is_none_or(|due| due > self.now), "what is due is done");
            }
        }
        true
    }

    fn arrive(&mut self) {
        let (_, sent) = self.flying.remove(0);
        let (side, cable) = match self.crossed {
            Some((a, b)) if sent.from == 0 && sent.member == a => (0, b),
            Some((a, b)) if sent.from == 0 && sent.member == b => (0, a),
            Some((a, b)) if sent.member == a || sent.member == b => return,
            Some(_) | None => (1 - sent.from, sent.member),
        };
        let Some(member) = self.member_at(side, cable) else {
            return;
        };
        let has_carrier = self.interfaces[side][cable].carrier;
        let is_heard = !self.silent[sent.member] && self.deaf != Some((side, cable));
        if has_carrier && is_heard {
            if !self.runs(side) {
                self.waiting.push((member, sent.frame));
                return;
            }
            self.input(
                side,
                Input::Frame {
                    member,
                    bytes: &sent.frame,
                },
            );
        }
    }

    /// The members that a bond receives by.
    pub fn receives(&self, side: usize) -> Vec<u8> {
        let entries = (0..).zip(&self.bonds[side].egress().members);
        let open = entries.filter(|(_, entry)| entry.rx_enabled);
        open.map(|(member, _)| member).collect()
    }

    /// Takes over another configuration.
    pub fn configure(&mut self, side: usize, config: Config) {
        let names = |bond: &Bond| {
            let members = bond.config().members.iter();
            members.map(|m| m.name.clone()).collect::<Vec<_>>()
        };
        let before = names(&self.bonds[side]);
        self.bonds[side].take_leave(&config);
        self.drain(side);
        self.bonds[side].set_config(self.now, config);
        self.drain(side);
        let now = names(&self.bonds[side]);
        for (member, name) in now.iter().enumerate() {
            if !before.contains(name) {
                let interface = self.interfaces[side][self.cable_of(side, member)];
                self.input(side, Input::Link { member, interface });
            }
        }
    }

    /// The members that a bond sends by.
    pub fn usable(&self, side: usize) -> Vec<u8> {
        self.bonds[side].egress().usable.to_vec()
    }

    pub fn port(&self, side: usize, member: usize) -> PortStatus {
        let status = self.bonds[side].lacp_status().expect("802.3ad");
        status.ports.into_iter().nth(member).expect("a member")
    }

    pub fn why(&self, side: usize, member: usize) -> Option<Why> {
        self.bonds[side].status().members[member].why
    }

    pub fn mux(&self, side: usize, member: usize) -> mux::State {
        self.port(side, member).mux
    }

    /// What a bond sent by a cable since the last clear.
    pub fn sent_by(&self, side: usize, member: usize) -> Vec<Sent> {
        let by = |sent: &&Sent| sent.from == side && sent.member == member;
        self.sent.iter().filter(by).cloned().collect()
    }
}
