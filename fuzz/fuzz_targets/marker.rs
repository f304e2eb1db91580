//! No bytes panic the marker parser, and what it read is what it writes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::marker::Marker;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(marker) = Marker::parse(bytes) {
        assert_eq!(Marker::parse(&marker.emit()), Ok(marker));
    }
});
