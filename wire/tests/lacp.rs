//! LACPDU bytes: known answers from a kernel and from scapy, and what must be refused.

use wire::lacp::{LEN, Lacpdu, PortInfo, State};
use wire::{Mac, ParseError};

/// The first PDU of a Linux bond at the slow rate that is set to `lacp_rate fast`, as captured.
fn kernel_frame() -> Vec<u8> {
    let mut frame = hex("0180c2000002 020000000a00 8809 0101");
    frame.extend(hex("0114 ffff 020000000a00 000f 00ff 0001 c7 000000"));
    frame.extend(hex("0214 ffff 000000000000 0001 00ff 0001 02 000000"));
    frame.extend(hex("0310 0000"));
    frame.resize(124, 0);
    frame
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

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn the_kernels_first_pdu_is_read() {
    assert_eq!(Lacpdu::parse(&kernel_frame()[14..]), Ok(kernel_pdu()));
}

#[test]
fn the_kernels_first_pdu_is_written_byte_for_byte() {
    let source = Mac([2, 0, 0, 0, 0x0a, 0]);
    assert_eq!(kernel_pdu().emit_frame(source).as_slice(), kernel_frame());
    assert_eq!(kernel_pdu().emit().as_slice(), &kernel_frame()[14..]);
}

#[test]
fn a_pdu_one_byte_short_is_refused() {
    let frame = kernel_frame();
    assert_eq!(
        Lacpdu::parse(&frame[14..14 + LEN - 1]),
        Err(ParseError::Truncated)
    );
}
