//! AF_PACKET: control frames of one EtherType on one interface, past the data plane.

mod filter;

use std::io::{self, IoSliceMut};
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::cmsg_space;
use nix::libc;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, send};
use wire::Mac;

use crate::error::{Context, Result};
use crate::frame::Port;

/// Linux's `TC_PRIO_CONTROL`: ahead of all other traffic in the device's queue.
const TC_PRIO_CONTROL: libc::c_int = 7;
/// Where a tag stands in a frame.
const TAG_OFFSET: usize = 12;
const TAG_LEN: usize = 4;

/// A version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpFamily {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// A packet socket on one interface, for frames of one EtherType in both directions.
///
/// Frames are whole, Ethernet header first. It is non-blocking, sends ahead of other traffic, and
/// does not hear what this host sends. What the socket asked of the NIC's filters ends with it.
#[derive(Debug)]
pub struct PacketSocket {
    fd: OwnedFd,
    ifindex: u32,
}

impl PacketSocket {
    /// All EtherTypes, for [`PacketSocket::open`].
    pub const ALL: u16 = 0x0003;

    /// No frames at all: for a socket that only holds memberships or sends.
    pub const NONE: u16 = 0;

    /// Opens a socket on an interface of the calling thread's network namespace.
    ///
    /// # Errors
    /// When there is no such interface, or CAP_NET_RAW is missing.
    pub fn open(ifname: &str, ethertype: u16) -> Result<Self> {
        let operation = || format!("open a packet socket on {ifname}");
        let ifindex = if_nametoindex(ifname).context(operation)?;
        // Without a protocol until it is bound, or it would hear every interface meanwhile.
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: socket() takes no pointers; the descriptor is new and ours.
        let fd = unsafe {
            match libc::socket(libc::AF_PACKET, kind, 0) {
                -1 => return Err(io::Error::last_os_error()).context(operation),
                fd => OwnedFd::from_raw_fd(fd),
            }
        };
        let socket = Self { fd, ifindex };
        socket
            .set(libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &1)
            .context(operation)?;
        socket
            .set(libc::SOL_PACKET, libc::PACKET_AUXDATA, &1)
            .context(operation)?;
        socket
            .set(libc::SOL_SOCKET, libc::SO_PRIORITY, &TC_PRIO_CONTROL)
            .context(operation)?;
        socket.bind(ethertype).context(operation)?;
        Ok(socket)
    }

    /// The index of its interface.
    #[must_use]
    pub const fn ifindex(&self) -> u32 {
        self.ifindex
    }

