//! No bytes panic the LACPDU parser, and what it read is what it writes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::lacp::Lacpdu;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(pdu) = Lacpdu::parse(bytes) {
        assert_eq!(Lacpdu::parse(&pdu.emit()), Ok(pdu));
    }
});
