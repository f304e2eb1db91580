//! The marker PDU, by which a sender learns that a link's queue has drained (IEEE 802.1AX, Marker
//! protocol).
//!
//! ```text
//! subtype=2 version=1
//! type=1 information | 2 response  length=16 port(2) system(6) transaction(4) pad(2)
//! type=0 length=0 reserved(90)                                     110 bytes in all
//! ```

use crate::{Mac, ParseError, slow};

/// The subtype of the marker protocol among the slow protocols.
pub const SUBTYPE: u8 = 2;
/// The version that is sent.
pub const VERSION: u8 = 1;
/// The length of a PDU in bytes, from the subtype on.
pub const LEN: usize = 110;

const TLV_LEN: u8 = 16;
/// The length of peers that took the standard's 16 for hexadecimal, as Linux's own header does; its
/// answers repeat what was asked, so both are seen.
const TLV_LEN_MISREAD: u8 = 0x16;

/// What a marker PDU is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Asks for a response.
    Information,
    /// Answers, with the same fields.
    Response,
}

/// A marker PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Question or answer.
    pub kind: Kind,
    /// The requester's port number.
    pub port: u16,
    /// The requester's system.
    pub system: Mac,
    /// The requester's number for this question.
    pub transaction: u32,
}

impl Marker {
    /// Reads a PDU from what follows the EtherType, subtype first. Padding and what follows the
    /// first TLV are not looked at.
    ///
    /// # Errors
    /// Fewer than 18 bytes (peers may leave the reserved end to Ethernet's padding), another
    /// subtype, version 0, and in version 1 a type or length that no marker has.
    pub fn parse(payload: &[u8]) -> Result<Self, ParseError> {
        let (
            &[
                subtype,
                version,
                kind,
                len,
                p0,
                p1,
                s0,
                s1,
                s2,
                s3,
                s4,
                s5,
                t0,
                t1,
                t2,
                t3,
                _,
                _,
            ],
            _,
        ) = slow::take::<18>(payload)?;
        if subtype != SUBTYPE {
            return Err(ParseError::Subtype);
        }
        if version == 0 {
            return Err(ParseError::Version);
        }
        let kind = match kind {
            1 => Kind::Information,
            2 => Kind::Response,
            _ => return Err(ParseError::TlvType),
        };
        if version == VERSION && len != TLV_LEN && len != TLV_LEN_MISREAD {
            return Err(ParseError::TlvLength);
        }
        Ok(Self {
            kind,
            port: u16::from_be_bytes([p0, p1]),
            system: Mac([s0, s1, s2, s3, s4, s5]),
            transaction: u32::from_be_bytes([t0, t1, t2, t3]),
        })
    }

    /// The answer to this PDU.
    #[must_use]
    pub const fn response(self) -> Self {
        Self {
            kind: Kind::Response,
            ..self
        }
    }

    /// The PDU's bytes, from the subtype on.
    #[must_use]
    pub fn emit(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let kind = match self.kind {
            Kind::Information => 1,
            Kind::Response => 2,
        };
        slow::fill(
            &mut bytes,
            &[
                &[SUBTYPE, VERSION, kind, TLV_LEN],
                &self.port.to_be_bytes(),
                &self.system.0,
                &self.transaction.to_be_bytes(),
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
