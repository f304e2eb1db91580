//! A bond's interface to the kernel: a TAP.
//!
//! It carries no offload header, so that the kernel hands over whole frames: checksums filled in,
//! cut to the MTU, VLAN tags inline.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;

use wire::Mac;

use crate::error::{Context, Result};
use crate::frame::Port;
use crate::ifreq::{self, Control};

const TUNSETIFF: libc::Ioctl = 0x4004_54ca;
const TUNGETIFF: libc::Ioctl = 0x8004_54d2;
const TUNSETCARRIER: libc::Ioctl = 0x4004_54e2;

/// A TAP. The interface lives as long as any descriptor of it, this one or a stored duplicate; its
/// own queue keeps frames while nobody reads.
#[derive(Debug)]
pub struct Tap {
    file: File,
    name: String,
    control: Control,
}

impl Tap {
    /// Makes the interface `name` in the calling thread's network namespace; it is down.
    ///
    /// # Errors
    /// `EBUSY` when there is an interface of that name, `EPERM` without CAP_NET_ADMIN.
    pub fn open(name: &str) -> Result<Self> {
        let operation = || format!("make the TAP {name}");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open("/dev/net/tun")
            .context(operation)?;
        let mut request = ifreq::named(name)?;
        let flags = libc::IFF_TAP | libc::IFF_NO_PI;
        request.ifr_ifru.ifru_flags = libc::c_short::try_from(flags)
            .map_err(io::Error::other)
            .context(operation)?;
        ioctl(&file, TUNSETIFF, &mut request).context(operation)?;
        Ok(Self {
            file,
            name: name.to_owned(),
            control: Control::open()?,
        })
    }

    /// Goes on with the descriptor of a TAP, from the store. The calling thread must be in the
    /// interface's network namespace.
    ///
    /// # Errors
    /// When it is no TAP's.
    pub fn from_fd(fd: OwnedFd) -> Result<Self> {
        let file = File::from(fd);
        let mut request = ifreq::named("?")?;
        ioctl(&file, TUNGETIFF, &mut request).context(|| "adopt a TAP".into())?;
        Ok(Self {
            file,
            name: ifreq::name_of(&request),
            control: Control::open()?,
        })
    }

    /// The interface's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The interface's index.
    ///
    /// # Errors
    /// When it is gone.
    pub fn ifindex(&self) -> Result<u32> {
        let operation = || format!("find {}", self.name);
        nix::net::if_::if_nametoindex(self.name.as_str()).context(operation)
    }

    /// Sets the interface's MAC address. A new TAP has a random one, which peers would learn.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn set_mac(&self, mac: Mac) -> Result<()> {
        let mut request = ifreq::named(&self.name)?;
        let mut address = libc::sockaddr {
            sa_family: libc::ARPHRD_ETHER,
            sa_data: [0; 14],
        };
        for (to, from) in address.sa_data.iter_mut().zip(mac.0) {
            *to = from.cast_signed();
        }
        request.ifr_ifru.ifru_hwaddr = address;
        let operation = || format!("set the MAC address of {} to {mac}", self.name);
        self.control
            .request(libc::SIOCSIFHWADDR, &mut request)
            .context(operation)
    }

    /// Sets the interface's MTU in bytes.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn set_mtu(&self, mtu: u32) -> Result<()> {
        let operation = || format!("set the MTU of {} to {mtu}", self.name);
        let mut request = ifreq::named(&self.name)?;
        request.ifr_ifru.ifru_mtu = i32::try_from(mtu)
            .map_err(io::Error::other)
            .context(operation)?;
        self.control
            .request(libc::SIOCSIFMTU, &mut request)
            .context(operation)
    }

    /// The interface's MTU in bytes.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn mtu(&self) -> Result<u32> {
        let operation = || format!("ask for the MTU of {}", self.name);
        let mut request = ifreq::named(&self.name)?;
        self.control
            .request(libc::SIOCGIFMTU, &mut request)
            .context(operation)?;
        // SAFETY: the request fills this member of the union.
        let mtu = unsafe { request.ifr_ifru.ifru_mtu };
        u32::try_from(mtu)
            .map_err(io::Error::other)
            .context(operation)
    }

    /// Sets whether the interface has carrier, as the bond has.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn set_carrier(&self, carrier: bool) -> Result<()> {
        let mut value = libc::c_int::from(carrier);
        let operation = || format!("set the carrier of {} to {carrier}", self.name);
        ioctl(&self.file, TUNSETCARRIER, &mut value).context(operation)
    }

    /// Sets the interface administratively up or down.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn set_up(&self, up: bool) -> Result<()> {
        let operation = || format!("set {} {}", self.name, if up { "up" } else { "down" });
        let mut request = ifreq::named(&self.name)?;
        self.control
            .request(libc::SIOCGIFFLAGS, &mut request)
            .context(operation)?;
        let flag = libc::c_short::try_from(libc::IFF_UP).map_err(io::Error::other);
        let flag = flag.context(operation)?;
        // SAFETY: the request has filled this member of the union.
        let flags = unsafe { request.ifr_ifru.ifru_flags };
        request.ifr_ifru.ifru_flags = if up { flags | flag } else { flags & !flag };
        self.control
            .request(libc::SIOCSIFFLAGS, &mut request)
            .context(operation)
    }
}

impl Port for Tap {
    /// Gives the kernel a frame. Its receive path runs inside this call: not for a worker's thread.
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        (&self.file).write(frame).map(|_| ())
    }

    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.file).read(buffer)
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl AsRawFd for Tap {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

/// An ioctl of the TUN driver, which reads or writes an ifreq or an int.
fn ioctl<T>(file: &File, code: libc::Ioctl, argument: &mut T) -> io::Result<()> {
    // SAFETY: the callers give each request the type that it reads and writes.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), code, std::ptr::from_mut(argument)) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
