//! A switch for tests: ports that are QEMU's NICs or kernel interfaces, link aggregation, faults on demand.
//!
//! It learns addresses by VLAN, floods what it does not know, and follows a station that moves with its
//! first frame. Groups speak LACP, by our own engine, or nothing. It needs no root; a port on an interface
//! needs CAP_NET_RAW where the interface is, which [`userns`](crate::userns) gives to everybody.
//!
//! # A QEMU and the switch
//! A NIC of QEMU's and a port are two Unix datagram sockets that know each other's path, one frame a
//! datagram. Each side makes its own (at most 107 bytes of path), in any order; either may die and come back.
//! [`netdev`] is the argument of QEMU's `-netdev`:
//! ```
//! # use std::path::Path;
//! use bond::LacpRate;
//! use tests::switch::{Config, Direction, Switch, netdev};
//!
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path();
//! let ends = |nic: &str| [directory.join(format!("{nic}.guest")), directory.join(format!("{nic}.switch"))];
//! let ([guest1, switch1], [guest2, switch2]) = (ends("eth1"), ends("eth2"));
//! let switch = Switch::start(
//!     Config::new()
//!         .datagram("lb1-eth1", &guest1, &switch1)
//!         .datagram("lb1-eth2", &guest2, &switch2)
//!         .lacp("lb1", LacpRate::Fast, &["lb1-eth1", "lb1-eth2"]),
//! )?;
//! // -netdev dgram,id=n1,… -device virtio-net-pci,netdev=n1,id=nic1,mac=02:00:00:00:01:01
//! let argument = netdev("n1", &guest1, &switch1);
//! # assert!(argument.starts_with("dgram,id=n1,local.type=unix,local.path=/"));
//! // … the guest boots; wait_for_carrying waits for its LACP …
//! switch.cut("lb1-eth1", Direction::Both)?; // silently: both ends keep carrier
//! switch.heal("lb1-eth1")?;
//! switch.set_carrier("lb1-eth1", false)?; // the switch's end; the guest's is QMP's set_link
//! println!("{}", serde_json::to_string(&switch.status())?);
//! # Ok::<(), anyhow::Error>(())
//! ```
//! QMP's `set_link` changes only what the guest sees: the switch goes on sending to that member until LACP's
//! timeout. A cable has two ends; [`Handle::set_carrier`] is the other one.
//!
//! A guest that is slow does not lose frames at once: 1,024 wait for it. Where a frame ends up is counted, but
//! for what a kernel drops because a port's socket is full.
//!
//! # As a program
//! `switch CONFIG.json CONTROL` runs one, `switch --ask CONTROL COMMAND` tells it something; both are JSON:
//! [`Config`] and [`Command`](control::Command). `Interface` ports are those of the network namespace that
//! the program is started in.
//!
//! # In what order
//! ```text
//! guest ─ recorded, mirrored ─ carrier? cut? lost? delay ─► LACP, or collecting? learn, look up
//!   guest ◄─ recorded ─ socket ◄─ mirrored ◄─ carrier? cut? lost? delay ◄─ member chosen ◄┘
//! ```

pub mod config;
pub mod control;
pub mod counters;
mod datagram;
pub mod fabric;
pub mod fault;
pub mod group;
mod host;
pub mod packet;
mod port;
mod record;
mod socket_file;
pub mod status;
pub mod table;

use std::path::Path;

pub use config::Config;
pub use counters::{Direction, Reason, Way};
pub use fault::Loss;
pub use host::{Handle, Switch};
pub use status::Status;

/// What QEMU's `-netdev` takes for the NIC at the other end of a port; `id` is QEMU's name for it.
#[must_use]
pub fn netdev(id: &str, guest: &Path, switch: &Path) -> String {
    // QEMU takes a comma for the next option unless it is doubled.
    let [guest, switch] = [guest, switch].map(|path| path.display().to_string().replace(',', ",,"));
    format!(
        "dgram,id={id},local.type=unix,local.path={guest},remote.type=unix,remote.path={switch}"
    )
}
