//! LACPDUs.

use wire::lacp::{LEN, Lacpdu, PortInfo, State};
use wire::{Mac, ParseError};

use crate::support::hex;

/// The first PDU of a Linux bond, as captured; the rest is zeros.
const KERNEL: &str = "0180c2000002 020000000a00 8809 0101
    0114 ffff 020000000a00 000f 00ff 0001 c7 000000
    0214 ffff 000000000000 0001 00ff 0001 02 000000
    0310 0000";

/// scapy 2.5.0: `Ether(dst="01:80:c2:00:00:02", src="02:00:00:00:0a:01") / SlowProtocol() /
/// LACP(actor_system_priority=32768, actor_system="02:00:00:00:0a:00", actor_key=17,
/// actor_port_priority=255, actor_port_number=2, actor_state=0x3d, partner_system_priority=4096,
/// partner_system="02:00:00:00:0b:00", partner_key=258, partner_port_priority=128,
/// partner_port_number=7, partner_state=0x3f, collector_max_delay=50)`; the rest is zeros.
const SCAPY: &str = "0180c2000002 020000000a01 8809 0101
    0114 8000 020000000a00 0011 00ff 0002 3d 000000
    0214 1000 020000000b00 0102 0080 0007 3f 000000
    0310 0032";

fn frame(text: &str) -> Vec<u8> {
    let mut bytes = hex(text);
    bytes.resize(124, 0);
    bytes
}

fn kernel_pdu() -> Lacpdu {
    Lacpdu {
        version: 1,
        actor: PortInfo {
            system_priority: 0xffff,
            system: Mac([2, 0, 0, 0, 0x0a, 0]),
            key: 15,
            port_priority: 255,
            port: 1,
            state: State(0xc7),
        },
        partner: PortInfo {
            system_priority: 0xffff,
            system: Mac::ZERO,
            key: 1,
            port_priority: 255,
            port: 1,
            state: State(0x02),
        },
        collector_max_delay: 0,
    }
}

fn scapy_pdu() -> Lacpdu {
    let bits = State::ACTIVITY
        .with(State::AGGREGATION)
        .with(State::SYNCHRONIZATION)
        .with(State::COLLECTING)
        .with(State::DISTRIBUTING);
    Lacpdu {
        version: 1,
        actor: PortInfo {
            system_priority: 32768,
            system: Mac([2, 0, 0, 0, 0x0a, 0]),
            key: 17,
            port_priority: 255,
            port: 2,
            state: bits,
        },
        partner: PortInfo {
            system_priority: 4096,
            system: Mac([2, 0, 0, 0, 0x0b, 0]),
            key: 258,
            port_priority: 128,
            port: 7,
            state: bits.with(State::TIMEOUT),
        },
        collector_max_delay: 50,
    }
}

fn error_with(offset: usize, value: u8) -> Result<Lacpdu, ParseError> {
    let mut bytes = frame(SCAPY);
    bytes[14 + offset] = value;
    Lacpdu::parse(&bytes[14..])
}

#[test]
fn the_kernels_first_pdu_is_read_and_written() {
    assert_eq!(Lacpdu::parse(&frame(KERNEL)[14..]), Ok(kernel_pdu()));
    let source = Mac([2, 0, 0, 0, 0x0a, 0]);
    assert_eq!(kernel_pdu().emit_frame(source).as_slice(), frame(KERNEL));
}

#[test]
fn scapys_pdu_is_read_and_written() {
    assert_eq!(Lacpdu::parse(&frame(SCAPY)[14..]), Ok(scapy_pdu()));
    assert_eq!(
        scapy_pdu()
            .emit_frame(Mac([2, 0, 0, 0, 0x0a, 1]))
            .as_slice(),
        frame(SCAPY)
    );
}

#[test]
fn a_pdu_one_byte_short_is_refused_and_a_longer_one_is_taken() {
    let bytes = frame(SCAPY);
    assert_eq!(
        Lacpdu::parse(&bytes[14..14 + LEN - 1]),
        Err(ParseError::Truncated)
    );
    let longer = [&bytes[14..], &[0xaa; 40]].concat();
    assert_eq!(Lacpdu::parse(&longer), Ok(scapy_pdu()));
}

#[test]
fn another_subtype_is_refused() {
    for subtype in [0, 2, 10] {
        assert_eq!(error_with(0, subtype), Err(ParseError::Subtype));
    }
}

#[test]
fn version_zero_is_refused_and_a_later_one_is_read_as_the_first() {
    assert_eq!(error_with(1, 0), Err(ParseError::Version));
    for version in [2, 0xf1, 255] {
        assert_eq!(
            error_with(1, version),
            Ok(Lacpdu {
                version,
                ..scapy_pdu()
            })
        );
    }
}

#[test]
fn a_wrong_type_of_any_of_the_first_three_tlvs_is_refused() {
    for offset in [2, 22, 42] {
        assert_eq!(
            error_with(offset, 9),
            Err(ParseError::TlvType),
            "byte {offset}"
        );
    }
}

#[test]
fn a_wrong_length_of_any_of_the_first_three_tlvs_is_refused() {
    for offset in [3, 23, 43] {
        assert_eq!(
            error_with(offset, 18),
            Err(ParseError::TlvLength),
            "byte {offset}"
        );
    }
}

#[test]
fn a_later_version_may_frame_its_tlvs_otherwise() {
    let mut bytes = frame(SCAPY);
    (bytes[14 + 1], bytes[14 + 3], bytes[14 + 42]) = (2, 30, 9);
    assert_eq!(
        Lacpdu::parse(&bytes[14..]),
        Ok(Lacpdu {
            version: 2,
            ..scapy_pdu()
        })
    );
}

#[test]
fn what_is_reserved_is_not_looked_at() {
    let mut bytes = frame(SCAPY);
    let reserved = (19..22).chain(39..42).chain(46..LEN);
    for offset in reserved {
        bytes[14 + offset] = 0x5a;
    }
    assert_eq!(Lacpdu::parse(&bytes[14..]), Ok(scapy_pdu()));
}

#[test]
fn each_state_is_its_own_bit() {
    let all = [
        State::ACTIVITY,
        State::TIMEOUT,
        State::AGGREGATION,
        State::SYNCHRONIZATION,
        State::COLLECTING,
        State::DISTRIBUTING,
        State::DEFAULTED,
        State::EXPIRED,
    ];
    for (bit, state) in all.into_iter().enumerate() {
        assert_eq!(state.0, 1 << bit);
        assert!(State(0).with(state).contains(state));
        assert!(!State(0xff).without(state).contains(state));
        assert_eq!(State(0xff).without(state).with(state), State(0xff));
    }
}