    /// Has the NIC's filter admit a multicast address.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn join_multicast(&self, address: Mac) -> Result<()> {
        self.join(libc::PACKET_MR_MULTICAST, address)
    }

    /// Has the NIC's filter admit one more unicast address; a NIC out of room becomes promiscuous.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn join_unicast(&self, address: Mac) -> Result<()> {
        self.join(libc::PACKET_MR_UNICAST, address)
    }

    /// Has the NIC's filter admit everything: its own address is not the only one it answers to.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn join_promiscuous(&self) -> Result<()> {
        self.join(libc::PACKET_MR_PROMISC, Mac::ZERO)
    }

    /// Admits frames of one IP protocol only, by the header that follows the Ethernet header at
    /// once, to a group or to this host: the kernel drops all others before they cost anything. For
    /// sockets of EtherType IPv4 or IPv6, whose protocol field is `offset` bytes into the frame.
    ///
    /// The frames of a VLAN that has no interface here come without their tag; the kernel calls
    /// them another host's, and they are dropped, too.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn admit_only(&self, offset: u32, protocol: u8) -> Result<()> {
        self.attach(&filter::protocol(offset, protocol))
    }

    /// As [`admit_only`](Self::admit_only), whole UDP datagrams to one port, by the headers that follow the Ethernet header
    /// at once, IPv6 without extension headers: the kernel drops all others before they cost
    /// anything. For sockets of EtherType IPv4 or IPv6.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn admit_only_udp(&self, family: IpFamily, port: u16) -> Result<()> {
        match family {
            IpFamily::V4 => self.attach(&filter::udp_v4(port)),
            IpFamily::V6 => self.attach(&filter::udp_v6(port)),
        }
    }

    fn attach(&self, program: &[libc::sock_filter]) -> Result<()> {
        let operation = || format!("filter frames on interface {}", self.ifindex);
        let filter = libc::sock_fprog {
            len: u16::try_from(program.len())
                .map_err(io::Error::other)
                .context(operation)?,
            // The kernel reads it and writes nothing.
            filter: program.as_ptr().cast_mut(),
        };
        self.set(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter)
            .context(operation)
    }

    fn join(&self, kind: libc::c_int, address: Mac) -> Result<()> {
        let operation = || format!("admit {address} on interface {}", self.ifindex);
        let mut request = libc::packet_mreq {
            mr_ifindex: i32::try_from(self.ifindex)
                .map_err(io::Error::other)
                .context(operation)?,
            mr_type: u16::try_from(kind)
                .map_err(io::Error::other)
                .context(operation)?,
            mr_alen: 6,
            mr_address: [0; 8],
        };
        request.mr_address[..6].copy_from_slice(&address.0);
        self.set(libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)
            .context(operation)
    }

    fn bind(&self, ethertype: u16) -> io::Result<()> {
        let address = libc::sockaddr_ll {
            sll_family: u16::try_from(libc::AF_PACKET).map_err(io::Error::other)?,
            sll_protocol: ethertype.to_be(),
            sll_ifindex: i32::try_from(self.ifindex).map_err(io::Error::other)?,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        let length = libc::socklen_t::try_from(size_of_val(&address)).map_err(io::Error::other)?;
        // SAFETY: the address is a sockaddr_ll of the length given.
        let result =
            unsafe { libc::bind(self.fd.as_raw_fd(), (&raw const address).cast(), length) };
        if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }

    fn set<T>(&self, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
        let length = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
        let value = std::ptr::from_ref(value).cast();
        // SAFETY: the value is read for its own size.
        let result = unsafe { libc::setsockopt(self.fd.as_raw_fd(), level, name, value, length) };
        if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }
}

impl Port for PacketSocket {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        send(self.fd.as_raw_fd(), frame, MsgFlags::empty())?;
        Ok(())
    }

    /// The kernel takes a VLAN tag out of the frame; here it is back in it.
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut slices = [IoSliceMut::new(buffer)];
        let mut space = cmsg_space!(libc::tpacket_auxdata);
        let fd = self.fd.as_raw_fd();
        let message = recvmsg::<()>(fd, &mut slices, Some(&mut space), MsgFlags::empty())?;
        let (len, mut tag) = (message.bytes, None);
        for control in message.cmsgs()? {
            if let ControlMessageOwned::Unknown(unknown) = control {
                tag = stripped_tag(&unknown.data_bytes);
            }
        }
        Ok(tag.map_or(len, |tag| insert_tag(buffer, len, tag)))
    }
}

/// The tag that a `tpacket_auxdata` tells of: TPID and TCI.
fn stripped_tag(auxdata: &[u8]) -> Option<[u8; TAG_LEN]> {
    let word = |at: usize| Some(u32::from_ne_bytes(*auxdata.get(at..)?.first_chunk()?));
    let half = |at: usize| Some(u16::from_ne_bytes(*auxdata.get(at..)?.first_chunk()?));
    let status = word(std::mem::offset_of!(libc::tpacket_auxdata, tp_status))?;
    if status & libc::TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let tpid = half(std::mem::offset_of!(libc::tpacket_auxdata, tp_vlan_tpid))?.to_be_bytes();
    let tci = half(std::mem::offset_of!(libc::tpacket_auxdata, tp_vlan_tci))?.to_be_bytes();
    Some([tpid[0], tpid[1], tci[0], tci[1]])
}

/// Makes room for a tag after the addresses; the frame's end is cut where the buffer ends.
fn insert_tag(buffer: &mut [u8], len: usize, tag: [u8; TAG_LEN]) -> usize {
    let end = buffer.len().min(len + TAG_LEN);
    if len < TAG_OFFSET || end < TAG_OFFSET + TAG_LEN {
        return len;
    }
    buffer.copy_within(TAG_OFFSET..end - TAG_LEN, TAG_OFFSET + TAG_LEN);
    buffer[TAG_OFFSET..TAG_OFFSET + TAG_LEN].copy_from_slice(&tag);
    end
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for PacketSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}
