//! A cable that can be cut: a Linux bridge of two veth ends, one towards the switch and one towards
//! the appliance. The bridge learns nothing and forwards LACP, which a bridge would otherwise keep.

use std::path::Path;

use anyhow::Result;

use crate::namespace::Namespace;

/// One end of a cable: an interface in a namespace.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// The namespace the interface is in.
    pub namespace: &'a Namespace,
    /// The interface's name there.
    pub interface: &'a str,
}

impl<'a> End<'a> {
    /// The end `interface` in `namespace`.
    pub fn new(namespace: &'a Namespace, interface: &'a str) -> Self {
        Self {
            namespace,
            interface,
        }
    }
}

/// A cable, healed. It goes with the namespace it was laid in.
#[derive(Debug)]
pub struct Cable {
    number: u8,
    namespace: String,
}

/// Bit of `group_fwd_mask` for 01-80-C2-00-00-02, the slow protocols' address. A bridge as a whole
/// refuses this bit, a port accepts it.
const FORWARD_SLOW_PROTOCOLS: u16 = 1 << 2;

/// Makes the namespace that cables are laid in.
pub fn prepare(room: &Namespace) -> Result<()> {
    // The bridges are wire: no address, so that the kernel sends nothing of its own.
    room.sysctl(&[
        ("ipv6/conf/all/disable_ipv6", "1"),
        ("ipv6/conf/default/disable_ipv6", "1"),
    ])?;
    // Where the kernel has it, this lets the bridge look into IP headers and drop what it dislikes.
    if Path::new("/proc/sys/net/bridge").exists() {
        room.sysctl(&[
            ("bridge/bridge-nf-call-iptables", "0"),
            ("bridge/bridge-nf-call-ip6tables", "0"),
            ("bridge/bridge-nf-call-arptables", "0"),
        ])?;
    }
    Ok(())
}

impl Cable {
    /// Lays cable `number` through `room` and creates both of its ends.
    pub fn lay(room: &Namespace, number: u8, switch: End<'_>, appliance: End<'_>) -> Result<Self> {
        let [s, a] = ports(number);
        let bridge = format!("wire{number}");
        let pair = |port: &str, end: End<'_>| {
            let (interface, namespace) = (end.interface, end.namespace.name());
            format!("link add name {port} type veth peer name {interface} netns {namespace}")
        };
        let join = |port: &str| {
            format!(
                "link set dev {port} master {bridge} up\n\
                 link set dev {port} type bridge_slave learning off group_fwd_mask {FORWARD_SLOW_PROTOCOLS}"
            )
        };
        room.ip(&[
            format!("link add name {bridge} type bridge mcast_snooping 0 stp_state 0"),
            pair(&s, switch),
            pair(&a, appliance),
            join(&s),
            join(&a),
            format!("link set dev {bridge} up"),
        ])?;
        for end in [switch, appliance] {
            end.namespace
                .ip(&[format!("link set dev {} up", end.interface)])?;
        }
        Ok(Self {
            number,
            namespace: room.name().to_owned(),
        })
    }

    /// Cuts it so that both ends lose carrier.
    pub fn cut_carrier(&self) -> Result<()> {
        self.set("down", "isolated off", FORWARD_SLOW_PROTOCOLS)
    }

    /// Cuts it so that frames vanish both ways while both ends keep carrier.
    pub fn cut_silently(&self) -> Result<()> {
        // Isolated ports of a bridge do not forward to each other.
        self.set("up", "isolated on", FORWARD_SLOW_PROTOCOLS)
    }

    /// Loses LACPDUs both ways and lets everything else pass.
    pub fn cut_lacp(&self) -> Result<()> {
        self.set("up", "isolated off", 0)
    }

    /// Makes it whole again.
    pub fn heal(&self) -> Result<()> {
        self.set("up", "isolated off", FORWARD_SLOW_PROTOCOLS)
    }

    fn set(&self, link: &str, isolation: &str, mask: u16) -> Result<()> {
        let [s, a] = ports(self.number);
        let port = |port: &str| {
            format!("link set dev {port} type bridge_slave {isolation} group_fwd_mask {mask}")
        };
        let links = [&s, &a].map(|port| format!("link set dev {port} {link}"));
        crate::namespace::ip(
            &self.namespace,
            &[&links[0], &links[1], &port(&s), &port(&a)],
        )
    }
}

fn ports(number: u8) -> [String; 2] {
    [format!("s{number}"), format!("a{number}")]
}
