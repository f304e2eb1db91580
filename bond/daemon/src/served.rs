//! One bond: its engine, its members' sockets, its egress table.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use bond::{Bond, Config, Input, Interface, Saved, egress};
use netio::Port as _;
use netio::packet::PacketSocket;
use sys::memory::SharedMemory;
use sys::watch::Watch;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use wire::Instant;

use crate::daemon::{Seen, now};
use crate::forwarder::Attachment;
use crate::interfaces::Interfaces;
use crate::journal::Journal;
use crate::pulse::PulseWatch;

/// A bond as this daemon serves it.
#[derive(Debug)]
pub struct Served {
    index: usize,
    engine: Bond,
    members: Vec<MemberPort>,
    table: SharedMemory,
    published: u64,
    pulse: PulseWatch,
    journal: Journal,
    news: News,
}

/// What of the engine's state is not saved yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// Nothing.
    #[default]
    None,
    /// A PDU was received or sent, and nothing changed.
    Pdu,
    /// Something changed.
    Change,
}

/// A member's interface, and the socket that its PDUs go through.
#[derive(Debug)]
struct MemberPort {
    name: String,
    interface: Interface,
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

impl Served {
    /// A bond that goes on from `saved`, its members not looked at yet.
    ///
    /// # Errors
    /// When there is no memory for the egress table.
    pub fn new(index: usize, config: Config, saved: Option<&Saved>) -> io::Result<Self> {
        let member = |name: &str| MemberPort {
            name: name.into(),
            interface: Interface::default(),
            socket: None,
        };
        let members: Vec<_> = config.members.iter().map(|m| member(&m.name)).collect();
        let name = config.name.clone();
        let journal = Journal::new(&config);
        let mut engine = Bond::new(config, now());
        if saved.is_some_and(|saved| engine.restore(saved, now())) {
            eprintln!("{name}: resumed");
        }
        Ok(Self {
            index,
            engine,
            members,
            table: SharedMemory::create(&format!("egress.{name}"), egress::WORDS * 8)?,
            published: 0,
            pulse: PulseWatch::default(),
            journal,
            news: News::Change,
        })
    }

    /// The engine, to be asked.
    pub const fn engine(&self) -> &Bond {
        &self.engine
    }

    /// What lvsd gets.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn attachment(&self) -> io::Result<Attachment> {
        let egress: OwnedFd = self.table.as_fd().try_clone_to_owned()?;
        Ok(Attachment {
            bond: self.engine.config().name.clone(),
            egress,
        })
    }

    /// Prepares every member and begins to listen on it.
    ///
    /// # Errors
    /// When a member cannot be prepared.
    pub async fn open(
        &mut self,
        interfaces: &mut Interfaces,
        sender: &mpsc::Sender<Seen>,
    ) -> io::Result<()> {
        for member in 0..self.members.len() {
            self.open_member(member, interfaces, sender).await?;
        }
        Ok(())
    }

    async fn open_member(
        &mut self,
        member: usize,
        interfaces: &mut Interfaces,
        sender: &mpsc::Sender<Seen>,
    ) -> io::Result<()> {
        let Some(port) = self.members.get_mut(member) else {
            return Ok(());
        };
        interfaces
            .prepare(&port.name, self.engine.config().mtu)
            .await?;
        let packet = PacketSocket::open(&port.name, wire::ethertype::SLOW)?;
        packet.join_multicast(wire::slow::GROUP)?;
        packet.join_promiscuous()?;
        let packet = Arc::new(packet);
        let reader = tokio::spawn(read(packet.clone(), self.index, member, sender.clone()));
        port.socket = Some(Socket { packet, reader });
        self.observe(member, interfaces).await;
        Ok(())
    }

    /// Tells the engine of a member's interface as it is now.
    async fn observe(&mut self, member: usize, interfaces: &mut Interfaces) {
        let Some(port) = self.members.get_mut(member) else {
            return;
        };
        port.interface = interfaces.look(&port.name).await;
        let interface = port.interface;
        self.engine
            .handle_input(now(), Input::Link { member, interface });
    }

    /// Looks at every member after something changed in the kernel; one that came back under its
    /// name is prepared as at the start.
    pub async fn refresh(
        &mut self,
        interfaces: &mut Interfaces,
        changed: Option<u32>,
        sender: &mpsc::Sender<Seen>,
    ) {
        for member in 0..self.members.len() {
            let Some(port) = self.members.get(member) else {
                return;
            };
            let is_meant =
                changed.is_none_or(|i| i == port.interface.ifindex) || port.interface.ifindex == 0;
            if is_meant {
                self.renew(member, interfaces, sender).await;
            }
        }
    }

