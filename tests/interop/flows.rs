//! Numbered datagrams from the client to the bond, and by which of its members the switch sent each.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use netio::Port as _;
use netio::packet::PacketSocket;
use tests::host::INTERFACE;
use tests::lab::{Lab, MEMBERS};
use tests::plan::{self, Family, Subnet};
use tests::wait;
use wire::Mac;

use crate::bondd::LIMIT;

/// Flows, which differ in their source port.
const FLOWS: u16 = 8;
const PERIOD: Duration = Duration::from_millis(20);
const SINK: u16 = 5_000;
/// Where UDP's ports and payload are, in a frame of IPv4 without options.
const SOURCE: usize = 34;
const DESTINATION: usize = 36;
const NUMBER: usize = 42;

const TO_SINK: [u8; 2] = SINK.to_be_bytes();

/// Flow and number of each datagram that came by a member.
type Heard = Vec<(u16, u32)>;

/// By flow: the numbers of the datagrams that came by each member, in their order.
pub type Arrived = BTreeMap<u16, [Vec<u32>; 2]>;

/// Running flows; they have to be [finished](Flows::finish).
pub struct Flows {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU32>,
    sender: JoinHandle<Result<()>>,
    ears: Vec<JoinHandle<Result<Heard>>>,
}

impl Flows {
    /// Begins to send to the bond, which has this MAC, and that need not answer.
    pub fn start(lab: &Lab, bond: Mac) -> Result<Self> {
        let IpAddr::V4(address) = plan::appliance(Family::V4, Subnet::A) else {
            anyhow::bail!("no IPv4 address");
        };
        let client = lab.client_namespace();
        let neighbour = format!("neighbour replace {address} lladdr {bond} dev {INTERFACE}");
        client.ip(&[neighbour])?;
        let stop = Arc::new(AtomicBool::new(false));
        let ears = MEMBERS.map(|member| -> Result<_> {
            let open = || Ok(PacketSocket::open(member, wire::ethertype::IPV4)?);
            let socket = lab.appliance().inside(open)?;
            socket.join_promiscuous()?;
            let stop = Arc::clone(&stop);
            Ok(std::thread::spawn(move || listen(&socket, &stop)))
        });
        let ears = ears.into_iter().collect::<Result<Vec<_>>>()?;
        let sources = client.inside(move || {
            let sources = (0..FLOWS).map(|_| Ok(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?));
            sources.collect::<Result<Vec<_>>>()
        })?;
        let sent = Arc::<AtomicU32>::default();
        let (sending, counter) = (Arc::clone(&stop), Arc::clone(&sent));
        let to = SocketAddr::from((address, SINK));
        let sender = std::thread::spawn(move || send(&sources, to, &sending, &counter));
        Ok(Self {
            stop,
            sent,
            sender,
            ears,
        })
    }

    /// Waits until each flow has had so many more.
    pub fn pass(&self, datagrams: u32) -> Result<()> {
        let end = self.sent.load(Ordering::SeqCst) + datagrams;
        wait::until("the flows to go on", LIMIT, || {
            (self.sent.load(Ordering::SeqCst) >= end).then_some(())
        })
    }

    /// How many datagrams each flow had, and what came of them.
    pub fn finish(self) -> Result<(u32, Arrived)> {
        self.stop.store(true, Ordering::SeqCst);
        let broken = |_| anyhow!("a thread of the flows panicked");
        self.sender.join().map_err(broken)??;
        let mut arrived = Arrived::new();
        for (member, ear) in self.ears.into_iter().enumerate() {
            for (flow, number) in ear.join().map_err(broken)?? {
                arrived.entry(flow).or_default()[member].push(number);
            }
        }
        Ok((self.sent.load(Ordering::SeqCst), arrived))
    }
}

fn send(
    sources: &[UdpSocket],
    to: SocketAddr,
    stop: &AtomicBool,
    counter: &AtomicU32,
) -> Result<()> {
    while !stop.load(Ordering::SeqCst) {
        let number = counter.load(Ordering::SeqCst);
        for socket in sources {
            let sent = socket.send_to(&number.to_be_bytes(), to);
            sent.context("sending a datagram")?;
        }
        counter.store(number + 1, Ordering::SeqCst);
        std::thread::sleep(PERIOD);
    }
    Ok(())
}

fn listen(socket: &PacketSocket, stop: &AtomicBool) -> Result<Heard> {
    let mut heard = Heard::new();
    let mut frame = [0; 128];
    loop {
        match socket.recv(&mut frame) {
            Ok(length) if length >= NUMBER + 4 && frame[DESTINATION..].starts_with(&TO_SINK) => {
                let flow = u16::from_be_bytes([frame[SOURCE], frame[SOURCE + 1]]);
                let number = frame[NUMBER..].first_chunk().context("a number")?;
                heard.push((flow, u32::from_be_bytes(*number)));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if stop.load(Ordering::SeqCst) {
                    return Ok(heard);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(error) => return Err(error.into()),
        }
    }
}
