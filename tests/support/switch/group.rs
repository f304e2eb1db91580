//! Ports that are one link: by LACP, which our own engine speaks, or by nobody's word.

use bond::hash::xmit_hash;
use bond::{
    Bond, Config, Duplex, Fallback, FrameBytes, Input, Interface, LacpRate, LacpStatus, Mapping,
    Mode, XmitHashPolicy,
};
use serde::{Deserialize, Serialize};
use wire::{Instant, Mac};

use super::config::{GroupConfig, Protocol};

/// Speed that the switch's ports say they have, in Mb/s.
const SPEED: u32 = 10_000;

/// A group. Its members are ports by their number; a member's place is its index here.
#[derive(Debug)]
pub struct Group {
    name: String,
    members: Vec<usize>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Which members have carrier.
    Static(Vec<bool>),
    Lacp(Box<Bond>),
}

/// A group as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupStatus {
    /// Its name.
    pub name: String,
    /// Who says which members carry traffic.
    pub protocol: Protocol,
    /// Its ports.
    pub members: Vec<String>,
    /// Those that carry traffic.
    pub carrying: Vec<String>,
    /// What LACP says: partner, states and counters of each port.
    pub lacp: Option<LacpStatus>,
}

impl Group {
    /// A group whose members all have carrier; `number` tells it from the switch's other groups.
    pub fn new(
        now: Instant,
        number: usize,
        config: &GroupConfig,
        ports: impl Fn(&str) -> Option<usize>,
    ) -> Self {
        let members: Vec<usize> = config
            .members
            .iter()
            .filter_map(|name| ports(name))
            .collect();
        let kind = match config.protocol {
            Protocol::Static => Kind::Static(vec![true; members.len()]),
            Protocol::Lacp(rate) => {
                Kind::Lacp(Box::new(Bond::new(bond_config(number, config, rate), now)))
            }
        };
        let mut group = Self {
            name: config.name.clone(),
            members,
            kind,
        };
        for member in 0..group.members.len() {
            group.set_carrier(now, number, member, true);
        }
        group
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether frames pass on this member.
    pub fn carries(&self, member: usize) -> bool {
        match &self.kind {
            Kind::Static(carrier) => carrier.get(member).copied().unwrap_or(false),
            Kind::Lacp(bond) => bond
                .egress()
                .members
                .get(member)
                .is_some_and(|entry| entry.rx_enabled),
        }
    }

    /// Whether it carries frames at all.
    pub fn is_up(&self) -> bool {
        (0..self.members.len()).any(|member| self.carries(member))
    }

    /// The port that a frame leaves by.
    pub fn choose(&self, frame: &[u8]) -> Option<usize> {
        let hash = xmit_hash(XmitHashPolicy::Layer34, frame);
        let member = match &self.kind {
            Kind::Lacp(bond) => bond.egress().choose(hash, 0)?,
            Kind::Static(_) => {
                let all = 0..self.members.len();
                let carrying: Vec<usize> = all.filter(|&member| self.carries(member)).collect();
                let place = usize::try_from(hash).ok()?.checked_rem(carrying.len())?;
                *carrying.get(place)?
            }
        };
        self.members.get(member).copied()
    }

    /// A slow-protocol frame came by a member; false: nobody here speaks it.
    pub fn hear(&mut self, now: Instant, member: usize, bytes: &[u8]) -> bool {
        match &mut self.kind {
            Kind::Static(_) => false,
            Kind::Lacp(bond) => {
                bond.handle_input(now, Input::Frame { member, bytes });
                true
            }
        }
    }

    /// A member's cable is pulled out or put in; `number` is the one of [`Group::new`].
    pub fn set_carrier(&mut self, now: Instant, number: usize, member: usize, up: bool) {
        match &mut self.kind {
            Kind::Static(carrier) => {
                if let Some(carrier) = carrier.get_mut(member) {
                    *carrier = up;
                }
            }
            Kind::Lacp(bond) => {
                let interface = Interface {
                    ifindex: u32::try_from(member + 1).unwrap_or(u32::MAX),
                    mac: mac(number, member + 1),
                    carrier: up,
                    speed: Some(SPEED),
                    duplex: Some(Duplex::Full),
                };
                bond.handle_input(now, Input::Link { member, interface });
            }
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Kind::Lacp(bond) = &mut self.kind {
            bond.handle_timeout(now);
        }
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.kind {
            Kind::Static(_) => None,
            Kind::Lacp(bond) => bond.poll_timeout(),
        }
    }

    /// The next LACPDU to send, and the port it leaves by.
    pub fn poll_transmit(&mut self) -> Option<(usize, FrameBytes)> {
        let Kind::Lacp(bond) = &mut self.kind else {
            return None;
        };
        // What happened is seen in the status.
        while bond.poll_event().is_some() {}
        loop {
            let transmit = bond.poll_transmit()?;
            if let Some(&port) = self.members.get(transmit.member) {
                return Some((port, transmit.frame));
            }
        }
    }

    /// The group as it is shown.
    pub fn status(&self, name: impl Fn(usize) -> String) -> GroupStatus {
        let all = self.members.iter().enumerate();
        let carrying = all.filter(|(member, _)| self.carries(*member));
        let (protocol, lacp) = match &self.kind {
            Kind::Static(_) => (Protocol::Static, None),
            Kind::Lacp(bond) => (Protocol::Lacp(bond.config().lacp_rate), bond.lacp_status()),
        };
        GroupStatus {
            name: self.name.clone(),
            protocol,
            members: self.members.iter().map(|&port| name(port)).collect(),
            carrying: carrying.map(|(_, &port)| name(port)).collect(),
            lacp,
        }
    }
}

/// A partner as switches are: nothing passes before LACP has said so, and a member that leaves
/// moves everybody's flows.
fn bond_config(number: usize, config: &GroupConfig, lacp_rate: LacpRate) -> Config {
    let members: Vec<&str> = config.members.iter().map(String::as_str).collect();
    Config {
        lacp_rate,
        fallback: Fallback::None,
        xmit_hash_policy: XmitHashPolicy::Layer34,
        mapping: Mapping::Modulo,
        mac: Some(mac(number, 0)),
        ad_user_port_key: u16::try_from(number).unwrap_or(0) + 1,
        ..Config::new(&config.name, Mode::Ieee8023ad, &members)
    }
}

/// The address of a group, or of one of its ports from 1 on.
fn mac(number: usize, port: usize) -> Mac {
    let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    Mac([0x02, 0xf4, 0x5c, 0, byte(number), byte(port)])
}
