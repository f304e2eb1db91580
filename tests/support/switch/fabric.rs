//! The switch as a value: frames in, frames out, time as an argument. [`super::host`] is what surrounds it.

mod orders;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use anyhow::Result;
use wire::{Duration, Instant, Mac, ethertype, slow};

use super::config::{Config, GroupConfig};
use super::counters::{Counters, Reason, Way, Ways};
use super::fault::{Fate, Line};
use super::group::Group;
use super::record::Recorder;
use super::table::{Place, Table, vlan};

/// A frame, shared by the ports that it is flooded to.
pub type Frame = Arc<[u8]>;

const ADDRESS_BYTES: usize = 6;
const HEADER_BYTES: usize = 14;
/// Frames that are on a slow cable.
const ON_THE_WAY: usize = 65_536;

/// A frame on a slow cable.
#[derive(Debug)]
struct Travelling {
    port: usize,
    way: Way,
    frame: Frame,
}

#[derive(Debug)]
struct Port {
    name: String,
    /// Its group, and its place there.
    group: Option<(usize, usize)>,
    /// The other end of its wire.
    wire: Option<usize>,
    carrier: bool,
    lines: Ways<Line>,
    mirror: Option<usize>,
    counters: Ways<Counters>,
}

/// The switch.
#[derive(Debug)]
pub struct Fabric {
    ports: Vec<Port>,
    groups: Vec<Group>,
    table: Table,
    travelling: BTreeMap<(Instant, u64), Travelling>,
    departed: u64,
    outbox: VecDeque<(usize, Frame)>,
    recorder: Recorder,
}

impl Fabric {
    /// A switch of these ports and groups, all cables whole. What the ports are plugged into is the
    /// host's business.
    ///
    /// # Errors
    /// As [`Config::check`].
    pub fn new(now: Instant, config: &Config) -> Result<Self> {
        config.check()?;
        let names: Vec<&str> = config.ports.iter().map(|port| port.name.as_str()).collect();
        let number = |name: &str| names.iter().position(|one| *one == name);
        let groups = config.groups.iter().enumerate();
        let groups = groups.map(|(at, group)| Group::new(now, at, group, number));
        let mut fabric = Self {
            ports: names.iter().map(|name| Port::new(name, config)).collect(),
            groups: groups.collect(),
            table: Table::new(Duration::from_secs(config.ageing_seconds)),
            travelling: BTreeMap::new(),
            departed: 0,
            outbox: VecDeque::new(),
            recorder: Recorder::new(now, &names),
        };
        fabric.speak(now);
        Ok(fabric)
    }

    /// A frame came from a port's guest.
    pub fn receive(&mut self, now: Instant, number: usize, bytes: &[u8]) {
        let Some(port) = self.ports.get_mut(number) else {
            return;
        };
        port.counters.inward.carry(bytes);
        if bytes.len() < HEADER_BYTES {
            port.counters.inward.drop(Reason::Malformed);
            return;
        }
        let frame = Frame::from(bytes);
        self.recorder.record(now, number, Way::In, &frame);
        self.copy(number, &frame);
        self.travel(now, number, Way::In, frame);
        self.speak(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(first) = self.travelling.first_entry() {
            if first.key().0 > now {
                break;
            }
            let Travelling { port, way, frame } = first.remove();
            if self.is_cut(port, way) {
                self.drop(port, way, Reason::Cut);
            } else {
                self.arrive(now, port, way, frame);
            }
        }
        for group in &mut self.groups {
            group.handle_timeout(now);
        }
        self.speak(now);
    }

    /// The next frame to send to a port's guest; [`Fabric::sent`] or [`Fabric::not_sent`] says what
    /// came of it.
    pub fn poll_transmit(&mut self) -> Option<(usize, Frame)> {
        self.outbox.pop_front()
    }

    /// When something is due; `None`: nothing until the next frame.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let travelling = self.travelling.first_key_value().map(|((due, _), _)| *due);
        let groups = self.groups.iter().filter_map(Group::poll_timeout);
        travelling.into_iter().chain(groups).min()
    }

    /// A port's guest was sent a frame.
    pub fn sent(&mut self, now: Instant, number: usize, frame: &Frame) {
        self.recorder.record(now, number, Way::Out, frame);
        if let Some(port) = self.ports.get_mut(number) {
            port.counters.outward.carry(frame);
        }
    }

    /// A frame could not be sent to a port's guest.
    pub fn not_sent(&mut self, number: usize, reason: Reason) {
        self.drop(number, Way::Out, reason);
    }

    fn is_cut(&self, number: usize, way: Way) -> bool {
        let port = self.ports.get(number);
        port.is_some_and(|port| port.lines.of(way).fault().cut)
    }

    fn drop(&mut self, number: usize, way: Way, reason: Reason) {
        if let Some(port) = self.ports.get_mut(number) {
            port.counters.of_mut(way).drop(reason);
        }
    }

    fn carries(&self, port: &Port) -> bool {
        port.carrier
            && port.group.is_none_or(|(group, member)| {
                let group = self.groups.get(group);
                group.is_some_and(|group| group.carries(member))
            })
    }

