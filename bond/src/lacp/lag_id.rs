//! The LAG ID: what names a link aggregation group, and no other.

use core::fmt;

use wire::Mac;
use wire::lacp::{PortInfo, State as Bits};

use super::port::{Port, System};

/// One end's part of a LAG ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// The system's priority.
    pub system_priority: u16,
    /// The system.
    pub system: Mac,
    /// The operational key.
    pub key: u16,
    /// The port's priority; 0: any, the link can be aggregated.
    pub port_priority: u16,
    /// The port's number; 0: any, the link can be aggregated.
    pub port: u16,
}

/// The LAG ID of a port: ports of the same one belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagId {
    actor: End,
    partner: End,
}

impl LagId {
    /// The LAG ID that a port's two ends make. An individual link's is no other's.
    #[must_use]
    pub fn of(port: &Port, system: &System) -> Self {
        let actor = port.actor(system);
        let is_individual = [actor, port.partner]
            .iter()
            .any(|end| !end.state.contains(Bits::AGGREGATION));
        Self {
            actor: end(&actor, is_individual),
            partner: end(&port.partner, is_individual),
        }
    }
}

fn end(info: &PortInfo, is_individual: bool) -> End {
    let of_port = |number| if is_individual { number } else { 0 };
    End {
        system_priority: info.system_priority,
        system: info.system,
        key: info.key,
        port_priority: of_port(info.port_priority),
        port: of_port(info.port),
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mac([a, b, c, d, e, g]) = self.system;
        write!(
            f,
            "({:04X},{a:02X}-{b:02X}-{c:02X}-{d:02X}-{e:02X}-{g:02X},{:04X},{:04X},{:04X})",
            self.system_priority, self.key, self.port_priority, self.port
        )
    }
}

/// As IEEE 802.1AX writes it, the end of the lower system identifier first.
impl fmt::Display for LagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = if self.actor <= self.partner {
            (self.actor, self.partner)
        } else {
            (self.partner, self.actor)
        };
        write!(f, "[{first}, {second}]")
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use wire::Mac;
    use wire::lacp::State as Bits;

    use super::LagId;
    use crate::lacp::Lacp;
    use crate::lacp::port::Port;
    use crate::{Config, Mode};

    fn id(number: u16, partner_bits: Bits) -> LagId {
        let mut port = Port::new(number, 0x80);
        port.partner.system = Mac([0xac, 0xde, 0x48, 3, 0x67, 0x80]);
        port.partner.system_priority = 0x8000;
        port.partner.key = 1;
        port.partner.port = number + 4;
        port.partner.state = partner_bits;
        let lacp = Lacp::new(&Config::new("bond0", Mode::Ieee8023ad, &["eth1"]), &[]);
        LagId::of(&port, lacp.system())
    }

    #[test]
    fn links_that_can_be_aggregated_share_one_and_the_lower_system_comes_first() {
        let lag_id = id(1, Bits::AGGREGATION);
        assert_eq!(lag_id, id(2, Bits::AGGREGATION));
        let text = "[(8000,AC-DE-48-03-67-80,0001,0000,0000), \
                    (FFFF,00-00-00-00-00-00,0001,0000,0000)]";
        assert_eq!(lag_id.to_string(), text);
    }

    #[test]
    fn an_individual_link_has_one_of_its_own() {
        let lag_id = id(1, Bits::default());
        assert_ne!(lag_id, id(2, Bits::default()));
        let text = "[(8000,AC-DE-48-03-67-80,0001,0000,0005), \
                    (FFFF,00-00-00-00-00-00,0001,0080,0001)]";
        assert_eq!(lag_id.to_string(), text);
    }
}
