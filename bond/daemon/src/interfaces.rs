//! What the kernel says of interfaces, and making them fit to be members.

use std::future::pending;
use std::io;
use std::process::Command;

use bond::{Duplex, Interface};
use netio::ethtool::{self, Ethtool};
use netio::sysctl;

/// The kernel answers no ARP request on this interface (Linux's `arp_ignore`).
const ARP_IGNORE_ALL: u8 = 8;

/// The interfaces of this network namespace.
#[derive(Debug)]
pub struct Interfaces {
    ethtool: Ethtool,
}

impl Interfaces {
    /// Opens the kernel's two ways of asking.
    ///
    /// # Errors
    /// When the kernel gives no socket.
    #[allow(clippy::unused_async)]
    pub async fn open() -> io::Result<Self> {
        Ok(Self {
            ethtool: Ethtool::open()?,
        })
    }

    /// Makes an interface fit to be a member: nothing of the kernel's may answer, merge or defer.
    /// Harmless when lvsd has done the same.
    ///
    /// # Errors
    /// When the interface cannot be configured.
    #[allow(clippy::unused_async)]
    pub async fn prepare(&mut self, ifname: &str, mtu: u16) -> io::Result<()> {
        sysctl::disable_ipv6(ifname, true)?;
        sysctl::arp_ignore(ifname, ARP_IGNORE_ALL)?;
        let refused = self.ethtool.disable_offloads(ifname)?;
        if !refused.is_empty() {
            eprintln!("{ifname}: the driver keeps {}", refused.join(", "));
        }
        let mtu = mtu.to_string();
        Command::new("ip")
            .args(["link", "set", ifname, "up", "mtu", &mtu])
            .status()?;
        Ok(())
    }

    /// Whether an interface is there and has carrier.
    pub fn carrier(&self, ifname: &str) -> bool {
        self.ethtool.carrier(ifname).unwrap_or(false)
    }

    /// An interface as it is now; all unknown when there is none.
    #[allow(clippy::unused_async)]
    pub async fn look(&mut self, ifname: &str) -> Interface {
        let read = |file: &str| std::fs::read_to_string(format!("/sys/class/net/{ifname}/{file}"));
        let Ok(index) = read("ifindex") else {
            return Interface::default();
        };
        let settings = self.ethtool.link_settings(ifname).unwrap_or_default();
        Interface {
            ifindex: index.trim().parse().unwrap_or(0),
            mac: read("address")
                .unwrap_or_default()
                .trim()
                .parse()
                .unwrap_or_default(),
            carrier: self.carrier(ifname),
            speed: settings.speed,
            duplex: settings.duplex.map(duplex),
        }
    }

    /// Waits until the kernel tells of a change: the interface's index; none: any.
    pub async fn changed(&mut self) -> Option<u32> {
        pending().await
    }
}

const fn duplex(duplex: ethtool::Duplex) -> Duplex {
    match duplex {
        ethtool::Duplex::Half => Duplex::Half,
        ethtool::Duplex::Full => Duplex::Full,
    }
}
