//! Numbered UDP datagrams of several flows in one direction, at a steady rate.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::LIMIT;
use super::tally::Tally;
use crate::namespace::Namespace;
use crate::wait;

/// Flows, which differ in their source port.
pub const FLOWS: u16 = 8;
/// Datagrams of each flow that leave one right after the other.
const BURST: usize = 2;
/// From burst to burst.
pub const PERIOD: Duration = Duration::from_millis(10);
const SINK: u16 = 5_000;
const FIRST_SOURCE: u16 = 6_001;
/// How long a datagram may be under way at the end.
const TAIL: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
struct Shared {
    part: AtomicUsize,
    bursts: AtomicUsize,
    arrived: AtomicUsize,
    stop: AtomicBool,
}

/// A running stream; it has to be [finished](Stream::finish).
#[derive(Debug)]
pub struct Stream {
    shared: Arc<Shared>,
    sender: JoinHandle<Tally>,
    receiver: JoinHandle<Tally>,
}

impl Stream {
    /// Sends from one namespace to an address in another.
    pub fn start(from: (&Namespace, Ipv4Addr), to: (&Namespace, Ipv4Addr)) -> Result<Self> {
        let bind = |at: (&Namespace, Ipv4Addr), port| {
            let address = SocketAddr::from((at.1, port));
            at.0.inside(move || {
                UdpSocket::bind(address).with_context(|| format!("binding {address}"))
            })
        };
        let sink = bind(to, SINK)?;
        sink.set_read_timeout(Some(TAIL))?;
        let sources = (0..FLOWS)
            .map(|flow| {
                let socket = bind(from, FIRST_SOURCE + flow)?;
                socket.connect((to.1, SINK))?;
                Ok(socket)
            })
            .collect::<Result<Vec<_>>>()?;
        let shared = Arc::new(Shared::default());
        let [sending, receiving] = [Arc::clone(&shared), Arc::clone(&shared)];
        Ok(Self {
            shared,
            sender: std::thread::spawn(move || send(&sources, &sending)),
            receiver: std::thread::spawn(move || receive(&sink, &receiving)),
        })
    }

    /// What is sent from now on belongs to this part of the story.
    pub fn begin(&self, part: usize) {
        self.shared.part.store(part, Ordering::SeqCst);
    }

    /// Waits until so many bursts more were sent.
    pub fn pass(&self, bursts: usize) -> Result<()> {
        let counter = &self.shared.bursts;
        let end = counter.load(Ordering::SeqCst) + bursts;
        wait::until("the stream to go on", LIMIT, || {
            (counter.load(Ordering::SeqCst) >= end).then_some(())
        })
    }

    /// Waits until datagrams arrive.
    pub fn wait_for_arrivals(&self) -> Result<()> {
        let counter = &self.shared.arrived;
        let end = counter.load(Ordering::SeqCst) + usize::from(FLOWS);
        wait::until("datagrams to arrive", LIMIT, || {
            (counter.load(Ordering::SeqCst) >= end).then_some(())
        })
    }

    /// Ends it, when what is under way has arrived.
    pub fn finish(self) -> Result<Tally> {
        self.shared.stop.store(true, Ordering::SeqCst);
        let broken = |_| anyhow!("a thread of the stream panicked");
        let sent = self.sender.join().map_err(broken)?;
        let received = self.receiver.join().map_err(broken)?;
        Ok(received.with_sent_of(&sent))
    }
}

fn send(sources: &[UdpSocket], shared: &Shared) -> Tally {
    let mut tally = Tally::new(sources.len());
    let mut number: u32 = 0;
    while !shared.stop.load(Ordering::SeqCst) {
        for _ in 0..BURST {
            tally.sent(shared.part.load(Ordering::SeqCst));
            for socket in sources {
                // What the kernel refuses is lost, too.
                socket.send(&number.to_be_bytes()).ok();
            }
            number += 1;
        }
        shared.bursts.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(PERIOD);
    }
    tally
}

fn receive(sink: &UdpSocket, shared: &Shared) -> Tally {
    let mut tally = Tally::new(usize::from(FLOWS));
    let mut number = [0; 4];
    loop {
        match sink.recv_from(&mut number) {
            Ok((4, from)) => {
                let flow = usize::from(from.port().saturating_sub(FIRST_SOURCE));
                tally.received(flow, u32::from_be_bytes(number) as usize);
                shared.arrived.fetch_add(1, Ordering::SeqCst);
            }
            Ok(_) => {}
            // Nothing came for as long as anything may be under way.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if shared.stop.load(Ordering::SeqCst) {
                    return tally;
                }
            }
            // As ICMP errors are told.
            Err(_) => {}
        }
    }
}
