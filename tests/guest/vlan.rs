//! A VLAN on a bond of the image, with a Debian kernel's VLAN on its bond: what passes tagged and untagged,
//! while members of both are cut.
//!
//! ```text
//! image  bond0      10.80.1.2 ┐ eth1 ┌────────┐ eth0 ┌ 10.80.1.9   bond0      Debian
//!        bond0.100 10.100.0.2 ┘ eth2 └ switch ┘ eth1 └ 10.100.0.9  bond0.100
//! ```

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bond::{LacpRate, Mode};
use tests::guest::Guest;
use tests::image::Image;
use tests::qemu::{Controller, Disk, Firmware, Hardware, Machine, Model, Nic, Wire};
use tests::session::Session;
use tests::switch::{Config, Switch};
use tests::wait;

const LIMIT: Duration = Duration::from_secs(90);
/// The switch's ports of the image and of the guest.
const BOX: [&str; 2] = ["box1", "box2"];
const PEER: [&str; 2] = ["peer1", "peer2"];
const VLAN: u16 = 100;
/// Answers that tell which member they leave by; LACPDUs are one a second.
const ANSWERS: u64 = 10;
/// Pings, one each 100 ms, in the middle of which a member is cut, and how many of them that may cost.
const PINGS: usize = 40;
const CUT_COSTS: usize = 20;

/// Whose cable is pulled.
#[derive(Clone, Copy, Debug)]
enum End {
    Box,
    Guest,
}

/// Both, and the switch. Its fields are dropped from top to bottom.
struct Stage {
    machine: Machine,
    guest: Guest,
    switch: Switch,
}

impl Stage {
    fn raise(room: &Path, mode: Mode) -> Result<Self> {
        let switch = Switch::start(switch(room, mode))?;
        let image = Image::from_environment()?;
        let disk = room.join("disk.img");
        image.flash(&disk)?;
        let mut machine = Machine::start(&hardware(room, &disk), &room.join("box"))?;
        let mut session = Session::open(&mut machine.serial)?;
        let lines = configuration(mode);
        let said = session.configure(lines.iter().map(String::as_str))?;
        ensure!(!said.contains("refused"), "the commit was refused:\n{said}");
        let wires = PEER.map(|port| wire(room, port));
        let mut guest = Guest::boot(&room.join("guest"), &wires)?;
        guest.run(&world(mode))?;
        Ok(Self {
            machine,
            guest,
            switch,
        })
    }

    /// Pings and TCP, tagged and untagged, begun by either end.
    fn check(&mut self) -> Result<()> {
        let guest = &mut self.guest;
        for address in ["10.80.1.2", "10.100.0.2"] {
            wait::until_ok(LIMIT, || guest.run(&format!("ping -c 1 -W 2 {address}")))?;
            let fetch = format!("wget -q -T 10 -O - http://{address}:9105/metrics");
            let metrics = wait::until_ok(LIMIT, || guest.run(&fetch))?;
            ensure!(metrics.contains("fourfold_bond_carrier"), "{metrics}");
        }
        let mut session = Session::resumed(&mut self.machine.serial)?;
        for address in ["10.80.1.9", "10.100.0.9"] {
            session.run_until(&format!("ping {address} count 2"), " 0% packet loss")?;
        }
        // Of each service the only real is a server of the guest's, and its check a TCP connection.
        let health = wait::until_ok(LIMIT, || {
            let health = session.run("show health --json | no-more")?;
            let is_up = |real: &str| {
                health
                    .lines()
                    .any(|line| line.contains(real) && line.contains("\"up\""))
            };
            ensure!(
                is_up("10.80.1.9:8080") && is_up("10.100.0.9:8080"),
                "{health}"
            );
            Ok(health)
        });
        health.map(drop)
    }

    /// Takes a member of one end away, or gives it back.
    fn set_carrier(&mut self, end: End, member: usize, up: bool) -> Result<()> {
        let port = match end {
            End::Box => {
                let nic = format!("eth{}", member + 1);
                self.machine.qmp.set_link(&nic, up)?;
                BOX[member]
            }
            End::Guest => {
                self.guest.set_link(member, up)?;
                PEER[member]
            }
        };
        self.switch.set_carrier(port, up)
    }

    /// Pings of the tagged address go on while the member is cut that their answers leave by: which, and
    /// how many were lost.
    fn ping_over_a_cut(&mut self) -> Result<(usize, usize)> {
        let ping = format!("ping -q -c {PINGS} -i 0.1 -W 1 10.100.0.2; true");
        let (guest, qmp, switch) = (&mut self.guest, &mut self.machine.qmp, &self.switch);
        let (member, said) = std::thread::scope(|scope| {
            let pinging = scope.spawn(|| guest.run(&ping));
            let cut = wait_for_answers(switch, ANSWERS).and_then(|member| {
                qmp.set_link(&format!("eth{}", member + 1), false)?;
                switch.set_carrier(BOX[member], false)?;
                Ok(member)
            });
            let said = pinging
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            anyhow::Ok((cut?, said?))
        })?;
        let received = said.lines().find_map(|line| {
            let (_, rest) = line.split_once(" packets transmitted, ")?;
            rest.split_once(" packets received")?.0.parse().ok()
        });
        let received: usize = received.with_context(|| said.clone())?;
        Ok((member, PINGS - received))
    }
}

