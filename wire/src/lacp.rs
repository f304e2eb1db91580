//! The link aggregation control PDU (IEEE 802.1AX, LACPDU structure).
//!
//! ```text
//! subtype=1 version=1
//! type=1 length=20 actor information(15) reserved(3)
//! type=2 length=20 partner information(15) reserved(3)
//! type=3 length=16 collector max delay(2) reserved(12)
//! type=0 length=0 reserved(50)                                     110 bytes in all
//!
//! information: system priority(2) system(6) key(2) port priority(2) port(2) state(1)
//! ```

use serde::{Deserialize, Serialize};

use crate::{Mac, ParseError, slow};

/// The subtype of LACP among the slow protocols.
pub const SUBTYPE: u8 = 1;
/// The version that is sent.
pub const VERSION: u8 = 1;
/// The length of a PDU in bytes, from the subtype on.
pub const LEN: usize = 110;

const ACTOR: [u8; 2] = [1, 20];
const PARTNER: [u8; 2] = [2, 20];
const COLLECTOR: [u8; 2] = [3, 16];

/// What one side says about one of its ports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PortInfo {
    /// The system's priority; the lower number wins.
    pub system_priority: u16,
    /// The system's address.
    pub system: Mac,
    /// The operational key: ports of one key can aggregate.
    pub key: u16,
    /// The port's priority; the lower number wins.
    pub port_priority: u16,
    /// The port's number.
    pub port: u16,
    /// The port's state.
    pub state: State,
}

/// The eight state bits of a port: Actor_State and Partner_State.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct State(pub u8);

impl State {
    /// Active LACP, else passive.
    pub const ACTIVITY: Self = Self(0x01);
    /// Short timeout, else long.
    pub const TIMEOUT: Self = Self(0x02);
    /// The port may aggregate, else it is individual.
    pub const AGGREGATION: Self = Self(0x04);
    /// The port is in the right aggregation.
    pub const SYNCHRONIZATION: Self = Self(0x08);
    /// Frames that arrive are taken.
    pub const COLLECTING: Self = Self(0x10);
    /// Frames are sent.
    pub const DISTRIBUTING: Self = Self(0x20);
    /// The partner's information is the administrative default.
    pub const DEFAULTED: Self = Self(0x40);
    /// The receive machine is in EXPIRED.
    pub const EXPIRED: Self = Self(0x80);

    /// Whether all of `bits` are set.
    #[must_use]
    pub const fn contains(self, bits: Self) -> bool {
        self.0 & bits.0 == bits.0
    }

    /// This state with `bits` set.
    #[must_use]
    pub const fn with(self, bits: Self) -> Self {
        Self(self.0 | bits.0)
    }

    /// This state with `bits` cleared.
    #[must_use]
    pub const fn without(self, bits: Self) -> Self {
        Self(self.0 & !bits.0)
    }
}

/// A link aggregation control PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lacpdu {
    /// The version, at least 1; a later version is read as version 1.
    pub version: u8,
    /// What the sender says of itself.
    pub actor: PortInfo,
    /// What the sender believes of the receiver.
    pub partner: PortInfo,
    /// The longest time between receiving and delivering a frame, in tens of microseconds.
    pub collector_max_delay: u16,
}

impl Lacpdu {
    /// Reads a PDU from what follows the EtherType, subtype first. Bytes after the PDU and all
    /// that is reserved are not looked at; nor are, in a version after 1, the TLVs' types and
    /// lengths: a later version may only append, so its first TLVs lie where version 1 has them.
    ///
    /// # Errors
    /// Fewer than [`LEN`] bytes, another subtype, version 0, and in version 1 a type or length of
    /// the first three TLVs that is not the standard's.
    pub fn parse(payload: &[u8]) -> Result<Self, ParseError> {
        let pdu = payload.first_chunk::<LEN>().ok_or(ParseError::Truncated)?;
        let (&[subtype, version], tlvs) = slow::take::<2>(pdu)?;
        if subtype != SUBTYPE {
            return Err(ParseError::Subtype);
        }
        if version == 0 {
            return Err(ParseError::Version);
        }
        let strict = version == VERSION;
        let (actor, rest) = port_info(tlvs, ACTOR, strict)?;
        let (partner, rest) = port_info(rest, PARTNER, strict)?;
        let (&[kind, len, d0, d1], _) = slow::take::<4>(rest)?;
        slow::check_tlv([kind, len], COLLECTOR, strict)?;
        let collector_max_delay = u16::from_be_bytes([d0, d1]);
        Ok(Self {
            version,
            actor,
            partner,
            collector_max_delay,
        })
    }

    /// The PDU's bytes, from the subtype on. The version is written as it is.
    #[must_use]
    pub fn emit(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let delay = self.collector_max_delay.to_be_bytes();
        slow::fill(
            &mut bytes,
            &[
                &[SUBTYPE, self.version],
                &ACTOR,
                &self.actor.to_bytes(),
                &PARTNER,
                &self.partner.to_bytes(),
                &COLLECTOR,
                &delay,
            ],
        );
        bytes
    }

    /// A whole frame without FCS, to the slow protocols' group address.
    #[must_use]
    pub fn emit_frame(&self, source: Mac) -> [u8; slow::FRAME_LEN] {
        slow::frame(source, &self.emit())
    }
}

impl PortInfo {
    /// The information and its three reserved bytes.
    fn to_bytes(self) -> [u8; 18] {
        let mut bytes = [0; 18];
        slow::fill(
            &mut bytes,
            &[
                &self.system_priority.to_be_bytes(),
                &self.system.0,
                &self.key.to_be_bytes(),
                &self.port_priority.to_be_bytes(),
                &self.port.to_be_bytes(),
                &[self.state.0, 0, 0, 0],
            ],
        );
        bytes
    }
}

/// An actor or partner TLV and what follows it.
fn port_info(bytes: &[u8], tlv: [u8; 2], strict: bool) -> Result<(PortInfo, &[u8]), ParseError> {
    let (
        &[
            kind,
            len,
            y0,
            y1,
            m0,
            m1,
            m2,
            m3,
            m4,
            m5,
            k0,
            k1,
            q0,
            q1,
            p0,
            p1,
            state,
            _,
            _,
            _,
        ],
        rest,
    ) = slow::take::<20>(bytes)?;
    slow::check_tlv([kind, len], tlv, strict)?;
    let info = PortInfo {
        system_priority: u16::from_be_bytes([y0, y1]),
        system: Mac([m0, m1, m2, m3, m4, m5]),
        key: u16::from_be_bytes([k0, k1]),
        port_priority: u16::from_be_bytes([q0, q1]),
        port: u16::from_be_bytes([p0, p1]),
        state: State(state),
    };
    Ok((info, rest))
}
