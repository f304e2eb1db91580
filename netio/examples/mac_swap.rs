//! The least that a forwarder can do: receive, swap the MAC addresses, send.
//!
//! The baseline that the benchmarks measure the real forwarder against.
//! `mac_swap IFNAME` sends back what it receives; `mac_swap IFNAME IFNAME2` sends it out of the
//! other one. It says `ready` when it forwards, ends with SIGTERM, SIGINT or its standard input,
//! and says how many frames it has sent and how many found the ring full.

use std::error::Error;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use netio::xdp::{PinDir, Shape, XdpLane, XdpMode, open};
use netio::{Batch, Lane};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;

/// How long an idle turn is repeated before the thread sleeps.
const SPIN: Duration = Duration::from_micros(50);

fn main() -> Result<(), Box<dyn Error>> {
    let ifnames: Vec<String> = std::env::args().skip(1).collect();
    if ifnames.is_empty() || ifnames.len() > 2 {
        return Err("usage: mac_swap IFNAME [IFNAME2]".into());
    }
    let end = End::watch()?;
    let pins = PinDir::open(std::env::temp_dir().join(format!("mac_swap-{}", std::process::id())))?;
    let shape = Shape::for_ports(ifnames.len(), 2048, 2048);
    let opened = open(&ifnames, 1, shape, &pins, &XdpMode::ALL);
    let forwarded = opened.map_err(Into::into).and_then(|mut opened| {
        println!("ready {} ({})", ifnames.join(" "), opened.mode);
        std::io::stdout().flush()?;
        opened
            .lanes
            .first_mut()
            .map_or(Ok((0, 0)), |lane| run(lane, &end))
    });
    pins.remove()?;
    let (sent, refused): (u64, u64) = forwarded.map_err(|error: Box<dyn Error>| error)?;
    // Who started it may have ended first.
    writeln!(std::io::stdout(), "sent {sent} refused {refused}").ok();
    Ok(())
}

/// What ends the program.
struct End {
    now: Arc<AtomicBool>,
    wake: Arc<EventFd>,
}

impl End {
    fn watch() -> Result<Self, Box<dyn Error>> {
        let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT]);
        signals.thread_block()?;
        let signals = SignalFd::new(&signals)?;
        let end = Self {
            now: Arc::default(),
            wake: Arc::new(EventFd::new()?),
        };
        let (now, wake) = (Arc::clone(&end.now), Arc::clone(&end.wake));
        std::thread::spawn(move || {
            let input = std::io::stdin();
            let any = PollFlags::POLLIN | PollFlags::POLLHUP;
            let mut set = [
                PollFd::new(input.as_fd(), any),
                PollFd::new(signals.as_fd(), any),
            ];
            poll(&mut set, PollTimeout::NONE).ok();
            now.store(true, Ordering::Relaxed);
            wake.write(1).ok();
        });
        Ok(end)
    }
}

/// Forwards until the end; how many frames were sent, and how many found the ring full.
fn run(lane: &mut XdpLane, end: &End) -> Result<(u64, u64), Box<dyn Error>> {
    let (mut sent, mut refused, mut busy) = (0, 0, Instant::now());
    while !end.now.load(Ordering::Relaxed) {
        let before = sent + refused;
        for port in 0..lane.ports() {
            let mut batch = Batch::new();
            lane.receive(port, &mut batch);
            let out = lane.ports() - 1 - port;
            for frame in batch {
                if let Some((destination, rest)) = lane.bytes(&frame).split_first_chunk_mut::<6>()
                    && let Some(source) = rest.first_chunk_mut::<6>()
                {
                    std::mem::swap(destination, source);
                }
                match lane.transmit(out, frame) {
                    Ok(()) => sent += 1,
                    Err(frame) => {
                        lane.release(frame);
                        refused += 1;
                    }
                }
            }
        }
        lane.flush();
        if sent + refused != before {
            busy = Instant::now();
        } else if busy.elapsed() > SPIN {
            lane.wait(wire::Duration::from_secs(1), Some(end.wake.as_fd()))?;
        }
    }
    Ok((sent, refused))
}
