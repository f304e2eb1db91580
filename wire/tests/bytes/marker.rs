//! Marker PDUs.

use wire::marker::{Kind, Marker};
use wire::{Mac, ParseError};

use crate::support::hex;

/// scapy 2.5.0: `Ether(dst="01:80:c2:00:00:02", src="02:00:00:00:0b:01") / SlowProtocol() /
/// MarkerProtocol(requester_port=1, requester_system="02:00:00:00:0b:00",
/// requester_transaction_id=0x11223344)`; the rest is zeros.
const INFORMATION: &str =
    "0180c2000002 020000000b01 8809 0201 0110 0001 020000000b00 11223344 0000";

/// scapy 2.5.0: the same with `marker_type=2`.
const RESPONSE: &str = "0180c2000002 020000000b01 8809 0201 0210 0001 020000000b00 11223344 0000";

const SOURCE: Mac = Mac([2, 0, 0, 0, 0x0b, 1]);

fn frame(text: &str) -> Vec<u8> {
    let mut bytes = hex(text);
    bytes.resize(124, 0);
    bytes
}

fn information() -> Marker {
    Marker {
        kind: Kind::Information,
        port: 1,
        system: Mac([2, 0, 0, 0, 0x0b, 0]),
        transaction: 0x1122_3344,
    }
}

fn with(offset: usize, value: u8) -> Result<Marker, ParseError> {
    let mut bytes = frame(INFORMATION);
    bytes[14 + offset] = value;
    Marker::parse(&bytes[14..])
}

#[test]
fn a_known_information_pdu_is_read_and_written() {
    assert_eq!(Marker::parse(&frame(INFORMATION)[14..]), Ok(information()));
    assert_eq!(
        information().emit_frame(SOURCE).as_slice(),
        frame(INFORMATION)
    );
}

#[test]
fn the_response_repeats_what_was_asked() {
    let response = information().response();
    assert_eq!(Marker::parse(&frame(RESPONSE)[14..]), Ok(response));
    assert_eq!(response.emit_frame(SOURCE).as_slice(), frame(RESPONSE));
}

#[test]
fn the_length_that_others_misread_is_taken_and_no_other() {
    assert_eq!(with(3, 0x16), Ok(information()));
    assert_eq!(with(3, 0x14), Err(ParseError::TlvLength));
    assert_eq!(with(3, 0), Err(ParseError::TlvLength));
}

#[test]
fn another_subtype_version_or_type_is_refused() {
    assert_eq!(with(0, 1), Err(ParseError::Subtype));
    assert_eq!(with(1, 0), Err(ParseError::Version));
    assert_eq!(with(1, 2), Ok(information()));
    assert_eq!(with(2, 0), Err(ParseError::TlvType));
    assert_eq!(with(2, 3), Err(ParseError::TlvType));
}

#[test]
fn a_pdu_that_ends_inside_the_tlv_is_refused() {
    let bytes = frame(INFORMATION);
    assert_eq!(Marker::parse(&bytes[14..31]), Err(ParseError::Truncated));
    assert_eq!(Marker::parse(&bytes[14..32]), Ok(information()));
}
