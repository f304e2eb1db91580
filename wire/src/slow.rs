//! What the slow protocols share (IEEE 802.3 Annex 57A): the address, the frame, the TLV.

use crate::{Mac, ParseError, ethertype};

/// The group address of the slow protocols, which bridges do not forward.
pub const GROUP: Mac = Mac([0x01, 0x80, 0xc2, 0x00, 0x00, 0x02]);
/// The length of the Ethernet header in front of a PDU; slow protocols are untagged.
pub const HEADER_LEN: usize = 14;
/// The length of a frame with a LACP or marker PDU, without FCS.
pub const FRAME_LEN: usize = HEADER_LEN + 110;

/// The first `N` bytes and the rest.
pub(crate) fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), ParseError> {
    bytes.split_first_chunk().ok_or(ParseError::Truncated)
}

/// Checks a TLV's type and length against what its place demands.
pub(crate) fn check_tlv(found: [u8; 2], wanted: [u8; 2], strict: bool) -> Result<(), ParseError> {
    let ([kind, len], [wanted_kind, wanted_len]) = (found, wanted);
    if strict && kind != wanted_kind {
        return Err(ParseError::TlvType);
    }
    if strict && len != wanted_len {
        return Err(ParseError::TlvLength);
    }
    Ok(())
}

/// Writes parts one after another; what they do not reach stays as it was.
pub(crate) fn fill(bytes: &mut [u8], parts: &[&[u8]]) {
    for (byte, value) in bytes.iter_mut().zip(parts.iter().copied().flatten()) {
        *byte = *value;
    }
}

/// A frame around a PDU.
pub(crate) fn frame<const N: usize>(source: Mac, pdu: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    fill(
        &mut bytes,
        &[&GROUP.0, &source.0, &ethertype::SLOW.to_be_bytes(), pdu],
    );
    bytes
}
