//! A member's interface and the socket that its PDUs go through.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bond::Interface;
use netio::Port as _;
use netio::packet::{IpFamily, PacketSocket};
use sys::watch::Watch;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use wire::Mac;

use crate::inbox::Seen;
use crate::interfaces::{Change, Interfaces};

/// How long a reader rests after an error.
const PAUSE: Duration = Duration::from_millis(10);
/// How often an interface that cannot be prepared is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Longer than any PDU that is understood; what is longer is cut, which hurts nothing.
const FRAME_BYTES: usize = 256;

/// Whose a frame is. By name, since what waits to be read may have come before others took places.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The bond, by its place in the configuration.
    pub bond: usize,
    /// The member.
    pub member: Arc<str>,
}

/// A member as this daemon serves it.
#[derive(Debug)]
pub struct MemberPort {
    owner: Owner,
    mtu: u16,
    sender: mpsc::Sender<Seen>,
    interface: Interface,
    is_changed: bool,
    socket: Option<Socket>,
    /// Micro-BFD's packets, where the bond has it: their family.
    family: Option<IpFamily>,
    path: Option<Socket>,
    failure: Option<Failure>,
}

/// Why an interface that is there could not be prepared, and when.
#[derive(Debug)]
struct Failure {
    reason: String,
    at: Instant,
}

/// A socket and the task that reads it.
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
    pub fn new(owner: Owner, mtu: u16, sender: mpsc::Sender<Seen>) -> Self {
        Self {
            owner,
            mtu,
            sender,
            interface: Interface::default(),
            is_changed: true,
            socket: None,
            family: None,
            path: None,
            failure: None,
        }
    }

    /// As [`open`](Self::open), of an interface that may be missing: it is found when it comes.
    ///
    /// # Errors
    /// When the interface is there and cannot be prepared.
    pub async fn start(&mut self, interfaces: &Interfaces) -> io::Result<()> {
        if interfaces.look(&self.owner.member).await.ifindex == 0 {
            return Ok(());
        }
        self.open(interfaces).await
    }

    /// Prepares the interface, listens on it and looks at it.
    ///
    /// # Errors
    /// When the interface is not there or cannot be prepared.
    pub async fn open(&mut self, interfaces: &Interfaces) -> io::Result<()> {
        interfaces.prepare(&self.owner.member, self.mtu).await?;
        let packet = PacketSocket::open(&self.owner.member, wire::ethertype::SLOW)?;
        packet.join_multicast(wire::slow::GROUP)?;
        packet.join_promiscuous()?;
        self.socket = Some(self.listen(packet, |owner, bytes| Seen::Frame { owner, bytes }));
        self.path = self.open_path()?;
        self.failure = None;
        self.observe(interfaces.look(&self.owner.member).await);
        Ok(())
    }

    fn listen(&self, packet: PacketSocket, seen: SeenAs) -> Socket {
        let packet = Arc::new(packet);
        let reader = read(
            packet.clone(),
            self.owner.clone(),
            seen,
            self.sender.clone(),
        );
        let reader = tokio::spawn(reader);
        Socket { packet, reader }
    }

    fn open_path(&self) -> io::Result<Option<Socket>> {
        let Some(family) = self.family else {
            return Ok(None);
        };
        let ethertype = match family {
            IpFamily::V4 => wire::ethertype::IPV4,
            IpFamily::V6 => wire::ethertype::IPV6,
        };
        let packet = PacketSocket::open(&self.owner.member, ethertype)?;
        packet.admit_only_udp(family, wire::bfd::MICRO_PORT)?;
        packet.join_multicast(wire::bfd::MICRO_GROUP)?;
        let socket = self.listen(packet, |owner, bytes| Seen::Path { owner, bytes });
        Ok(Some(socket))
    }

    /// Listens to micro-BFD's packets of this family from now on; none: to none.
    pub fn listen_path(&mut self, family: Option<IpFamily>) {
        if self.family == family {
            return;
        }
        self.family = family;
        self.path = None;
        if self.socket.is_some() {
            match self.open_path() {
                Ok(path) => self.path = path,
                Err(error) => {
                    self.socket = None;
                    self.fail(error.to_string());
                }
            }
        }
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
            self.close();
        }
        // What is not there may come back under its name.
        if is_own || self.interface.ifindex == 0 {
            self.renew(interfaces).await;
        }
    }

    /// Looks at the interface; another one of the same name is prepared as at the start.
    pub async fn renew(&mut self, interfaces: &Interfaces) {
        let interface = interfaces.look(&self.owner.member).await;
        if interface.ifindex != self.interface.ifindex {
            self.close();
        }
        if self.socket.is_some() || interface.ifindex == 0 {
            self.observe(interface);
        } else if let Err(error) = self.open(interfaces).await {
            self.fail(error.to_string());
        }
    }

    fn close(&mut self) {
        self.socket = None;
        self.path = None;
    }

    /// Without a socket an interface is as good as missing, and so is found again when it changes.
    fn fail(&mut self, reason: String) {
        if self.failure.as_ref().map(|failure| &failure.reason) != Some(&reason) {
            eprintln!("{}: {reason}", self.owner.member);
        }
        let at = Instant::now();
        self.failure = Some(Failure { reason, at });
        self.observe(Interface::default());
    }

    /// Whether it was tried a short time ago, in vain.
    fn rests(&self) -> bool {
        let failure = self.failure.as_ref();
        failure.is_some_and(|failure| failure.at.elapsed() < RETRY)
    }

    /// The short look: carrier. A loss counts at once; with a link that came, speed and duplex are
    /// asked first.
    pub async fn look(&mut self, interfaces: &Interfaces) {
        match (
            interfaces.carrier(&self.owner.member),
            self.interface.carrier,
        ) {
            (false, true) => self.observe(Interface {
                carrier: false,
                ..self.interface
            }),
            (true, false) if !self.rests() => self.renew(interfaces).await,
            (true, true | false) | (false, false) => {}
        }
    }

    /// Whether its interface has not been found yet.
    pub const fn is_absent(&self) -> bool {
        self.socket.is_none() && self.failure.is_none() && self.interface.ifindex == 0
    }

    /// The member's name.
    pub fn name(&self) -> &str {
        &self.owner.member
    }

    /// The interface's own MAC.
    pub const fn mac(&self) -> Mac {
        self.interface.mac
    }

    /// Sends a frame of micro-BFD. What cannot be sent now is missed, as what the link loses.
    pub fn send_path(&self, frame: &[u8]) {
        if let Some(socket) = &self.path {
            drop(socket.packet.send(frame));
        }
    }

    /// Sends a frame; whether it left. What cannot be sent now is repeated by the protocol, and a
    /// link that is gone is seen by its carrier.
    pub fn send(&self, frame: &[u8]) -> bool {
        let socket = self.socket.as_ref();
        socket.is_some_and(|socket| socket.packet.send(frame).is_ok())
    }
}

