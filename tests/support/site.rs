//! A site for appliances in QEMU, without root: a client, two real web servers, a switch, and for each box
//! a LACP group of two ports.
//!
//! ```text
//! client 10.80.1.10 ──┐             ┌── lb1 eth1, eth2 (group lb1)      eth0: QEMU's own network,
//!                     ├── switch ───┤                                   127.0.0.1:PORT leads to its SSH
//! web1   10.80.2.11 ──┤             └── lb2 eth1, eth2 (group lb2)
//! web2   10.80.2.12 ──┘
//! ```
//! The client's network is 10.80.1.0/24, the servers' 10.80.2.0/24; both are the bond's, and the servers
//! reach the client by way of [`GATEWAY`].

mod ssh;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bond::LacpRate;

pub use ssh::Key;

use crate::client::Client;
use crate::client::volley::{Outcome, Volley};
use crate::image::Image;
use crate::qemu::{Controller, Disk, Firmware, Hardware, Machine, Model, Nic, Wire};
use crate::real::{BODY_BYTES, content, sha256};
use crate::session::Session;
use crate::switch::{Config, Switch};
use crate::userns::{Host, WebServer, World};

/// The servers' way to everybody else.
pub const GATEWAY: &str = "10.80.2.1";
/// The virtual address of the service that the site's client asks.
pub const VIP: &str = "10.80.1.100:80";
/// The servers' addresses; they listen on port 8080.
pub const WEBS: [&str; 2] = ["10.80.2.11", "10.80.2.12"];
/// Memory of a box, in MiB.
const MEMORY: u32 = 1024;

/// A site; dropping it ends everything in it.
#[derive(Debug)]
pub struct Site {
    /// The switch. Its ports are `client`, `web1`, `web2`, and `lb1-eth1`, `lb1-eth2`, `lb2-eth1` …
    pub switch: Switch,
    /// The client.
    pub client: Client,
    /// Its host.
    pub client_host: Host,
    _webs: Vec<WebServer>,
    ports: Vec<u16>,
    world: World,
}

impl Site {
    /// Raises a site with room for `boxes` appliances. `helper` is the program `world` of this package.
    pub fn raise(helper: &Path, boxes: usize) -> Result<Self> {
        let world = World::start(helper)?;
        let (client_host, cable) = world.host("client")?;
        client_host.ip(&["address add 10.80.1.10/24 dev eth0"])?;
        let mut config = Config::new().socket("client", cable);
        let mut webs = Vec::new();
        for (number, address) in WEBS.iter().enumerate() {
            let name = format!("web{}", number + 1);
            let (host, cable) = world.host(&name)?;
            host.ip(&[
                format!("address add {address}/24 dev eth0"),
                format!("route add default via {GATEWAY}"),
            ])?;
            webs.push(WebServer::start(&host, &[8080], &world.room(&name)?)?);
            config = config.socket(&name, cable);
        }
        for number in 1..=boxes {
            let members = members(number);
            for member in &members {
                let (guest, switch) = sockets(&world, member)?;
                config = config.datagram(member, &guest, &switch);
            }
            let names = members.each_ref().map(String::as_str);
            config = config.lacp(&format!("lb{number}"), LacpRate::Fast, &names);
        }
        Ok(Self {
            switch: Switch::start(config)?,
            client: client_host.client()?,
            client_host,
            _webs: webs,
            ports: (0..boxes).map(|_| free_port()).collect::<Result<_>>()?,
            world,
        })
    }

    /// A directory of box `number` (1 and on), in which its disk and its logs lie.
    pub fn room(&self, number: usize) -> Result<PathBuf> {
        self.world.room(&format!("lb{number}"))
    }

    /// The port of 127.0.0.1 that leads to the SSH server of box `number`.
    pub fn ssh_port(&self, number: usize) -> Result<u16> {
        self.ports.get(number - 1).copied().context("no such box")
    }

    /// The hardware of box `number`, on `disk`: eth0 for management, eth1 and eth2 for its bond.
    pub fn hardware(&self, number: usize, firmware: Firmware, disk: &Path) -> Result<Hardware> {
        let mac = |nic: usize| format!("52:54:00:04:{number:02x}:{nic:02x}");
        let mut nics = vec![Nic {
            id: "eth0".to_owned(),
            model: Model::VirtioNet,
            mac: mac(0),
            wire: Wire::Loopback {
                forward: vec![(self.ssh_port(number)?, 22)],
            },
        }];
        for (place, member) in members(number).iter().enumerate() {
            let (local, remote) = sockets(&self.world, member)?;
            nics.push(Nic {
                id: format!("eth{}", place + 1),
                model: Model::VirtioNet,
                mac: mac(place + 1),
                wire: Wire::Switch { local, remote },
            });
        }
        Ok(Hardware {
            firmware,
            disk: Some(Disk {
                path: disk.to_owned(),
                controller: Controller::VirtioBlk,
            }),
            nics,
            memory: MEMORY,
        })
    }

