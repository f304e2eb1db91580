//! Offers a forwarder more frames than it can take.
//!
//! `generate IFNAME FRAME CLIENT FLOWS STRIDE COUNT BURST` sends COUNT frames out of IFNAME, BURST
//! at a time, straight from an XDP program (`BPF_PROG_RUN` on live frames). FRAME is an IPv4 frame
//! with a TCP segment in hexadecimal, whose source address is 0.0.0.0 and whose checksums are
//! right; the frame of turn `n` is from address CLIENT + (n * STRIDE) modulo FLOWS. Nothing is
//! promised about how many arrive: count them there. A burst costs about 25 ms beside its frames.
//! It ends by itself and says how many nanoseconds the sending took.

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Instant;

use aya::programs::{TestRun, TestRunAttrs, TestRunOptions, Xdp};
use aya::{EbpfLoader, include_bytes_aligned};
use nix::net::if_::if_nametoindex;

static OBJECT: &[u8] = include_bytes_aligned!(concat!(env!("OUT_DIR"), "/generate.bpf.o"));

/// Where the checksums of IPv4 (no options) and TCP stand in the frame.
const IP_CHECK: usize = 24;
const TCP_CHECK: usize = 50;
/// Frames that the kernel makes at once.
const BATCH: u32 = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [ifname, frame, client, flows, stride, count, burst] = &arguments[..] else {
        return Err("usage: generate IFNAME FRAME CLIENT FLOWS STRIDE COUNT BURST".into());
    };
    let frame = from_hex(frame).ok_or("FRAME is not hexadecimal")?;
    let client: Ipv4Addr = client.parse()?;
    let (flows, stride): (u32, u32) = (flows.parse()?, stride.parse()?);
    let (count, burst): (u32, u32) = (count.parse()?, burst.parse()?);

    let mut loader = EbpfLoader::new();
    let globals = [
        ("out_ifindex", if_nametoindex(ifname.as_str())?),
        ("first_client", client.to_bits()),
        ("flows", flows),
        ("stride", stride),
        ("ip_sum", sum_before(&frame, IP_CHECK)?),
        ("tcp_sum", sum_before(&frame, TCP_CHECK)?),
    ];
    for (name, value) in &globals {
        loader.override_global(name, value, true);
    }
    let mut object = loader.load(OBJECT)?;
    let program: &mut Xdp = object
        .program_mut("generate")
        .ok_or("the object has no program")?
        .try_into()?;
    program.load()?;

    let start = Instant::now();
    let mut left = count;
    while left > 0 {
        let repeat = left.min(burst.max(1));
        program.test_run(TestRunOptions {
            data_in: Some(&frame),
            repeat,
            attrs: TestRunAttrs::new().xdp_live_frames(BATCH),
            ..TestRunOptions::new()
        })?;
        left -= repeat;
    }
    println!("{}", start.elapsed().as_nanos());
    Ok(())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// The sum that the checksum at `offset` is the complement of.
fn sum_before(frame: &[u8], offset: usize) -> Result<u32, Box<dyn Error>> {
    let field = frame.get(offset..offset + 2).ok_or("FRAME is too short")?;
    let check = u16::from_be_bytes(field.try_into()?);
    Ok(u32::from(!check))
}