/// What a socket's frames are to the loop.
type SeenAs = fn(Owner, Vec<u8>) -> Seen;

/// Hands a member's frames to the loop.
async fn read(packet: Arc<PacketSocket>, owner: Owner, seen: SeenAs, sender: mpsc::Sender<Seen>) {
    let Ok(watch) = Watch::of(&*packet) else {
        return;
    };
    let mut buffer = [0; FRAME_BYTES];
    loop {
        match watch.read(|_| packet.recv(&mut buffer)).await {
            Ok(len) => {
                let bytes = buffer.get(..len).unwrap_or_default().to_vec();
                if sender.send(seen(owner.clone(), bytes)).await.is_err() {
                    return;
                }
            }
            // The interface went down; the socket goes on when it is up again.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A network namespace, removed at the end.
    struct Room(String);

    impl Room {
        fn new() -> Self {
            let room = Self(format!("bond-port-{}", std::process::id()));
            room.ip(&format!("netns add {}", room.0));
            room
        }

        fn ip(&self, line: &str) {
            let status = Command::new("ip").args(line.split(' ')).status();
            assert!(status.expect("ip").success(), "ip {line}");
        }

        fn inside(&self, line: &str) {
            self.ip(&format!("-n {} {line}", self.0));
        }
    }

    impl Drop for Room {
        fn drop(&mut self) {
            drop(
                Command::new("ip")
                    .args(["netns", "delete", &self.0])
                    .status(),
            );
        }
    }

    fn member() -> MemberPort {
        let (sender, _) = mpsc::channel(1);
        let owner = Owner {
            bond: 0,
            member: "eth1".into(),
        };
        MemberPort::new(owner, 9_000, sender)
    }

    async fn replaced_by_one_that_cannot_be_prepared(room: &Room) {
        let interfaces = Interfaces::open().await.expect("the kernel");
        room.inside("link add eth1 type veth peer name far");
        let mut member = member();
        member.open(&interfaces).await.expect("prepared");
        let first = member.take_change().expect("looked at").ifindex;
        room.inside("link delete eth1");
        // Its frames cannot be longer than those of what is below it.
        room.inside("link add below mtu 1500 type veth peer name away");
        room.inside("link set below up");
        room.inside("link add link below name eth1 type macvlan");
        member.follow(&interfaces, Change::Gone(first)).await;
        let now = member.take_change().expect("it is another one");
        assert_eq!(now.ifindex, 0, "as good as missing");
        assert!(member.failure.is_some());
        room.inside("link set below mtu 9000");
        let second = interfaces.look("eth1").await.ifindex;
        member.follow(&interfaces, Change::Of(second)).await;
        let now = member.take_change().expect("it is there");
        assert_eq!((now.ifindex, member.failure.is_some()), (second, false));
    }

    #[test]
    #[ignore = "needs root"]
    fn an_interface_that_cannot_be_prepared_is_missing_until_it_can() {
        let room = Room::new();
        let name = room.0.clone();
        sys::netns::run(&name, move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(replaced_by_one_that_cannot_be_prepared(&room));
        })
        .expect("in the room");
    }
}