    /// A frame enters a cable.
    fn travel(&mut self, now: Instant, number: usize, way: Way, frame: Frame) {
        let Some(port) = self.ports.get_mut(number) else {
            return;
        };
        let fate = if port.carrier {
            port.lines.of_mut(way).carry(now)
        } else {
            Fate::Gone(Reason::NoCarrier)
        };
        match fate {
            Fate::Arrives => self.arrive(now, number, way, frame),
            Fate::Later(_) if self.travelling.len() >= ON_THE_WAY => {
                self.drop(number, way, Reason::QueueFull);
            }
            Fate::Later(due) => {
                self.departed += 1;
                let port = number;
                self.travelling
                    .insert((due, self.departed), Travelling { port, way, frame });
            }
            Fate::Gone(reason) => self.drop(number, way, reason),
        }
    }

    /// A frame leaves a cable.
    fn arrive(&mut self, now: Instant, number: usize, way: Way, frame: Frame) {
        match way {
            Way::In => {
                if let Err(reason) = self.forward(now, number, &frame) {
                    self.drop(number, way, reason);
                }
            }
            Way::Out => {
                self.copy(number, &frame);
                self.outbox.push_back((number, frame));
            }
        }
    }

    /// The mirror's copy goes straight to its guest.
    fn copy(&mut self, number: usize, frame: &Frame) {
        if let Some(to) = self.ports.get(number).and_then(|port| port.mirror) {
            self.outbox.push_back((to, Frame::clone(frame)));
        }
    }

    fn forward(&mut self, now: Instant, number: usize, frame: &Frame) -> Result<(), Reason> {
        let (destination, source) = addresses(frame).ok_or(Reason::Malformed)?;
        let port = self.ports.get(number).ok_or(Reason::NoCarrier)?;
        if let Some(other) = port.wire {
            self.travel(now, other, Way::Out, Frame::clone(frame));
            return Ok(());
        }
        if is_slow(destination, frame) {
            let group = port.group;
            let heard = group.is_some_and(|(group, member)| {
                let group = self.groups.get_mut(group);
                group.is_some_and(|group| group.hear(now, member, frame))
            });
            return if heard { Ok(()) } else { Err(Reason::Reserved) };
        }
        if is_reserved(destination) {
            return Err(Reason::Reserved);
        }
        if !self.carries(port) {
            return Err(Reason::NotCollecting);
        }
        let from = port
            .group
            .map_or(Place::Port(number), |(group, _)| Place::Group(group));
        let vlan = vlan(frame);
        self.table.learn(now, vlan, source, from);
        match self.table.find(now, vlan, destination) {
            Some(to) if to == from => Err(Reason::SamePlace),
            Some(to) => self.deliver(now, to, frame),
            None => {
                self.flood(now, from, frame);
                Ok(())
            }
        }
    }

    fn deliver(&mut self, now: Instant, to: Place, frame: &Frame) -> Result<(), Reason> {
        let number = match to {
            Place::Port(number) => number,
            Place::Group(group) => {
                let group = self.groups.get(group);
                group
                    .and_then(|group| group.choose(frame))
                    .ok_or(Reason::NoMember)?
            }
        };
        self.travel(now, number, Way::Out, Frame::clone(frame));
        Ok(())
    }

    fn flood(&mut self, now: Instant, from: Place, frame: &Frame) {
        let single =
            |(number, port): (usize, &Port)| port.is_single().then_some(Place::Port(number));
        let ports = self.ports.iter().enumerate().filter_map(single);
        let groups = (0..self.groups.len()).map(Place::Group);
        let all: Vec<Place> = ports.chain(groups).filter(|place| *place != from).collect();
        for place in all {
            // A group without members has nobody to be flooded to.
            self.deliver(now, place, frame).ok();
        }
    }

    /// Lets the groups say what they have to say, and forgets what is behind those that are down.
    fn speak(&mut self, now: Instant) {
        for at in 0..self.groups.len() {
            while let Some((port, pdu)) = self.groups.get_mut(at).and_then(Group::poll_transmit) {
                self.travel(now, port, Way::Out, Frame::from(pdu.as_slice()));
            }
            if self.groups.get(at).is_some_and(|group| !group.is_up()) {
                self.table.forget(Place::Group(at));
            }
        }
    }
}

impl Port {
    fn new(name: &str, config: &Config) -> Self {
        let place = |group: &GroupConfig| group.members.iter().position(|member| member == name);
        let mut groups = config.groups.iter().enumerate();
        let other = config.other_end(name);
        let mut ports = config.ports.iter();
        Self {
            name: name.to_owned(),
            group: groups.find_map(|(at, group)| Some((at, place(group)?))),
            wire: other.and_then(|other| ports.position(|port| port.name == other)),
            carrier: true,
            lines: Ways::default(),
            mirror: None,
            counters: Ways::default(),
        }
    }

    const fn is_single(&self) -> bool {
        self.group.is_none() && self.wire.is_none()
    }
}

/// Destination and source.
fn addresses(frame: &[u8]) -> Option<(Mac, Mac)> {
    let destination = frame.first_chunk()?;
    let source = frame.get(ADDRESS_BYTES..)?.first_chunk()?;
    Some((Mac(*destination), Mac(*source)))
}

fn is_slow(destination: Mac, frame: &[u8]) -> bool {
    let ethertype = frame.get(2 * ADDRESS_BYTES..HEADER_BYTES);
    destination == slow::GROUP || ethertype == Some(&ethertype::SLOW.to_be_bytes())
}

/// 01-80-C2-00-00-00 to -0F, which no bridge forwards (IEEE 802.1Q, table 8-1).
fn is_reserved(destination: Mac) -> bool {
    let [a, b, c, d, e, f] = destination.0;
    [a, b, c, d, e] == [0x01, 0x80, 0xc2, 0, 0] && f < 0x10
}
