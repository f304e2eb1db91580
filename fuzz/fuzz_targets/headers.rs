//! No bytes panic the header parser, and its offsets lie in the bytes in their order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::checksum::transport_valid;
use wire::headers::{Headers, Net};

fuzz_target!(|bytes: &[u8]| {
    let Ok(headers) = Headers::parse(bytes) else {
        return;
    };
    std::hint::black_box(transport_valid(bytes, &headers));
    let (l4, end) = match headers.net {
        Net::V4(ip) => (ip.l4, ip.end),
        Net::V6(ip) => (ip.l4, ip.end),
        Net::Arp(_) | Net::Other => return,
    };
    assert!(headers.l3 < l4 && l4 <= end && end <= bytes.len());
});
