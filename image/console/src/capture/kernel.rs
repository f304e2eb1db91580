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
    recvmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;
use socket2::{SockFilter, Socket};
use sys::clock::unix_millis;

use super::frame::Frame;

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
        Ok(Self {
            socket: socket.into(),
            indices,
            snap_length: usize::try_from(snap_length).map_err(io::Error::other)?,
        })
    }

    /// The next frame, if there is one.
    pub(super) fn next(&self) -> io::Result<Option<Frame>> {
        let mut bytes = vec![0; self.snap_length];
        let mut control = nix::cmsg_space!(TimeSpec);
        loop {
            let (length, from, at) = {
                let mut parts = [IoSliceMut::new(&mut bytes)];
                // With MSG_TRUNC the length is the frame's, however much of it was taken.
                let message = recvmsg::<LinkAddr>(
                    self.socket.as_raw_fd(),
                    &mut parts,
                    Some(&mut control),
                    MsgFlags::MSG_TRUNC,
                );
                match message {
                    Ok(message) => {
                        let at = message.cmsgs()?.find_map(time);
                        (message.bytes, message.address, at)
                    }
                    Err(Errno::EAGAIN) => return Ok(None),
                    Err(Errno::EINTR) => continue,
                    Err(error) => return Err(error.into()),
                }
            };
            // Between its birth and its filter the socket heard every interface.
            let Some((interface, sent)) = from.and_then(|from| self.place(&from)) else {
                continue;
            };
            bytes.truncate(length);
            return Ok(Some(Frame {
                unix_ns: at.unwrap_or_else(|| unix_millis() * 1_000_000),
                interface,
                sent,
                length: u32::try_from(length).map_err(io::Error::other)?,
                lost: 0,
                bytes,
            }));
        }
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

fn time(message: ControlMessageOwned) -> Option<u64> {
    match message {
        ControlMessageOwned::ScmTimestampns(at) => {
            u64::try_from(Duration::from(at).as_nanos()).ok()
        }
        _ => None,
    }
}

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
