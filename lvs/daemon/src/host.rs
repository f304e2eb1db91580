//! A bond's host interface: the thread between the workers and the kernel.
//!
//! Writing to a TAP runs the kernel's receive path in the caller, which no worker shall wait for;
//! this thread does it. What it reads goes to a worker, which picks the member.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use bond::XmitHashPolicy;
use netio::frame::Port;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use wire::{ethertype, protocol};

use crate::ring::FRAME_MAX;
use crate::shared::Shared;

/// Frames moved in one direction before the other has its turn.
const BUDGET: usize = 64;

/// Whether a frame of the kernel's is an ICMPv6 redirect (RFC 4861 8): there is no setting against
/// them, and a real that follows one sends its replies around this box.
#[must_use]
pub fn is_redirect(frame: &[u8]) -> bool {
    const REDIRECT: u8 = 137;
    let kind = |at: usize| frame.get(at).copied();
    let is_icmpv6 = frame.get(12..14) == Some(&ethertype::IPV6.to_be_bytes()[..])
        && kind(20) == Some(protocol::ICMPV6);
    is_icmpv6 && kind(54) == Some(REDIRECT)
}

/// Moves frames between bond `bond` and its host interface until `stop` is set and the bond's
/// ring is nudged.
///
/// # Errors
/// When the host interface cannot be waited for or read any longer.
pub fn run(shared: &Shared, bond: usize, tap: &impl Port, stop: &AtomicBool) -> io::Result<()> {
    let link = &shared.bonds[bond];
    let mut room = Box::new([0; FRAME_MAX]);
    while !stop.load(Ordering::Relaxed) {
        let mut waited = [
            PollFd::new(tap.as_fd(), PollFlags::POLLIN),
            PollFd::new(link.to_host.wake(), PollFlags::POLLIN),
        ];
        match poll(&mut waited, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        link.to_host.quiet();
        loop {
            let written = to_kernel(shared, bond, tap, &mut room[..]);
            let read = from_kernel(shared, bond, tap, &mut room[..])?;
            if written < BUDGET && read < BUDGET {
                break;
            }
        }
    }
    Ok(())
}

fn to_kernel(shared: &Shared, bond: usize, tap: &impl Port, room: &mut [u8]) -> usize {
    let link = &shared.bonds[bond];
    for moved in 0..BUDGET {
        let Some((_, len)) = link.to_host.pop(room) else {
            return moved;
        };
        if tap.send(&room[..len]).is_err() {
            link.host_write_failed.add(1);
        }
    }
    BUDGET
}

fn from_kernel(
    shared: &Shared,
    bond: usize,
    tap: &impl Port,
    room: &mut [u8],
) -> io::Result<usize> {
    for moved in 0..BUDGET {
        let len = match tap.recv(room) {
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(moved),
            // The kernel says so while the interface is administratively down.
            Err(error) if error.raw_os_error() == Some(Errno::EIO as i32) => return Ok(moved),
            Err(error) => return Err(error),
        };
        let flow = bond::hash::xmit_hash(XmitHashPolicy::Layer34, &room[..len]) as usize;
        let worker = &shared.workers[flow % shared.workers.len()];
        if !worker.from_host.push(bond, &[&room[..len]]) {
            shared.bonds[bond].from_host_full.add(1);
        }
    }
    Ok(BUDGET)
}