    /// Flashes `image` onto a new disk of box `number` and switches the box on.
    pub fn first_boot(&self, number: usize, image: &Image) -> Result<Machine> {
        let disk = self.disk(number)?;
        image.flash(&disk)?;
        self.boot(number, Firmware::Bios)
    }

    /// Switches box `number` on, from the disk that it has.
    pub fn boot(&self, number: usize, firmware: Firmware) -> Result<Machine> {
        let hardware = self.hardware(number, firmware, &self.disk(number)?)?;
        Machine::start(&hardware, &self.room(number)?)
    }

    /// Box `number`, flashed with `image`, booted for the first time, and with `lines` committed.
    pub fn configured(&self, number: usize, image: &Image, lines: &[String]) -> Result<Machine> {
        let mut machine = self.first_boot(number, image)?;
        let mut session = Session::open(&mut machine.serial)?;
        let said = session.configure(lines.iter().map(String::as_str))?;
        ensure!(!said.contains("refused"), "the commit was refused:\n{said}");
        Ok(machine)
    }

    /// The disk of box `number`.
    pub fn disk(&self, number: usize) -> Result<PathBuf> {
        Ok(self.room(number)?.join("disk.img"))
    }

    /// Frames that box `number` has sent by each member so far, as the switch counts them.
    pub fn sent(&self, number: usize) -> Result<[u64; 2]> {
        let status = self.switch.status();
        let mut frames = [0; 2];
        for (frames, member) in frames.iter_mut().zip(members(number)) {
            let port = status.port(&member).context("a port")?;
            *frames = port.counters.inward.carried.frames;
        }
        Ok(frames)
    }

    /// Waits until both members of the group of box `number` carry traffic.
    pub fn wait_for_lacp(&self, number: usize, bound: Duration) -> Result<()> {
        let members = members(number);
        let names = members.each_ref().map(String::as_str);
        self.switch
            .wait_for_carrying(&format!("lb{number}"), &names, bound)
    }

    /// Sends `connections` requests to [`VIP`], eight at a time, each on a connection of its own.
    pub fn volley(&self, connections: u32) -> Result<Outcome> {
        let volley = Volley {
            target: vip()?,
            connections,
            concurrency: 8,
            sha256: sha256(&content(BODY_BYTES)),
        };
        self.client.run(volley.send())
    }
}

/// [`VIP`] as an address.
pub fn vip() -> Result<SocketAddr> {
    VIP.parse().context("the virtual address")
}

/// The switch's ports of box `number`.
pub fn members(number: usize) -> [String; 2] {
    [1, 2].map(|nic| format!("lb{number}-eth{nic}"))
}

/// The guest's socket and the switch's.
fn sockets(world: &World, member: &str) -> Result<(PathBuf, PathBuf)> {
    let room = world.room("wires")?;
    Ok((
        room.join(format!("{member}.guest")),
        room.join(format!("{member}.switch")),
    ))
}

/// A port of 127.0.0.1 that nobody uses now.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr().context("its number")?.port())
}

/// What is typed for a bond of both members with both networks, in `configure`.
pub fn bond_lines(client_side: &str, server_side: &str) -> Vec<String> {
    vec![
        "set bond bond0 mode 802.3ad".to_owned(),
        "set bond bond0 lacp_rate fast".to_owned(),
        "set bond bond0 members eth1 eth2".to_owned(),
        format!("set bond bond0 addresses {client_side}/24 {server_side}/24"),
    ]
}

/// What is typed for a service on [`VIP`] with both servers, in `configure`.
pub fn service_lines(scheduler: &str) -> Vec<String> {
    let mut lines = vec![
        format!("set service web address {VIP}"),
        "set service web protocol tcp".to_owned(),
        "set service web method nat".to_owned(),
        format!("set service web scheduler {scheduler}"),
    ];
    lines.extend(WEBS.map(|web| format!("set service web real {web}:8080")));
    lines
}

/// What is typed for a single box: a bond, its addresses and a service with both web servers.
pub fn one_box() -> Vec<String> {
    let mut lines = vec!["set system host_name lb1".to_owned()];
    lines.extend(bond_lines("10.80.1.2", GATEWAY));
    lines.extend(service_lines("rr"));
    lines
}
