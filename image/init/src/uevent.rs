//! What the kernel says of devices that come and go (`NETLINK_KOBJECT_UEVENT`).

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recvfrom, setsockopt,
    socket, sockopt::RcvBufForce,
};

/// The kernel's multicast group; another one is for programs among themselves.
const KERNEL: u32 = 1;

/// Room for all that comes while a driver is being loaded.
const BUFFER: usize = 8 << 20;

/// A device has come, or changed, or gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uevent {
    /// `add`, `remove`, `change`, `bind` …
    pub action: String,
    /// `net`, `block`, `pci`, `watchdog` …
    pub subsystem: String,
    /// What modules are found by.
    pub modalias: Option<String>,
}

impl Uevent {
    /// From a message: `add@/devices/…`, then `KEY=value`, each with a zero byte after it. `None` for what
    /// is no such message.
    pub fn parse(message: &[u8]) -> Option<Self> {
        let mut fields = message.split(|byte| *byte == 0);
        let _summary = fields.next().filter(|first| first.contains(&b'@'))?;
        let mut uevent = Self::default();
        for field in fields {
            let Some((key, value)) = str::from_utf8(field).ok().and_then(|f| f.split_once('='))
            else {
                continue;
            };
            match key {
                "ACTION" => value.clone_into(&mut uevent.action),
                "SUBSYSTEM" => value.clone_into(&mut uevent.subsystem),
                "MODALIAS" => uevent.modalias = Some(value.to_owned()),
                _ => {}
            }
        }
        (!uevent.action.is_empty()).then_some(uevent)
    }
}

/// The kernel's messages from the moment it was opened.
#[derive(Debug)]
pub struct Uevents {
    socket: OwnedFd,
}

impl Uevents {
    /// # Errors
    /// What the kernel says.
    pub fn open() -> io::Result<Self> {
        let socket = socket(
            AddressFamily::Netlink,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkKObjectUEvent,
        )?;
        setsockopt(&socket, RcvBufForce, &BUFFER)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, KERNEL))?;
        Ok(Self { socket })
    }

    /// Waits for the next one; `None` when some were lost, because nobody had listened for too long.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn next(&self) -> io::Result<Option<Uevent>> {
        let mut message = [0; 8192];
        loop {
            let (len, sender) = match recvfrom::<NetlinkAddr>(self.socket.as_raw_fd(), &mut message)
            {
                Ok(received) => received,
                Err(Errno::ENOBUFS) => return Ok(None),
                Err(Errno::EINTR) => continue,
                Err(e) => return Err(e.into()),
            };
            // Only the kernel is number 0: programs may send here, too.
            if sender.is_some_and(|sender| sender.pid() == 0)
                && let Some(uevent) = message.get(..len).and_then(Uevent::parse)
            {
                return Ok(Some(uevent));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_comes_says_what_it_is() {
        let message = b"add@/devices/pci0000:00/0000:00:04.0/usb1/1-1/1-1:1.0\0ACTION=add\0\
            DEVPATH=/devices/pci0000:00/0000:00:04.0/usb1/1-1/1-1:1.0\0SUBSYSTEM=usb\0\
            DEVTYPE=usb_interface\0MODALIAS=usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00\0\
            SEQNUM=1234\0";
        let uevent = Uevent::parse(message).expect("a message");
        assert_eq!(uevent.action, "add");
        assert_eq!(uevent.subsystem, "usb");
        let modalias = uevent.modalias.expect("one");
        assert_eq!(
            modalias,
            "usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00"
        );
    }

    #[test]
    fn an_interface_has_no_modalias() {
        let message = b"remove@/devices/virtual/net/x\0ACTION=remove\0SUBSYSTEM=net\0INTERFACE=x\0";
        let uevent = Uevent::parse(message).expect("a message");
        assert_eq!(
            (uevent.action.as_str(), uevent.subsystem.as_str()),
            ("remove", "net")
        );
        assert_eq!(uevent.modalias, None);
    }

    #[test]
    fn what_is_no_message_of_the_kernels_is_none() {
        for message in [
            &b""[..],
            b"libudev\0\xfe\xed\xca\xfe",
            b"libudev\0ACTION=add\0SUBSYSTEM=net\0",
            b"add@/devices/x",
            b"add@/devices/x\0SUBSYSTEM=net\0",
            b"\xff@\0\xffACTION=add",
        ] {
            assert_eq!(Uevent::parse(message), None, "{message:?}");
        }
    }
}