    /// Looks at a member; when its interface is another one than before, everything is made anew.
    async fn renew(
        &mut self,
        member: usize,
        interfaces: &mut Interfaces,
        sender: &mpsc::Sender<Seen>,
    ) {
        let Some(port) = self.members.get_mut(member) else {
            return;
        };
        let ifindex = interfaces.look(&port.name).await.ifindex;
        let is_new = ifindex != port.interface.ifindex;
        if is_new {
            port.socket = None;
        }
        if is_new && ifindex != 0 {
            if let Err(error) = self.open_member(member, interfaces, sender).await {
                eprintln!("{}: {error}", self.engine.config().name);
            }
        } else {
            self.observe(member, interfaces).await;
        }
    }

    /// The short look, many times a second: carrier, and the forwarder's pulse.
    pub async fn look(&mut self, interfaces: &mut Interfaces, sender: &mpsc::Sender<Seen>) {
        for member in 0..self.members.len() {
            let Some(port) = self.members.get(member) else {
                return;
            };
            if interfaces.carrier(&port.name) != port.interface.carrier {
                self.renew(member, interfaces, sender).await;
            }
        }
        if let Some(state) = self.pulse.look(now()) {
            self.engine.handle_input(now(), Input::Forwarder(state));
        }
    }

    /// A slow-protocol frame came.
    pub fn frame(&mut self, member: usize, bytes: &[u8]) {
        self.news = self.news.max(News::Pdu);
        self.engine
            .handle_input(now(), Input::Frame { member, bytes });
    }

    /// lvsd came, or went. A connection that ends is no verdict: its pulse says whether it lives.
    pub fn forwarder(&mut self, feedback: Option<SharedMemory>) {
        let name = &self.engine.config().name;
        match feedback {
            Some(feedback) => {
                eprintln!("{name}: forwarder attached");
                self.pulse.attach(feedback, now());
            }
            None => eprintln!("{name}: forwarder detached"),
        }
    }

    /// When the engine has something due.
    pub fn due(&self) -> Option<Instant> {
        self.engine.poll_timeout()
    }

    /// Does what is due, then sends, publishes and logs what the engine made.
    pub fn turn(&mut self) {
        if self.due().is_some_and(|due| due <= now()) {
            self.engine.handle_timeout(now());
        }
        self.send();
        while let Some(event) = self.engine.poll_event() {
            self.news = News::Change;
            self.journal.note(event, now());
        }
        let table = self.engine.egress();
        if table.generation != self.published {
            egress::publish(self.table.words(), table);
            self.published = table.generation;
            self.news = News::Change;
        }
    }

    fn send(&mut self) {
        while let Some(transmit) = self.engine.poll_transmit() {
            self.news = self.news.max(News::Pdu);
            let port = self.members.get(transmit.member);
            if let Some(socket) = port.and_then(|port| port.socket.as_ref()) {
                // What cannot be sent now is repeated by the protocol; a link that is gone is
                // seen by the carrier.
                drop(socket.packet.send(&transmit.frame));
            }
        }
    }

    /// All is saved from here on.
    pub const fn saved(&mut self) {
        self.news = News::None;
    }

    /// What is not saved yet.
    pub const fn news(&self) -> News {
        self.news
    }

    /// An orderly stop: partners are told.
    pub fn farewell(&mut self) {
        self.engine.farewell();
        self.send();
    }
}

/// How long a reader rests after an error.
const PAUSE: Duration = Duration::from_millis(10);
/// Longer than any PDU that is understood; what is longer is cut, which hurts nothing.
const FRAME_BYTES: usize = 256;

/// Hands a member's slow-protocol frames to the loop.
async fn read(packet: Arc<PacketSocket>, bond: usize, member: usize, sender: mpsc::Sender<Seen>) {
    let Ok(watch) = Watch::of(&*packet) else {
        return;
    };
    let mut buffer = [0; FRAME_BYTES];
    loop {
        match watch.read(|_| packet.recv(&mut buffer)).await {
            Ok(len) => {
                let bytes = buffer.get(..len).unwrap_or_default().to_vec();
                if sender
                    .send(Seen::Frame {
                        bond,
                        member,
                        bytes,
                    })
                    .await
                    .is_err()
                {
                    return;
                }
            }
            // The interface went down; the socket goes on when it is up again.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
