//! One AF_XDP socket: set up as the kernel wants it, its four rings mapped.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use super::ring::{Consumer, Descriptor, Producer};
use super::umem::Umem;
use crate::error::{Context, Error, Result};

/// `XDP_MAX_TX_SKB_BUDGET`: frames per kick in copy mode, where the kernel knows it.
const MAX_TX_SKB_BUDGET: libc::c_int = 9;
/// More than the 32 of a kernel that does not.
const TX_BUDGET: u32 = 256;
/// How long the sockets of a process that has just died may still hold their queue.
const BUSY_LIMIT: Duration = Duration::from_millis(500);
const BUSY_PAUSE: Duration = Duration::from_millis(2);

/// What the kernel counts for a socket, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Frames dropped for other reasons than a full ring, such as being longer than a chunk.
    pub rx_dropped: u64,
    /// Fill ring entries that name no chunk.
    pub rx_invalid_descs: u64,
    /// Transmit ring entries that name no frame.
    pub tx_invalid_descs: u64,
    /// Frames dropped since the receive ring was full.
    pub rx_ring_full: u64,
    /// How often the fill ring was found empty.
    pub rx_fill_ring_empty_descs: u64,
    /// How often the transmit ring was found empty.
    pub tx_ring_empty_descs: u64,
}

impl Statistics {
    /// What the kernel counts for an AF_XDP socket, which need not be this process's own: a
    /// duplicate of its descriptor will do.
    ///
    /// # Errors
    /// When the descriptor is no AF_XDP socket.
    pub fn of(socket: BorrowedFd<'_>) -> Result<Self> {
        let counts: libc::xdp_statistics = option(&socket, libc::XDP_STATISTICS)
            .context(|| "ask for the XDP statistics".into())?;
        Ok(Self {
            rx_dropped: counts.rx_dropped,
            rx_invalid_descs: counts.rx_invalid_descs,
            tx_invalid_descs: counts.tx_invalid_descs,
            rx_ring_full: counts.rx_ring_full,
            rx_fill_ring_empty_descs: counts.rx_fill_ring_empty_descs,
            tx_ring_empty_descs: counts.tx_ring_empty_descs,
        })
    }
}

#[derive(Debug)]
pub(super) struct Socket {
    pub fill: Producer<u64>,
    pub tx: Producer<Descriptor>,
    pub rx: Consumer<Descriptor>,
    pub completion: Consumer<u64>,
    fd: OwnedFd,
}

/// To what, and how, a socket is bound.
pub(super) struct Binding {
    pub ifindex: u32,
    pub queue: u32,
    pub flags: u16,
    /// The socket whose umem and mode this one shares.
    pub shared: Option<libc::c_int>,
}

impl Socket {
    /// Makes a socket on `binding`; the first of a lane registers the umem.
    pub fn create(umem: &Umem, binding: &Binding) -> Result<Self> {
        // SAFETY: socket() takes no pointers; the descriptor, if any, is new and ours.
        let fd = unsafe {
            match libc::socket(libc::AF_XDP, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) {
                -1 => {
                    return Err(Error::new(
                        "make an AF_XDP socket",
                        io::Error::last_os_error(),
                    ));
                }
                fd => OwnedFd::from_raw_fd(fd),
            }
        };
        if binding.shared.is_none() {
            register(&fd, umem).context(|| "register the umem".into())?;
        }
        let size = umem.shape().ring_size;
        for ring in [
            libc::XDP_UMEM_FILL_RING,
            libc::XDP_UMEM_COMPLETION_RING,
            libc::XDP_RX_RING,
            libc::XDP_TX_RING,
        ] {
            set_option(&fd, ring, &size).context(|| format!("make a ring of {size}"))?;
        }
        // An older kernel sends 32 frames a kick; the kick loop lives with either.
        set_option(&fd, MAX_TX_SKB_BUDGET, &TX_BUDGET).ok();
        let socket = Self::map(fd, size)?;
        retry_busy(|| {
            bind(&socket.fd, binding).context(|| format!("bind to queue {}", binding.queue))
        })?;
        Ok(socket)
    }

