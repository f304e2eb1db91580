//! The steering program on one interface, attached by a pinned link.
//!
//! Link and map stay when every process is dead, so that the kernel never answers on a data port
//! for a forwarder that is gone: without a socket the program drops.

use std::ffi::CString;
use std::fmt;
use std::fs;
use std::io;
use std::mem::size_of_val;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use aya::maps::{Map, MapData, XskMap};
use aya::programs::Xdp;
use aya::programs::links::FdLink;
use aya::programs::xdp::XdpMode as AttachMode;
use aya::{Ebpf, include_bytes_aligned};
use nix::net::if_::if_nametoindex;

use super::config::XdpMode;
use super::pin::{PIN_KINDS, PinDir};
use super::socket::retry_busy;
use crate::error::{Context, Error, Result};

/// The queues that one interface's socket map has room for.
pub const MAX_QUEUES: u32 = 64;

static OBJECT: &[u8] = include_bytes_aligned!(concat!(env!("OUT_DIR"), "/steer.bpf.o"));

/// The program on one interface: its link and its map of sockets.
///
/// Dropping it leaves both pinned and the program attached; [`Program::detach`] removes them.
pub struct Program {
    ifname: String,
    pins: Pins,
    sockets: XskMap<MapData>,
    _link: OwnedFd,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("ifname", &self.ifname)
            .finish_non_exhaustive()
    }
}

/// The two pins of an interface in one mode of attachment.
#[derive(Debug)]
struct Pins {
    link: PathBuf,
    map: PathBuf,
}

impl Pins {
    fn new(dir: &PinDir, ifname: &str, mode: XdpMode) -> Self {
        let kind = match mode {
            XdpMode::ZeroCopy | XdpMode::Native => "native",
            XdpMode::Generic => "generic",
        };
        // A bpffs has no dots in names; an interface's name has no colons.
        let ifname = ifname.replace('.', ":");
        let [link, map] =
            PIN_KINDS.map(|object| dir.path().join(format!("{ifname}-{kind}{object}")));
        Self { link, map }
    }

