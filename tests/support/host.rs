//! The hosts on the switch: their cables to it, addresses and settings.

use anyhow::Result;

use crate::namespace::Namespace;
use crate::plan::{self, CLIENT, Family, Method, PREFIX_V4, PREFIX_V6, Subnet, Vip};
use crate::run;

/// The interface of client and reals.
pub const INTERFACE: &str = "eth0";

/// Settings that every host shares: no duplicate address detection (addresses work at once), no
/// router discovery, answers taken wherever they come in.
pub(crate) const COMMON: [(&str, &str); 5] = [
    ("ipv6/conf/default/accept_dad", "0"),
    ("ipv6/conf/default/accept_ra", "0"),
    ("ipv6/conf/default/router_solicitations", "0"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
];

/// Keeps the kernel of the switch's namespace from talking on the switch's ports.
pub fn prepare_switch(switch: &Namespace) -> Result<()> {
    switch.sysctl(&[
        ("ipv6/conf/all/disable_ipv6", "1"),
        ("ipv6/conf/default/disable_ipv6", "1"),
    ])
}

/// Gives the client its interface, an address in both subnets, and ports for many connections.
pub fn attach_client(client: &Namespace, switch: &Namespace, port: &str) -> Result<()> {
    attach(client, switch, port)?;
    client.sysctl(&[
        ("ipv4/ip_local_port_range", "1024 65000"),
        ("ipv4/tcp_tw_reuse", "1"),
    ])?;
    let addresses = [Family::V4, Family::V6].into_iter().flat_map(|family| {
        [Subnet::A, Subnet::B].map(|subnet| add_address(family, subnet, CLIENT))
    });
    client.ip(&addresses.collect::<Vec<_>>())
}

/// Gives real `number` its interface and addresses, its default gateway, and the DR
/// VIPs on its loopback, where they are neither announced nor answered for on the wire.
pub fn attach_real(real: &Namespace, switch: &Namespace, port: &str, number: u8) -> Result<()> {
    attach(real, switch, port)?;
    real.sysctl(&[
        ("ipv4/conf/all/arp_ignore", "1"),
        ("ipv4/conf/all/arp_announce", "2"),
        ("core/somaxconn", "8192"),
        ("ipv4/tcp_max_syn_backlog", "8192"),
    ])?;
    let mut lines = Vec::new();
    for family in [Family::V4, Family::V6] {
        lines.push(add_address(family, Subnet::B, 10 + number));
        let gateway = plan::gateway(family);
        lines.push(format!("route add default via {gateway} dev {INTERFACE}"));
    }
    // An IPv6 address answers neighbour solicitations only on the interface it is on.
    let direct = Vip::all()
        .into_iter()
        .filter(|vip| vip.method == Method::Dr);
    lines.extend(direct.map(|vip| match vip.family {
        Family::V4 => format!("address add {}/32 dev lo", vip.address().ip()),
        Family::V6 => format!("address add {}/128 dev lo nodad", vip.address().ip()),
    }));
    real.ip(&lines)
}

pub(crate) fn attach(host: &Namespace, switch: &Namespace, port: &str) -> Result<()> {
    host.sysctl(&COMMON)?;
    let (host_name, switch_name) = (host.name(), switch.name());
    switch.ip(&[
        format!("link add name {port} type veth peer name {INTERFACE} netns {host_name}"),
        format!("link set dev {port} up"),
    ])?;
    host.ip(&[format!("link set dev {INTERFACE} up")])?;
    // The userspace switch passes on whatever checksum is in the frame, and a kernel end would
    // leave it to hardware that is not there.
    let offloads = [
        "tx", "off", "tso", "off", "gso", "off", "gro", "off", "txvlan", "off",
    ];
    run::output(
        host.command("ethtool")
            .args(["-K", INTERFACE])
            .args(offloads),
    )
    .map_err(|error| error.context(format!("on {switch_name}'s port {port}")))?;
    Ok(())
}

fn add_address(family: Family, subnet: Subnet, host: u8) -> String {
    let address = plan::address(family, subnet, host);
    match family {
        Family::V4 => format!("address add {address}/{PREFIX_V4} dev {INTERFACE}"),
        Family::V6 => format!("address add {address}/{PREFIX_V6} dev {INTERFACE} nodad"),
    }
}
