//! The engine's answers to `show bond` and `show lacp`.

use alloc::string::{String, ToString};

use wire::Instant;

use crate::Bond;
use crate::bond::Engine;
use crate::lacp::Lacp;
use crate::lacp::lag_id::LagId;
use crate::lacp::port::Port;
use crate::member::{Hold, LinkState, Member};
use crate::status::{LacpStatus, MemberStatus, PortStatus, Status, Why};

impl Bond {
    /// The bond and its members, as they were when the engine was last asked to do something.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status_at(self.at)
    }

    /// The bond and its members now.
    #[must_use]
    pub fn status_at(&self, now: Instant) -> Status {
        let members = self.members.iter().enumerate();
        Status {
            name: self.config.name.clone(),
            mode: self.config.mode,
            mac: self.mac,
            carrier: !self.table.usable.is_empty(),
            xmit_hash_policy: self.config.xmit_hash_policy,
            mapping: self.config.mapping,
            monitor: Some(&self.config.monitor).filter(|m| m.is_on()).cloned(),
            active: self.active().map(|member| member.name.clone()),
            forwarder: self.forwarder,
            generation: self.table.generation,
            moved: self.moves.moved,
            members: members
                .map(|(i, member)| self.member_status(i, member, now))
                .collect(),
        }
    }

    /// LACP's view of the bond; None in other modes.
    #[must_use]
    pub fn lacp_status(&self) -> Option<LacpStatus> {
        let Engine::Ieee8023ad(lacp) = &self.engine else {
            return None;
        };
        let system = lacp.system();
        let members = self.members.iter().enumerate();
        let ports = members.zip(lacp.ports()).map(|((i, member), port)| {
            let why = self.why(i, member);
            port_status(lacp, port, i, member.name.clone(), why)
        });
        Some(LacpStatus {
            bond: self.config.name.clone(),
            system: system.id,
            system_priority: system.priority,
            rate: system.rate,
            is_active: system.is_active,
            is_coupled: self.config.coupled_control,
            ad_select: self.config.ad_select,
            max_bundle: self.config.lacp_max_bundle,
            fallback: self.config.without_partner(),
            aggregator: lacp.active(),
            ports: ports.collect(),
        })
    }

    fn active(&self) -> Option<&Member> {
        match &self.engine {
            Engine::ActiveBackup { active } => self.members.get((*active)?),
            Engine::Static | Engine::Ieee8023ad(_) => None,
        }
    }

    fn is_usable(&self, i: usize) -> bool {
        self.table
            .usable
            .iter()
            .any(|&member| usize::from(member) == i)
    }

    fn member_status(&self, i: usize, member: &Member, now: Instant) -> MemberStatus {
        let interface = member.interface;
        let is_own = |owner: &&u8| usize::from(**owner) == i;
        let damping = Some(&self.config.damping).filter(|damping| damping.damping);
        let held = damping.and_then(|_| member.penalty.until());
        MemberStatus {
            name: member.name.clone(),
            ifindex: interface.ifindex,
            mac: interface.mac,
            carrier: interface.carrier,
            speed: interface.speed,
            duplex: interface.duplex,
            usable: self.is_usable(i),
            why: self.why(i, member),
            buckets: self.table.buckets.iter().filter(is_own).count(),
            weight: self.table.members.get(i).map_or(0, |entry| entry.weight),
            failures: member.failures,
            penalty: damping.map_or(0, |damping| member.penalty.points(damping, now)),
            reuse_in_ms: held.map(|until| until.since(now).as_millis()),
        }
    }

    /// The first thing in the way of frames on a member; None: it carries traffic.
    fn why(&self, i: usize, member: &Member) -> Option<Why> {
        if member.interface.ifindex == 0 {
            return Some(Why::Missing);
        }
        if member.interface.carrier
            && !member.is_up()
            && let Some(hold) = member.held().filter(|hold| *hold != Hold::Path)
        {
            return Some(why_held(hold));
        }
        match member.link {
            LinkState::Down => return Some(Why::NoCarrier),
            LinkState::Back { .. } => return Some(Why::LinkDelay),
            LinkState::Up | LinkState::Fail { .. } => {}
        }
        let by_mode = match &self.engine {
            Engine::Static => None,
            Engine::ActiveBackup { active } => (*active != Some(i)).then_some(Why::Backup),
            Engine::Ieee8023ad(lacp) => lacp.why(i),
        };
        let by_path = || (!self.is_path_open(i)).then_some(Why::PathDown);
        let by_count = || (!self.is_usable(i)).then_some(Why::MinLinks);
        by_mode.or_else(by_path).or_else(by_count)
    }
}

const fn why_held(hold: Hold) -> Why {
    match hold {
        Hold::Silent => Why::Silent,
        Hold::Path => Why::PathDown,
        Hold::Damped => Why::Damped,
    }
}

fn port_status(lacp: &Lacp, port: &Port, i: usize, member: String, why: Option<Why>) -> PortStatus {
    let lag_id = (!port.is_defaulted).then(|| LagId::of(port, lacp.system()));
    PortStatus {
        member,
        actor: port.actor(lacp.system()),
        partner: port.partner,
        receive: port.receive,
        periodic: port.periodic,
        selected: port.selected,
        mux: port.mux,
        actor_churn: port.actor_churn.state,
        partner_churn: port.partner_churn.state,
        aggregator: port.aggregator,
        lag_id: lag_id.map(|id| id.to_string()),
        is_fallback: lacp.alone() == Some(i),
        why,
        counters: port.counters,
    }
}
