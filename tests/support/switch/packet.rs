//! A port on a kernel interface: a packet socket, of whichever namespace it was opened in.

use std::io::{self, IoSliceMut};
use std::mem::offset_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind,
    recvmsg, send, setsockopt, socket, sockopt,
};
use nix::{setsockopt_impl, sockopt_impl};

/// Longer than any frame.
pub const FRAME_BYTES: usize = 1 << 16;
/// Bytes of frames that may wait for a switch whose machine is busy.
const BUFFER: usize = 8 << 20;
/// Where a tag stands in a frame.
const TAG_OFFSET: usize = 12;
const TAG_LEN: usize = 4;

sockopt_impl!(
    /// Frames that this host sends by the interface are not received.
    IgnoreOutgoing, SetOnly, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, bool);
sockopt_impl!(
    /// Each frame comes with the tag that the kernel has taken out of it.
    Auxdata, SetOnly, libc::SOL_PACKET, libc::PACKET_AUXDATA, bool);
sockopt_impl!(
    /// The interface takes frames for everybody.
    Membership, SetOnly, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, libc::packet_mreq);

/// A packet socket bound to one interface, for whole frames with their VLAN tags in place.
///
/// The kernel that is at the other end of a veth must finish checksums and segments itself
/// (`ethtool -K eth0 tx off tso off gso off gro off txvlan off` there): what it leaves to hardware would
/// stay undone.
#[derive(Debug)]
pub struct PacketSocket(OwnedFd);

impl PacketSocket {
    /// Opens a socket on an interface of the calling thread's network namespace. Needs CAP_NET_RAW there.
    ///
    /// # Errors
    /// When there is no such interface, or what the kernel says.
    pub fn open(interface: &str) -> Result<Self> {
        let address = link_address(interface)?;
        let open = || -> nix::Result<OwnedFd> {
            let fd = socket(
                AddressFamily::Packet,
                SockType::Raw,
                SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
                SockProtocol::EthAll,
            )?;
            setsockopt(&fd, IgnoreOutgoing, &true)?;
            setsockopt(&fd, Auxdata, &true)?;
            // Who may not have more has what the kernel gives to everybody.
            setsockopt(&fd, sockopt::RcvBufForce, &BUFFER).ok();
            let everything = libc::packet_mreq {
                mr_ifindex: i32::try_from(address.ifindex()).map_err(|_| Errno::EINVAL)?,
                mr_type: u16::try_from(libc::PACKET_MR_PROMISC).map_err(|_| Errno::EINVAL)?,
                mr_alen: 0,
                mr_address: [0; 8],
            };
            setsockopt(&fd, Membership, &everything)?;
            bind(fd.as_raw_fd(), &address)?;
            Ok(fd)
        };
        let fd = open().with_context(|| format!("opening a packet socket on {interface}"))?;
        let socket = Self(fd);
        // Until it was bound it heard every interface.
        while socket.receive(&mut [0; TAG_OFFSET]).is_ok() {}
        Ok(socket)
    }

    /// Receives one frame; what the buffer cannot hold is cut.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; else what the kernel says.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut slices = [IoSliceMut::new(buffer)];
        let mut space = cmsg_space!(libc::tpacket_auxdata);
        let fd = self.0.as_raw_fd();
        let message = recvmsg::<()>(fd, &mut slices, Some(&mut space), MsgFlags::empty())?;
        let (length, mut tag) = (message.bytes, None);
        for control in message.cmsgs()? {
            if let ControlMessageOwned::Unknown(unknown) = control {
                tag = stripped_tag(&unknown.data_bytes);
            }
        }
        Ok(tag.map_or(length, |tag| insert_tag(buffer, length, tag)))
    }

    /// Sends one frame.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        send(self.0.as_raw_fd(), frame, MsgFlags::empty())?;
        Ok(())
    }
}

impl From<OwnedFd> for PacketSocket {
    /// Takes what [`PacketSocket::open`] made in another process.
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl From<PacketSocket> for OwnedFd {
    fn from(socket: PacketSocket) -> Self {
        socket.0
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn link_address(interface: &str) -> Result<LinkAddr> {
    let mut all = getifaddrs().context("listing the interfaces")?;
    all.find_map(|one| {
        let address = one.address.filter(|_| one.interface_name == interface)?;
        address.as_link_addr().copied()
    })
    .with_context(|| format!("there is no interface {interface} here"))
}

/// The tag that a `tpacket_auxdata` tells of: TPID and TCI.
fn stripped_tag(auxdata: &[u8]) -> Option<[u8; TAG_LEN]> {
    let word = |at: usize| Some(u32::from_ne_bytes(*auxdata.get(at..)?.first_chunk()?));
    let half = |at: usize| Some(u16::from_ne_bytes(*auxdata.get(at..)?.first_chunk()?));
    let status = word(offset_of!(libc::tpacket_auxdata, tp_status))?;
    if status & libc::TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let [a, b] = half(offset_of!(libc::tpacket_auxdata, tp_vlan_tpid))?.to_be_bytes();
    let [c, d] = half(offset_of!(libc::tpacket_auxdata, tp_vlan_tci))?.to_be_bytes();
    Some([a, b, c, d])
}

/// Makes room for a tag after the addresses; the frame's end is cut where the buffer ends.
fn insert_tag(buffer: &mut [u8], length: usize, tag: [u8; TAG_LEN]) -> usize {
    let end = buffer.len().min(length + TAG_LEN);
    if length < TAG_OFFSET || end < TAG_OFFSET + TAG_LEN {
        return length;
    }
    buffer.copy_within(TAG_OFFSET..end - TAG_LEN, TAG_OFFSET + TAG_LEN);
    if let Some(place) = buffer.get_mut(TAG_OFFSET..TAG_OFFSET + TAG_LEN) {
        place.copy_from_slice(&tag);
    }
    end
}
