//! No bytes panic the parsers of BFD's control packets and of the frames of micro-BFD, and a control packet that was
//! read is what it writes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::bfd::{ControlPacket, MicroFrame};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(packet) = ControlPacket::parse(bytes) {
        assert_eq!(ControlPacket::parse(&packet.emit()), Ok(packet));
    }
    if let Ok(frame) = MicroFrame::parse(bytes) {
        ControlPacket::parse(frame.payload).ok();
    }
});
