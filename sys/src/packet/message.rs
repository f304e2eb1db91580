//! One record through `sendmsg` and `recvmsg`.
//!
//! Receiving goes to libc directly, because a record whose descriptors were cut off still hands over those
//! that fitted, and they must be owned (and closed), not lost.

use std::io::{self, IoSlice};
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};

use super::{MAX_FDS, MAX_RECORD, Record};

#[expect(clippy::cast_possible_truncation, reason = "128 bytes of descriptors")]
const RIGHTS_BYTES: u32 = (MAX_FDS * size_of::<RawFd>()) as u32;
// SAFETY: arithmetic on its argument.
const CONTROL_BYTES: usize = unsafe { libc::CMSG_SPACE(RIGHTS_BYTES) } as usize;

/// Room for the control messages, aligned as `cmsghdr` is.
#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES]);

pub(super) fn send(
    socket: BorrowedFd<'_>,
    record: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    check_limits(record.len(), fds.len())?;
    let raw: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control = if raw.is_empty() { &[][..] } else { &rights[..] };
    let parts = [IoSlice::new(record)];
    loop {
        let sent = sendmsg::<UnixAddr>(
            socket.as_raw_fd(),
            &parts,
            control,
            MsgFlags::MSG_NOSIGNAL,
            None,
        );
        match sent {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

pub(super) fn receive(socket: BorrowedFd<'_>) -> io::Result<Record> {
    let mut record = vec![0; MAX_RECORD];
    let mut control = Control([0; CONTROL_BYTES]);
    let mut part = libc::iovec {
        iov_base: record.as_mut_ptr().cast(),
        iov_len: record.len(),
    };
    // SAFETY: `msghdr` is integers and pointers; all zero is a valid one.
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_iov = ptr::from_mut(&mut part);
    header.msg_iovlen = 1;
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = control.0.len();
    let len = receive_into(socket, &mut header)?;
    // SAFETY: `recvmsg` has just filled the header and the control bytes it points to.
    let fds = unsafe { take_descriptors(&header) };
    if header.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) != 0 {
        let why = format!("record truncated: above {MAX_RECORD} bytes or {MAX_FDS} descriptors");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    if len == 0 {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the peer closed the connection",
        ));
    }
    record.truncate(len);
    record.shrink_to_fit();
    Ok((record, fds))
}

fn receive_into(socket: BorrowedFd<'_>, header: &mut libc::msghdr) -> io::Result<usize> {
    loop {
        // SAFETY: the header's pointers and lengths describe buffers of the caller that outlive the call.
        let len = unsafe { libc::recvmsg(socket.as_raw_fd(), header, libc::MSG_CMSG_CLOEXEC) };
        match usize::try_from(len) {
            Ok(len) => return Ok(len),
            Err(_) => {
                let e = io::Error::last_os_error();
                if e.kind() != io::ErrorKind::Interrupted {
                    return Err(e);
                }
            }
        }
    }
}

/// Takes ownership of every descriptor that came with a message.
///
/// # Safety
/// `header` was filled by a successful `recvmsg`, its control bytes are still there, and nothing took its
/// descriptors before.
unsafe fn take_descriptors(header: &libc::msghdr) -> Vec<OwnedFd> {
    let mut fds = Vec::new();
    // SAFETY: by the caller, `header` describes valid control messages.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !next.is_null() {
        // SAFETY: not null, so within the control bytes that the kernel filled.
        let message = unsafe { &*next };
        if message.cmsg_level == libc::SOL_SOCKET && message.cmsg_type == libc::SCM_RIGHTS {
            // SAFETY: arithmetic on its argument.
            let overhead = unsafe { libc::CMSG_LEN(0) } as usize;
            let count = message.cmsg_len.saturating_sub(overhead) / size_of::<RawFd>();
            // SAFETY: the data of the message that `next` points to.
            let data = unsafe { libc::CMSG_DATA(next) }.cast::<RawFd>();
            for i in 0..count {
                // SAFETY: the kernel wrote `count` descriptors there; they may lie unaligned.
                let raw = unsafe { data.add(i).read_unaligned() };
                // SAFETY: the kernel installed it for this message; nobody else owns it.
                fds.push(unsafe { OwnedFd::from_raw_fd(raw) });
            }
        }
        // SAFETY: as for the first one; `next` is a message of this header.
        next = unsafe { libc::CMSG_NXTHDR(header, next) };
    }
    fds
}

fn check_limits(bytes: usize, fds: usize) -> io::Result<()> {
    let refused = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if bytes == 0 {
        return refused("an empty record".to_owned());
    }
    if bytes > MAX_RECORD {
        return refused(format!("a record of {bytes} bytes: at most {MAX_RECORD}"));
    }
    if fds > MAX_FDS {
        return refused(format!(
            "{fds} descriptors in one record: at most {MAX_FDS}"
        ));
    }
    Ok(())
}
