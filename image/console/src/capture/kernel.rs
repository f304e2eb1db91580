//! What the kernel's own sockets send and receive on an interface: LACP, VRRP, and on a port that
//! no data plane serves, everything.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType,
    getsockopt, recvmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;
use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};
use socket2::{SockFilter, Socket};
use sys::clock::unix_millis;

use super::frame::Frame;

sockopt_impl!(
    /// Has the kernel say what it took out of a frame (packet(7)).
    AuxiliaryData,
    SetOnly,
    libc::SOL_PACKET,
    libc::PACKET_AUXDATA,
    bool
);

sockopt_impl!(
    /// How many frames there were since the last question, and how many of them were lost.
    Statistics,
    GetOnly,
    libc::SOL_PACKET,
    libc::PACKET_STATISTICS,
    libc::tpacket_stats
);

/// What the socket may hold before frames are lost, in bytes.
const BUFFER: usize = 4 << 20;

/// A packet socket that hears some interfaces.
#[derive(Debug)]
pub(super) struct Tap {
    socket: OwnedFd,
    /// The kernel's numbers of the interfaces, in the order of the file.
    indices: Vec<u32>,
    snap_length: usize,
}

impl Tap {
    /// Listens on `interfaces` in both directions. One that is not there is left out, unless none is.
    pub(super) fn open(interfaces: &[String], snap_length: u32) -> io::Result<Self> {
        let indices: Vec<_> = interfaces
            .iter()
            .map(|name| if_nametoindex(name.as_str()))
            .collect();
        if let [Err(error)] = indices[..] {
            return Err(error.into());
        }
        let indices: Vec<u32> = indices.into_iter().map(Result::unwrap_or_default).collect();
        let socket = socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            SockProtocol::EthAll,
        )?;
        let socket = Socket::from(socket);
        socket.attach_filter(&only(&indices)?)?;
        // The kernel gives as much of it as the administrator allows.
        socket.set_recv_buffer_size(BUFFER)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        setsockopt(&socket, AuxiliaryData, &true)?;
        Ok(Self {
            socket: socket.into(),
            indices,
            snap_length: usize::try_from(snap_length).map_err(io::Error::other)?,
        })
    }

    /// The next frame, if there is one.
    pub(super) fn next(&self) -> io::Result<Option<Frame>> {
        let mut bytes = vec![0; self.snap_length];
        let mut control = nix::cmsg_space!(TimeSpec, [u8; AUXILIARY_BYTES]);
        loop {
            let mut parts = [IoSliceMut::new(&mut bytes)];
            // With MSG_TRUNC the length is the frame's, however much of it was taken.
            let message = recvmsg::<LinkAddr>(
                self.socket.as_raw_fd(),
                &mut parts,
                Some(&mut control),
                MsgFlags::MSG_TRUNC,
            );
            let (length, from, aside) = match message {
                Ok(message) => (message.bytes, message.address, Aside::of(message.cmsgs()?)),
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            };
            // Between its birth and its filter the socket heard every interface.
            let Some((interface, sent)) = from.and_then(|from| self.place(&from)) else {
                continue;
            };
            bytes.truncate(length);
            let whole = length + aside.tag.map_or(0, |tag| tag.len());
            aside.put_tag_back(&mut bytes);
            bytes.truncate(self.snap_length);
            return Ok(Some(Frame {
                unix_ns: aside.unix_ns.unwrap_or_else(|| unix_millis() * 1_000_000),
                interface,
                sent,
                length: u32::try_from(whole).map_err(io::Error::other)?,
                lost: 0,
                bytes,
            }));
        }
    }

    /// Frames that were lost since the last question, because nobody took them in time.
    pub(super) fn lost(&self) -> u64 {
        getsockopt(&self.socket, Statistics).map_or(0, |statistics| statistics.tp_drops.into())
    }

    /// The interface's place in the file, and whether the box sent the frame.
    fn place(&self, from: &LinkAddr) -> Option<(u32, bool)> {
        let of = |index: &u32| usize::try_from(*index).ok() == Some(from.ifindex());
        let place = self.indices.iter().position(of)?;
        Some((
            u32::try_from(place).ok()?,
            from.pkttype() == libc::PACKET_OUTGOING,
        ))
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What the kernel says beside a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Aside {
    unix_ns: Option<u64>,
    /// The VLAN tag that it took out.
    tag: Option<[u8; 4]>,
}

/// The bytes of `struct tpacket_auxdata` of linux/if_packet.h.
const AUXILIARY_BYTES: usize = 20;
/// Where a tag stands in a frame: behind the addresses.
const TAG_OFFSET: usize = 12;

impl Aside {
    fn of(messages: impl Iterator<Item = ControlMessageOwned>) -> Self {
        let mut aside = Self::default();
        for message in messages {
            match message {
                ControlMessageOwned::ScmTimestampns(at) => {
                    aside.unix_ns = u64::try_from(Duration::from(at).as_nanos()).ok();
                }
                ControlMessageOwned::Unknown(other) => aside.tag = tag(&other.data_bytes),
                _ => {}
            }
        }
        aside
    }

    fn put_tag_back(&self, bytes: &mut Vec<u8>) {
        if let Some(tag) = self.tag
            && bytes.len() >= TAG_OFFSET
        {
            bytes.splice(TAG_OFFSET..TAG_OFFSET, tag);
        }
    }
}

/// The tag in a `struct tpacket_auxdata`, if it says that there was one.
fn tag(auxiliary: &[u8]) -> Option<[u8; 4]> {
    let status = u32::from_ne_bytes(auxiliary.get(..4)?.try_into().ok()?);
    let half = |at: usize| -> Option<u16> {
        Some(u16::from_ne_bytes(
            auxiliary.get(at..at + 2)?.try_into().ok()?,
        ))
    };
    let (control, protocol) = (half(16)?, half(18)?);
    if status & libc::TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let is_told = status & libc::TP_STATUS_VLAN_TPID_VALID != 0;
    let [p0, p1] = if is_told { protocol } else { DOT1Q }.to_be_bytes();
    let [c0, c1] = control.to_be_bytes();
    Some([p0, p1, c0, c1])
}

/// IEEE 802.1Q's tag protocol identifier.
const DOT1Q: u16 = 0x8100;

/// A filter that lets the frames of these interfaces pass.
fn only(indices: &[u32]) -> io::Result<Vec<SockFilter>> {
    let step = |code: u32, jt: u8, k: u32| -> io::Result<SockFilter> {
        let code = u16::try_from(code).map_err(io::Error::other)?;
        Ok(SockFilter::new(code, jt, 0, k))
    };
    let index = libc::SKF_AD_OFF + libc::SKF_AD_IFINDEX;
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let equals = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let end = libc::BPF_RET | libc::BPF_K;
    let mut program = vec![step(load, 0, index.cast_unsigned())?];
    for (place, index) in indices.iter().enumerate() {
        // Past the comparisons that remain and the refusal.
        let jump = u8::try_from(indices.len() - place).map_err(io::Error::other)?;
        program.push(step(equals, jump, *index)?);
    }
    program.push(step(end, 0, 0)?);
    program.push(step(end, 0, u32::MAX)?);
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auxiliary(status: u32, control: u16, protocol: u16) -> Vec<u8> {
        let mut bytes = status.to_ne_bytes().to_vec();
        bytes.extend([0; 12]);
        bytes.extend(control.to_ne_bytes());
        bytes.extend(protocol.to_ne_bytes());
        bytes
    }

    #[test]
    fn a_tag_that_the_kernel_took_out_is_put_back() {
        let both = libc::TP_STATUS_VLAN_VALID | libc::TP_STATUS_VLAN_TPID_VALID;
        let found = tag(&auxiliary(both, 0x2064, 0x88a8));
        assert_eq!(found, Some([0x88, 0xa8, 0x20, 0x64]));
        let found = tag(&auxiliary(libc::TP_STATUS_VLAN_VALID, 100, 0));
        assert_eq!(found, Some([0x81, 0, 0, 100]));
        let mut frame: Vec<u8> = (0..20).collect();
        let aside = Aside {
            unix_ns: None,
            tag: found,
        };
        aside.put_tag_back(&mut frame);
        assert_eq!(frame[10..18], [10, 11, 0x81, 0, 0, 100, 12, 13]);
    }

    #[test]
    fn a_frame_without_a_tag_gets_none() {
        assert_eq!(tag(&auxiliary(libc::TP_STATUS_USER, 0, 0)), None);
        assert_eq!(tag(&[0; 8]), None);
        let mut frame = vec![1; 14];
        Aside::default().put_tag_back(&mut frame);
        assert_eq!(frame, [1; 14]);
    }
}
