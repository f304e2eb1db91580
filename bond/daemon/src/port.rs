//! A member's interface and the socket that its PDUs go through.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bond::Interface;
use netio::Port as _;
use netio::packet::PacketSocket;
use sys::watch::Watch;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::inbox::Seen;
use crate::interfaces::{Change, Interfaces};

/// How long a reader rests after an error.
const PAUSE: Duration = Duration::from_millis(10);
/// Longer than any PDU that is understood; what is longer is cut, which hurts nothing.
const FRAME_BYTES: usize = 256;

/// A member's place: its bond's in the configuration, its own in the bond.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The bond.
    pub bond: usize,
    /// The member.
    pub member: usize,
}

/// A member as this daemon serves it.
#[derive(Debug)]
pub struct MemberPort {
    name: String,
    mtu: u16,
    place: Place,
    sender: mpsc::Sender<Seen>,
    interface: Interface,
    is_changed: bool,
    socket: Option<Socket>,
}

/// A slow-protocol socket and the task that reads it.
#[derive(Debug)]
struct Socket {
    packet: Arc<PacketSocket>,
    reader: JoinHandle<()>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl MemberPort {
    /// A member that was not looked at yet; its frames go to `sender`.
    pub fn new(name: &str, mtu: u16, place: Place, sender: mpsc::Sender<Seen>) -> Self {
        let (name, interface) = (name.to_owned(), Interface::default());
        Self {
            name,
            mtu,
            place,
            sender,
            interface,
            is_changed: true,
            socket: None,
        }
    }

    /// Prepares the interface, listens on it and looks at it.
    ///
    /// # Errors
    /// When the interface is not there or cannot be prepared.
    pub async fn open(&mut self, interfaces: &Interfaces) -> io::Result<()> {
        interfaces.prepare(&self.name, self.mtu).await?;
        let packet = PacketSocket::open(&self.name, wire::ethertype::SLOW)?;
        packet.join_multicast(wire::slow::GROUP)?;
        packet.join_promiscuous()?;
        let packet = Arc::new(packet);
        let reader = tokio::spawn(read(packet.clone(), self.place, self.sender.clone()));
        self.socket = Some(Socket { packet, reader });
        self.observe(interfaces.look(&self.name).await);
        Ok(())
    }

    fn observe(&mut self, interface: Interface) {
        self.is_changed |= interface != self.interface;
        self.interface = interface;
    }

    /// The interface, when it is not what it was at the last call.
    pub fn take_change(&mut self) -> Option<Interface> {
        std::mem::take(&mut self.is_changed).then_some(self.interface)
    }

    /// Looks at the interface if a change in the kernel may be about it.
    pub async fn follow(&mut self, interfaces: &Interfaces, change: Change) {
        let (ifindex, is_lost) = match change {
            Change::Of(ifindex) => (Some(ifindex), false),
            Change::Gone(ifindex) => (Some(ifindex), true),
            Change::Any => (None, true),
        };
        let is_own = ifindex.is_none_or(|ifindex| ifindex == self.interface.ifindex);
        if is_own && is_lost {
            // A socket does not outlive its interface, even if that comes back with its index.
            self.socket = None;
        }
        // What is not there may come back under its name.
        if is_own || self.interface.ifindex == 0 {
            self.renew(interfaces).await;
        }
    }

    /// Looks at the interface; another one of the same name is prepared as at the start.
    async fn renew(&mut self, interfaces: &Interfaces) {
        let interface = interfaces.look(&self.name).await;
        if interface.ifindex != self.interface.ifindex {
            self.socket = None;
        }
        if self.socket.is_some() || interface.ifindex == 0 {
            self.observe(interface);
        } else if let Err(error) = self.open(interfaces).await {
            eprintln!("{}: {error}", self.name);
        }
    }

    /// The short look: carrier. A loss counts at once; with a link that came, speed and duplex are
    /// asked first.
    pub async fn look(&mut self, interfaces: &Interfaces) {
        match (interfaces.carrier(&self.name), self.interface.carrier) {
            (false, true) => self.observe(Interface {
                carrier: false,
                ..self.interface
            }),
            (true, false) => self.renew(interfaces).await,
            (true, true) | (false, false) => {}
        }
    }

    /// Sends a frame. What cannot be sent now is repeated by the protocol, and a link that is gone
    /// is seen by its carrier.
    pub fn send(&self, frame: &[u8]) {
        if let Some(socket) = &self.socket {
            drop(socket.packet.send(frame));
        }
    }
}

/// Hands a member's slow-protocol frames to the loop.
async fn read(packet: Arc<PacketSocket>, place: Place, sender: mpsc::Sender<Seen>) {
    let Ok(watch) = Watch::of(&*packet) else {
        return;
    };
    let mut buffer = [0; FRAME_BYTES];
    loop {
        match watch.read(|_| packet.recv(&mut buffer)).await {
            Ok(len) => {
                let bytes = buffer.get(..len).unwrap_or_default().to_vec();
                if sender.send(Seen::Frame { place, bytes }).await.is_err() {
                    return;
                }
            }
            // The interface went down; the socket goes on when it is up again.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
