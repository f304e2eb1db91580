//! Network interfaces by name: the address burnt into one, its name, bringing one up.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// An Ethernet address.
pub type Mac = [u8; 6];

const ETHTOOL_GPERMADDR: u32 = 0x20;

/// `struct ethtool_perm_addr` with room for one address.
#[repr(C)]
struct PermanentAddress {
    cmd: u32,
    size: u32,
    data: [u8; 32],
}

/// The address that is burnt into interface `name`; `None` when its driver knows none.
///
/// # Errors
/// When there is no such interface.
pub fn permanent_address(name: &str) -> io::Result<Option<Mac>> {
    let mut answer = PermanentAddress {
        cmd: ETHTOOL_GPERMADDR,
        size: 32,
        data: [0; 32],
    };
    let mut request = request(name)?;
    request.ifr_ifru.ifru_data = (&raw mut answer).cast();
    match call(libc::SIOCETHTOOL, &mut request) {
        Ok(()) => {}
        Err(e) if e.raw_os_error() == Some(libc::EOPNOTSUPP) => return Ok(None),
        Err(e) => return Err(e),
    }
    let [a, b, c, d, e, f, ..] = answer.data;
    let mac = [a, b, c, d, e, f];
    Ok((answer.size == 6 && mac != [0; 6]).then_some(mac))
}

/// Gives interface `from`, which is down, the name `to`.
///
/// # Errors
/// `NotFound` when there is none of that name (`ENODEV`), `AlreadyExists` when the new name is taken,
/// `InvalidInput` for what cannot be a name.
pub fn rename(from: &str, to: &str) -> io::Result<()> {
    let mut request = request(from)?;
    request.ifr_ifru.ifru_newname = name_of(to)?;
    call(libc::SIOCSIFNAME, &mut request)
}

/// Brings interface `name` up.
///
/// # Errors
/// What the kernel says.
pub fn up(name: &str) -> io::Result<()> {
    let mut request = request(name)?;
    call(libc::SIOCGIFFLAGS, &mut request)?;
    // SAFETY: the kernel has just filled in this member.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    let up = libc::c_short::try_from(libc::IFF_UP).map_err(io::Error::other)?;
    request.ifr_ifru.ifru_flags = flags | up;
    call(libc::SIOCSIFFLAGS, &mut request)
}

fn request(name: &str) -> io::Result<libc::ifreq> {
    // SAFETY: plain numbers and a pointer that is not followed before it is set; zero is a value of each.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name = name_of(name)?;
    Ok(request)
}

/// A name as the kernel takes it, with its end.
fn name_of(name: &str) -> io::Result<[libc::c_char; libc::IFNAMSIZ]> {
    if name.is_empty() || name.len() >= libc::IFNAMSIZ {
        let why = format!("interface name {name:?}: 1 to 15 characters");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let mut field = [0; libc::IFNAMSIZ];
    for (to, from) in field.iter_mut().zip(name.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    Ok(field)
}

fn call(what: libc::c_ulong, request: &mut libc::ifreq) -> io::Result<()> {
    let socket: OwnedFd = socket(
        AddressFamily::Unix,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    // SAFETY: the request, and what it points to, live longer than the call, and each of the requests
    // used here reads and writes within them.
    Errno::result(unsafe { libc::ioctl(socket.as_raw_fd(), what, &raw mut *request) })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use nix::sched::{CloneFlags, unshare};

    use super::*;

    #[test]
    fn an_interface_that_is_not_there_or_cannot_be_is_an_error() {
        let refused = permanent_address("sys-none0").expect_err("found");
        assert_eq!(refused.raw_os_error(), Some(libc::ENODEV));
        for name in ["", "a-name-too-long-for-one"] {
            let refused = rename(name, "eth0").expect_err("found");
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{name:?}");
        }
    }

    #[test]
    fn loopback_has_no_address_burnt_in() {
        assert_eq!(permanent_address("lo").expect("asked"), None);
    }

    #[test]
    #[ignore = "needs root"]
    fn an_interface_comes_up_and_one_that_is_down_takes_another_name() {
        let inside = std::thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).expect("a namespace");
            rename("lo", "other0").expect("renamed");
            up("other0").expect("up");
            assert_eq!(
                up("lo").expect_err("found").raw_os_error(),
                Some(libc::ENODEV)
            );
            // Where up is seen without sysfs of this namespace: an address can be bound to.
            std::net::UdpSocket::bind("127.0.0.1:0").map(drop)
        });
        inside.join().expect("the thread").expect("loopback works");
    }
}
