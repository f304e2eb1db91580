//! Making a NIC fit to be a member: nothing of the kernel's may answer, merge or defer on it.

use std::io;

use bond::MemberConfig;
use control::config::Config;
use netio::ethtool::Ethtool;
use netio::netlink::Netlink;
use netio::packet::PacketSocket;
use netio::sysctl;

/// The kernel answers no ARP request on this interface (Linux's `arp_ignore`).
const ARP_IGNORE_ALL: u8 = 8;

/// Prepares every member of every bond that is among `ifnames`.
///
/// # Errors
/// When a member cannot be configured; what a driver does not know is no error.
pub async fn prepare_all(config: &Config, ifnames: &[String], netlink: &Netlink) -> io::Result<()> {
    let ethtool = Ethtool::open()?;
    for bond in &config.bonds {
        let is_there = |member: &&MemberConfig| ifnames.contains(&member.name);
        for member in bond.members.iter().filter(is_there) {
            let mtu = u32::from(bond.mtu);
            prepare(&ethtool, netlink, &member.name, config.lvs.queues, mtu).await?;
        }
    }
    Ok(())
}

/// Prepares the member `ifname`: offloads that merge, defer or strip are switched off, the kernel's
/// own IPv4 and IPv6 are kept quiet, the MTU is the bond's, and it is up.
async fn prepare(
    ethtool: &Ethtool,
    netlink: &Netlink,
    ifname: &str,
    queues: u32,
    mtu: u32,
) -> io::Result<()> {
    let refused = ethtool.disable_offloads(ifname)?;
    if !refused.is_empty() {
        eprintln!("{ifname}: the driver keeps {}", refused.join(", "));
    }
    set_queues(ethtool, ifname, queues)?;
    sysctl::disable_ipv6(ifname, true)?;
    sysctl::arp_ignore(ifname, ARP_IGNORE_ALL)?;
    let ifindex = nix::net::if_::if_nametoindex(ifname)?;
    netlink.set_mtu(ifindex, mtu).await?;
    netlink.set_up(ifindex, true).await?;
    Ok(())
}

/// Gives the NIC so many queues. A driver that keeps more of them (vmxnet3 does) is to receive by the
/// first ones only: nobody serves the others.
fn set_queues(ethtool: &Ethtool, ifname: &str, queues: u32) -> io::Result<()> {
    let there = ethtool.receive_queues(ifname)?;
    if there == queues {
        return Ok(());
    }
    let Err(error) = ethtool.set_queues(ifname, queues) else {
        return Ok(());
    };
    if there > queues && ethtool.receive_by_first(ifname, queues).is_ok() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{error}; it has {there}, and lvs.queues is {queues}"
    )))
}

/// Has the NIC deliver every frame, for as long as the result lives: the bond's MAC and virtual MACs
/// are not the NIC's own, and its filter would keep them out.
///
/// # Errors
/// When the interface is gone.
pub fn receive_all(ifname: &str) -> io::Result<PacketSocket> {
    let socket = PacketSocket::open(ifname, PacketSocket::NONE)?;
    socket.join_promiscuous()?;
    Ok(socket)
}
