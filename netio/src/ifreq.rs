//! The interface ioctls: one struct, one name, one socket to ask on.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, OwnedFd};

use crate::error::{Context, Error, Result};

/// A socket that asks about the interfaces of the network namespace it was made in.
#[derive(Debug)]
pub(crate) struct Control {
    socket: OwnedFd,
}

impl Control {
    /// For the network namespace of the calling thread.
    pub fn open() -> Result<Self> {
        // Any socket will do; it is bound to the namespace where it was made, and to nothing else.
        let socket = UdpSocket::bind("0.0.0.0:0").context(|| "open a control socket".into())?;
        Ok(Self {
            socket: socket.into(),
        })
    }

    /// Makes the request `code`, which reads or writes the member of the union that it names.
    pub fn request(&self, code: libc::Ioctl, request: &mut libc::ifreq) -> io::Result<()> {
        // SAFETY: the kernel reads and writes one ifreq; whatever its union points to is alive and
        // as long as the request says, by the callers in this crate.
        let result =
            unsafe { libc::ioctl(self.socket.as_raw_fd(), code, std::ptr::from_mut(request)) };
        if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }
}

/// A request about the interface `ifname`, its union zero.
pub(crate) fn named(ifname: &str) -> Result<libc::ifreq> {
    // SAFETY: an ifreq is integers, arrays and a pointer, for all of which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let room = request.ifr_name.len() - 1;
    if ifname.is_empty() || ifname.len() > room {
        let reason = format!("an interface's name has 1 to {room} bytes");
        return Err(Error::other(
            format!("name an interface {ifname:?}"),
            reason,
        ));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(ifname.bytes()) {
        *to = from.cast_signed();
    }
    Ok(request)
}

/// The name that a request came back with.
pub(crate) fn name_of(request: &libc::ifreq) -> String {
    let bytes = request.ifr_name.iter().map(|byte| byte.cast_unsigned());
    let name: Vec<u8> = bytes.take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&name).into_owned()
}