    /// Maps the rings of a socket that has them already.
    pub fn map(fd: OwnedFd, size: u32) -> Result<Self> {
        let operation = || "map the rings".to_owned();
        let offsets: libc::xdp_mmap_offsets =
            option(&fd, libc::XDP_MMAP_OFFSETS).context(operation)?;
        let at = |offset: u64| i64::try_from(offset).map_err(io::Error::other);
        let fill_page = at(libc::XDP_UMEM_PGOFF_FILL_RING).context(operation)?;
        let completion_page = at(libc::XDP_UMEM_PGOFF_COMPLETION_RING).context(operation)?;
        let socket = fd.as_fd();
        Ok(Self {
            fill: Producer::map(socket, fill_page, &offsets.fr, size).context(operation)?,
            tx: Producer::map(socket, libc::XDP_PGOFF_TX_RING, &offsets.tx, size)
                .context(operation)?,
            rx: Consumer::map(socket, libc::XDP_PGOFF_RX_RING, &offsets.rx, size)
                .context(operation)?,
            completion: Consumer::map(socket, completion_page, &offsets.cr, size)
                .context(operation)?,
            fd,
        })
    }

    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Whether the kernel runs this socket in zero-copy mode.
    pub fn is_zero_copy(&self) -> Result<bool> {
        let options: libc::xdp_options =
            option(&self.fd, libc::XDP_OPTIONS).context(|| "ask for the XDP mode".into())?;
        Ok(options.flags & libc::XDP_OPTIONS_ZEROCOPY != 0)
    }

    /// Has the kernel look at the transmit ring.
    pub fn kick_transmit(&self) -> io::Result<()> {
        // SAFETY: no buffer and no address are passed.
        let result = unsafe {
            libc::sendto(
                self.fd.as_raw_fd(),
                std::ptr::null(),
                0,
                libc::MSG_DONTWAIT,
                std::ptr::null(),
                0,
            )
        };
        if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }

    /// Has the driver look at the fill ring; only a zero-copy driver asks for it.
    pub fn kick_receive(&self) {
        // SAFETY: no buffer and no address are passed. What it returns tells nothing: the next
        // flush looks at the ring's flag again.
        unsafe {
            libc::recvfrom(
                self.fd.as_raw_fd(),
                std::ptr::null_mut(),
                0,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            );
        }
    }
}

fn register(fd: &OwnedFd, umem: &Umem) -> io::Result<()> {
    let shape = umem.shape();
    let request = libc::xdp_umem_reg {
        addr: umem.base() as u64,
        len: shape.umem_bytes() as u64,
        chunk_size: shape.chunk,
        headroom: 0,
        flags: 0,
        tx_metadata_len: 0,
    };
    set_option(fd, libc::XDP_UMEM_REG, &request)
}

fn bind(fd: &OwnedFd, binding: &Binding) -> io::Result<()> {
    let shared = binding.shared.unwrap_or(0);
    let address = libc::sockaddr_xdp {
        sxdp_family: u16::try_from(libc::AF_XDP).map_err(io::Error::other)?,
        sxdp_flags: binding.flags,
        sxdp_ifindex: binding.ifindex,
        sxdp_queue_id: binding.queue,
        sxdp_shared_umem_fd: u32::try_from(shared).map_err(io::Error::other)?,
    };
    // SAFETY: the address is a sockaddr_xdp of the length given.
    let result = unsafe {
        libc::bind(
            fd.as_raw_fd(),
            (&raw const address).cast(),
            length_of::<libc::sockaddr_xdp>(),
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Repeats what finds its queue or interface still held by a process that is going away.
pub(super) fn retry_busy<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    loop {
        match attempt() {
            Err(error)
                if matches!(error.raw_os_error(), Some(libc::EBUSY | libc::EEXIST))
                    && start.elapsed() < BUSY_LIMIT =>
            {
                thread::sleep(BUSY_PAUSE);
            }
            result => return result,
        }
    }
}

fn length_of<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or(libc::socklen_t::MAX)
}

fn set_option<T>(fd: &OwnedFd, name: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: the value is read for its own size; each caller gives the type that the name wants.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_XDP,
            name,
            std::ptr::from_ref(value).cast(),
            length_of::<T>(),
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Asks for an option; only for the kernel's plain structs of integers.
fn option<T>(fd: &impl AsRawFd, name: libc::c_int) -> io::Result<T> {
    let mut value = std::mem::MaybeUninit::<T>::zeroed();
    let mut length = length_of::<T>();
    // SAFETY: the kernel writes at most `length` bytes. The types asked for are integers only, for
    // which zeroed memory is a value, also where an older kernel writes less.
    unsafe {
        let pointer = value.as_mut_ptr().cast();
        if libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_XDP,
            name,
            pointer,
            &raw mut length,
        ) < 0
        {
            return Err(io::Error::last_os_error());
        }
        Ok(value.assume_init())
    }
}