/// Waits until the box has sent so many frames more by one of its members; which one.
fn wait_for_answers(switch: &Switch, answers: u64) -> Result<usize> {
    let sent = || {
        let status = switch.status();
        let port = |port| {
            status
                .port(port)
                .map(|port| port.counters.inward.carried.frames)
        };
        BOX.map(port).map(Option::unwrap_or_default)
    };
    let before = sent();
    wait::until("the box's answers", LIMIT, || {
        let now = sent();
        (0..BOX.len()).find(|&member| now[member] >= before[member] + answers)
    })
}

/// In 802.3ad each end has a LACP group, in active-backup the switch knows nothing of bonds.
fn switch(room: &Path, mode: Mode) -> Config {
    let mut config = Config::new();
    for port in BOX.into_iter().chain(PEER) {
        let file = |end: &str| room.join(format!("{port}.{end}"));
        config = config.datagram(port, &file("guest"), &file("switch"));
    }
    if mode == Mode::Ieee8023ad {
        config = config
            .lacp("box", LacpRate::Fast, &BOX)
            .lacp("peer", LacpRate::Fast, &PEER);
    }
    config
}

fn wire(room: &Path, port: &str) -> Wire {
    Wire::Switch {
        local: room.join(format!("{port}.guest")),
        remote: room.join(format!("{port}.switch")),
    }
}

fn hardware(room: &Path, disk: &Path) -> Hardware {
    let wires = [Wire::Nothing, wire(room, BOX[0]), wire(room, BOX[1])];
    let nic = |(number, wire): (usize, Wire)| Nic {
        id: format!("eth{number}"),
        model: Model::VirtioNet,
        mac: format!("52:54:00:04:01:{number:02x}"),
        wire,
    };
    Hardware {
        firmware: Firmware::Bios,
        disk: Some(Disk {
            path: disk.to_owned(),
            controller: Controller::VirtioBlk,
        }),
        nics: wires.into_iter().enumerate().map(nic).collect(),
        memory: 1024,
    }
}

fn configuration(mode: Mode) -> Vec<String> {
    let mut lines = vec![
        "set metrics listen 0.0.0.0:9105".to_owned(),
        format!("set bond bond0 mode {mode}"),
        "set bond bond0 members eth1 eth2".to_owned(),
        "set bond bond0 addresses 10.80.1.2/24".to_owned(),
        format!("set bond bond0 vlan {VLAN} addresses 10.100.0.2/24"),
    ];
    if mode == Mode::Ieee8023ad {
        lines.push("set bond bond0 lacp_rate fast".to_owned());
    }
    for (number, real) in ["10.80.1.9", "10.100.0.9"].iter().enumerate() {
        let service = format!("set service s{number}");
        lines.extend([
            format!("{service} address 10.80.1.10{number}:80"),
            format!("{service} protocol tcp"),
            format!("{service} method nat"),
            format!("{service} scheduler rr"),
            format!("{service} check type tcp"),
            format!("{service} check interval 1"),
            format!("{service} real {real}:8080"),
        ]);
    }
    lines
}

fn world(mode: Mode) -> String {
    let rate = if mode == Mode::Ieee8023ad {
        "lacp_rate fast"
    } else {
        ""
    };
    format!(
        "(set -e
ip link add bond0 type bond mode {mode} miimon 100 {rate}
for nic in eth0 eth1; do
ethtool -s $nic speed 10000 duplex full
ip link set $nic master bond0; done
ip link set bond0 up
ip link add link bond0 name bond0.{VLAN} type vlan id {VLAN}
ip link set bond0.{VLAN} up
ip address add 10.80.1.9/24 dev bond0
ip address add 10.100.0.9/24 dev bond0.{VLAN}
httpd -p 8080 -h /tmp)"
    )
}

fn story(mode: Mode) -> Result<()> {
    let room = tempfile::tempdir()?;
    let mut stage = Stage::raise(room.path(), mode)?;
    stage.check()?;
    let stations = stage.switch.fdb();
    let tagged = stations.iter().filter(|station| station.vlan == VLAN);
    ensure!(tagged.count() >= 2, "who is in the VLAN: {stations:?}");
    let (member, lost) = stage.ping_over_a_cut()?;
    println!("{mode}: {lost} of {PINGS} tagged pings lost over a cut");
    ensure!(lost <= CUT_COSTS, "{lost} of {PINGS}");
    stage.check()?;
    stage.set_carrier(End::Box, member, true)?;
    stage.check()?;
    stage.set_carrier(End::Guest, 0, false)?;
    stage.check()?;
    stage.set_carrier(End::Guest, 0, true)?;
    stage.check()
}

#[test]
#[ignore = "needs QEMU, FOURFOLD_GUEST and FOURFOLD_IMAGE"]
fn a_vlan_on_an_aggregation_carries_ping_and_tcp_both_ways_while_members_are_cut() -> Result<()> {
    story(Mode::Ieee8023ad)
}

#[test]
#[ignore = "needs QEMU, FOURFOLD_GUEST and FOURFOLD_IMAGE"]
fn a_vlan_on_an_active_backup_bond_carries_ping_and_tcp_both_ways_while_members_are_cut()
-> Result<()> {
    story(Mode::ActiveBackup)
}