    fn remove(&self) -> io::Result<()> {
        for path in [&self.link, &self.map] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Program {
    /// The pinned program where there is one in this mode, else a new one.
    ///
    /// # Errors
    /// As [`Program::load_and_attach`].
    pub fn open(ifname: &str, dir: &PinDir, mode: XdpMode) -> Result<Self> {
        match Self::adopt(ifname, dir, mode)? {
            Some(program) => Ok(program),
            None => Self::load_and_attach(ifname, dir, mode),
        }
    }

    /// Loads the program, attaches it (by the driver, or generically in [`XdpMode::Generic`]) and
    /// pins it, in place of what is pinned for this interface.
    ///
    /// # Errors
    /// When there is no such interface, the driver has no XDP, or another program is attached.
    pub fn load_and_attach(ifname: &str, dir: &PinDir, mode: XdpMode) -> Result<Self> {
        for mode in XdpMode::ALL {
            Pins::new(dir, ifname, mode)
                .remove()
                .context(|| format!("unpin XDP of {ifname}"))?;
        }
        let pins = Pins::new(dir, ifname, mode);
        let attached = attach(ifname, mode, &pins).and_then(|()| Self::adopt(ifname, dir, mode));
        match attached {
            Ok(Some(program)) => Ok(program),
            Ok(None) => {
                pins.remove().ok();
                Err(Error::other(
                    format!("attach XDP to {ifname}"),
                    "the interface has changed",
                ))
            }
            Err(error) => {
                pins.remove().ok();
                Err(error)
            }
        }
    }

    /// The program pinned for this interface and mode, or `None` when there is none, or only one
    /// of an earlier interface of that name.
    ///
    /// # Errors
    /// When there is no such interface, or a pin that cannot be opened.
    pub fn adopt(ifname: &str, dir: &PinDir, mode: XdpMode) -> Result<Option<Self>> {
        let pins = Pins::new(dir, ifname, mode);
        if !pins.link.exists() || !pins.map.exists() {
            return Ok(None);
        }
        let operation = || format!("adopt the pinned XDP link of {ifname}");
        let link = open_pinned(&pins.link).context(operation)?;
        let ifindex = if_nametoindex(ifname).context(|| format!("find {ifname}"))?;
        if link_ifindex(&link).context(operation)? != ifindex {
            return Ok(None);
        }
        let sockets = MapData::from_pin(&pins.map)
            .and_then(Map::from_map_data)
            .and_then(XskMap::try_from)
            .map_err(|error| aya_error(operation(), &error))?;
        Ok(Some(Self {
            ifname: ifname.to_owned(),
            pins,
            sockets,
            _link: link,
        }))
    }

    /// Gives a queue's frames to a socket. The same socket twice is no fault.
    ///
    /// # Errors
    /// When the queue is beyond [`MAX_QUEUES`], or is not the one that the socket is bound to.
    pub fn insert(&mut self, queue: u32, socket: BorrowedFd<'_>) -> Result<()> {
        self.sockets
            .set(queue, socket.as_raw_fd(), 0)
            .map_err(|error| {
                aya_error(
                    format!("steer queue {queue} of {} to its socket", self.ifname),
                    &error,
                )
            })
    }

    /// Removes the pins, and with them the program: the kernel has its interface back.
    ///
    /// # Errors
    /// When a pin cannot be removed.
    pub fn detach(self) -> Result<()> {
        self.pins
            .remove()
            .context(|| format!("unpin XDP of {}", self.ifname))
    }
}

/// Loads and attaches, leaving the two pins behind and nothing else.
fn attach(ifname: &str, mode: XdpMode, pins: &Pins) -> Result<()> {
    let operation = || format!("attach XDP to {ifname} ({mode})");
    let fault = |error: &(dyn std::error::Error + 'static)| aya_error(operation(), error);
    let mut object = Ebpf::load(OBJECT).map_err(|error| fault(&error))?;
    let program: &mut Xdp = object
        .program_mut("steer")
        .ok_or_else(|| Error::other(operation(), "the object has no program"))?
        .try_into()
        .map_err(|error: aya::programs::ProgramError| fault(&error))?;
    program.load().map_err(|error| fault(&error))?;
    let flags = match mode {
        XdpMode::ZeroCopy | XdpMode::Native => AttachMode::Driver,
        XdpMode::Generic => AttachMode::Skb,
    };
    // A link that was just unpinned goes away a moment later.
    let id = retry_busy(|| program.attach(ifname, flags).map_err(|error| fault(&error)))?;
    let link = program.take_link(id).map_err(|error| fault(&error))?;
    // An interface without link support would be attached by netlink, which dies with nobody.
    let link = FdLink::try_from(link).map_err(|error| fault(&error))?;
    object
        .map("sockets")
        .ok_or_else(|| Error::other(operation(), "the object has no map"))?
        .pin(&pins.map)
        .map_err(|error| fault(&error))?;
    link.pin(&pins.link).map_err(|error| fault(&error))?;
    Ok(())
}

/// An error of aya's as ours, with the kernel's number where one is inside.
fn aya_error(operation: String, error: &(dyn std::error::Error + 'static)) -> Error {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(number) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::raw_os_error)
        {
            return Error::new(operation, io::Error::from_raw_os_error(number));
        }
        cause = error.source();
    }
    Error::other(operation, error.to_string())
}

const BPF_OBJ_GET: libc::c_long = 7;
const BPF_OBJ_GET_INFO_BY_FD: libc::c_long = 15;
/// Where `bpf_link_info` holds the interface of an XDP link, in 32-bit words.
const LINK_INFO_IFINDEX: usize = 4;

#[repr(C, align(8))]
struct ObjGet {
    pathname: u64,
    bpf_fd: u32,
    file_flags: u32,
}

#[repr(C, align(8))]
struct InfoByFd {
    bpf_fd: u32,
    info_len: u32,
    info: u64,
}

fn bpf<T>(command: libc::c_long, attributes: &mut T) -> io::Result<i32> {
    // SAFETY: the attributes are the prefix of bpf_attr that the command reads, the length is
    // theirs, and what they point to outlives the call (both callers hold it on their stack).
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            attributes as *mut T,
            size_of_val(attributes),
        )
    };
    match i32::try_from(result) {
        Ok(value) if value >= 0 => Ok(value),
        Ok(_) | Err(_) => Err(io::Error::last_os_error()),
    }
}

fn open_pinned(path: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut request = ObjGet {
        pathname: path.as_ptr() as u64,
        bpf_fd: 0,
        file_flags: 0,
    };
    let fd = bpf(BPF_OBJ_GET, &mut request)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The interface that an XDP link is attached to; 0 when that one is gone.
fn link_ifindex(link: &OwnedFd) -> io::Result<u32> {
    let mut info = [0_u32; 32];
    let mut request = InfoByFd {
        bpf_fd: u32::try_from(link.as_raw_fd()).map_err(io::Error::other)?,
        info_len: u32::try_from(size_of_val(&info)).map_err(io::Error::other)?,
        info: info.as_mut_ptr() as u64,
    };
    bpf(BPF_OBJ_GET_INFO_BY_FD, &mut request)?;
    Ok(info[LINK_INFO_IFINDEX])
}
