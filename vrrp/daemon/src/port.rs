//! The sockets on a member: opened and closed on the main thread, because the kernel takes its time
//! over both; read and written by the elections.

use std::io;
use std::sync::Arc;

use netio::Port as _;
use netio::packet::PacketSocket;
use wire::vrrp::{GROUP_V4_MAC, GROUP_V6_MAC};
use wire::{ethertype, protocol};

use crate::elections::{Command, Elections};
use crate::interfaces::Picture;

/// Where the protocol stands in a frame of IPv4, and of IPv6.
const PROTOCOL_OFFSETS: [(u16, u32); 2] = [(ethertype::IPV4, 23), (ethertype::IPV6, 20)];

/// The sockets on one member's interface.
#[derive(Debug)]
pub struct Port {
    /// Adverts of either family come here, and nothing else does.
    pub adverts: [PacketSocket; 2],
    out: PacketSocket,
}

impl Port {
    fn open(ifname: &str) -> netio::Result<Self> {
        // What it sends is of three EtherTypes, which the kernel reads from the frames.
        let out = PacketSocket::open(ifname, PacketSocket::NONE)?;
        out.join_multicast(GROUP_V4_MAC)?;
        out.join_multicast(GROUP_V6_MAC)?;
        let adverts = |(ethertype, offset)| {
            let socket = PacketSocket::open(ifname, ethertype)?;
            socket.admit_only(offset, protocol::VRRP)?;
            Ok::<_, netio::Error>(socket)
        };
        let [ipv4, ipv6] = PROTOCOL_OFFSETS.map(adverts);
        Ok(Self {
            adverts: [ipv4?, ipv6?],
            out,
        })
    }

    /// The interface's index.
    pub const fn ifindex(&self) -> u32 {
        self.out.ifindex()
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.out.send(frame)
    }
}

/// The members of all bonds, on the main thread.
#[derive(Debug)]
pub struct Members {
    members: Vec<Member>,
    /// Those that the elections may still hold: the last to let go closes, which is not to be they.
    retired: Vec<Arc<Port>>,
}

/// One member.
#[derive(Debug)]
struct Member {
    bond: usize,
    member: usize,
    name: String,
    port: Option<Arc<Port>>,
    complaint: Option<String>,
}

impl Members {
    /// The members of these bonds, no socket opened yet.
    pub fn new(bonds: &[bond::Config]) -> Self {
        let members = bonds.iter().enumerate().flat_map(|(bond, config)| {
            let names = config.members.iter().enumerate();
            names.map(move |(member, config)| Member {
                bond,
                member,
                name: config.name.clone(),
                port: None,
                complaint: None,
            })
        });
        Self {
            members: members.collect(),
            retired: Vec::new(),
        }
    }

    /// Whether there is a member without sockets.
    pub fn is_any_closed(&self) -> bool {
        self.members.iter().any(|member| member.port.is_none())
    }

    /// Opens sockets where there are none, and others where the interface is another one. `gone`
    /// are the indices of interfaces that no socket outlives, even if they come back; none: any.
    pub fn follow(&mut self, picture: &Picture, gone: Option<&[u32]>, elections: &Elections) {
        self.retired.retain(|port| Arc::strong_count(port) > 1);
        for member in &mut self.members {
            let index = picture.index(&member.name);
            let is_lost = |port: &Arc<Port>| {
                Some(port.ifindex()) != index
                    || gone.is_none_or(|gone| gone.contains(&port.ifindex()))
            };
            let is_same = member.port.as_ref().is_some_and(|port| !is_lost(port));
            if is_same || (member.port.is_none() && index.is_none()) {
                continue;
            }
            self.retired.extend(member.port.take());
            member.open(index.is_some());
            elections.tell(Command::Port {
                bond: member.bond,
                member: member.member,
                port: member.port.clone(),
            });
        }
    }
}

impl Member {
    fn open(&mut self, is_there: bool) {
        if !is_there {
            return;
        }
        match Port::open(&self.name) {
            Ok(port) => {
                self.port = Some(Arc::new(port));
                self.complaint = None;
            }
            Err(error) => {
                let reason = error.to_string();
                if self.complaint.as_ref() != Some(&reason) {
                    eprintln!("{}: {reason}", self.name);
                }
                self.complaint = Some(reason);
            }
        }
    }
}
