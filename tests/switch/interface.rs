//! Ports on interfaces: what they hear, and that frames cross veth as they are.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::switch::{Config, Switch, control};
use tests::userns::{Host, Program, World};
use tests::wait;

use crate::lan::{frame, mac, tagged};
use crate::world::{LIMIT, Stage, helper, ping};

/// The program `switch` in a host: a wire from its `eth0` to a socket that the test has.
struct Wire {
    program: Program,
    room: PathBuf,
    far: UnixDatagram,
}

impl Wire {
    fn lay(host: &Host, room: PathBuf) -> Result<Self> {
        let at = |name: &str| room.join(name);
        let config = json!({"ports": [{"name": "eth0", "cable": {"interface": "eth0"}},
            {"name": "far", "cable": {"datagram": {"guest": at("far"), "switch": at("far.switch")}}}]});
        fs::write(at("switch.json"), config.to_string())?;
        let paths = [at("switch.json"), at("control")].map(|path| path.display().to_string());
        let program = host.start(env!("CARGO_BIN_EXE_switch"), &paths, &at("log"))?;
        wait::until("the switch in the host", LIMIT, || {
            at("control").exists().then_some(())
        })?;
        let far = UnixDatagram::bind(at("far"))?;
        Ok(Self { program, room, far })
    }

    /// Whether a station was heard at `eth0`.
    fn has_heard(&self, mac: &str) -> Result<bool> {
        let control = self.room.join("control");
        let fdb = control::ask(&control, &control::Command::Fdb)?;
        let at: Vec<&Value> = fdb.as_array().context("a list")?.iter().collect();
        let heard = at.iter().filter(|station| station["at"] == "eth0");
        Ok(heard.map(|station| &station["mac"]).any(|one| one == mac))
    }
}

/// The address of a host's interface.
fn mac_of(host: &Host) -> Result<String> {
    let shown = host.output("ip", &["-json", "link", "show", "dev", "eth0"])?;
    let shown: Value = serde_json::from_str(&shown)?;
    Ok(shown[0]["address"]
        .as_str()
        .context("an address")?
        .to_owned())
}

/// Sends a frame to a switch's socket; whether it arrives somewhere, as it is, before any of its kind.
fn crosses(from: &UnixDatagram, switch: &Path, to: &UnixDatagram, sent: &[u8]) -> Result<()> {
    from.send_to(sent, switch)?;
    to.set_read_timeout(Some(LIMIT))?;
    let mut buffer = [0; 2048];
    loop {
        let length = to.recv(&mut buffer).context("the frame did not arrive")?;
        if &buffer[..length] == sent {
            return Ok(());
        }
        // A host's kernel says things of its own.
        let ours = buffer[..length].windows(2).any(|two| two == [0x88, 0xb5]);
        ensure!(!ours, "it arrived as {:?}", &buffer[..length]);
    }
}

/// On veth kernels take the tag out of the frame.
#[test]
#[ignore = "needs user namespaces, iproute2 and ethtool"]
fn a_tag_survives_the_way_into_a_host_and_out_of_it() -> Result<()> {
    let world = World::start(&helper())?;
    let (host, socket) = world.host("host")?;
    let room = world.room("room")?;
    let [guest, near_switch, far_switch] =
        ["near", "near.switch", "far.switch"].map(|name| room.join(name));
    let wire = Wire::lay(&host, room)?;
    let config = Config::new().socket("host", socket);
    let _switch = Switch::start(config.datagram("near", &guest, &near_switch))?;
    let near = UnixDatagram::bind(guest)?;
    for (number, vlan) in (1..).zip([1, 100]) {
        let [there, back] = [(1, 2), (2, 1)].map(|(a, b)| tagged(vlan, mac(a), mac(b), number));
        crosses(&near, &near_switch, &wire.far, &there)?;
        crosses(&wire.far, &far_switch, &near, &back)?;
    }
    let [there, back] = [(1, 2), (2, 1)].map(|(a, b)| frame(mac(a), mac(b), 9));
    crosses(&near, &near_switch, &wire.far, &there)?;
    crosses(&wire.far, &far_switch, &near, &back)
}

#[test]
#[ignore = "needs user namespaces, iproute2, ethtool and ping"]
fn a_port_on_an_interface_hears_what_comes_in_there_and_not_what_goes_out() -> Result<()> {
    let stage = Stage::raise(&["one", "two"])?;
    let wire = Wire::lay(&stage.hosts[1], stage.world.room("room")?)?;
    let [one, two] = [mac_of(&stage.hosts[0])?, mac_of(&stage.hosts[1])?];
    ping(&stage.hosts[1], 0)?;
    assert!(
        stage
            .switch
            .fdb()
            .iter()
            .any(|one| one.mac.to_string() == two)
    );
    assert_eq!(
        (wire.has_heard(&one)?, wire.has_heard(&two)?),
        (true, false)
    );
    drop(wire.program);
    Ok(())
}

#[test]
#[ignore = "needs user namespaces, iproute2 and ethtool"]
fn an_interface_takes_everybodys_frames_as_long_as_a_port_is_on_it() -> Result<()> {
    let world = World::start(&helper())?;
    let (_host, socket) = world.host("host")?;
    let promiscuity = || -> Result<bool> {
        let shown = world
            .middle()
            .output("ip", &["-d", "link", "show", "dev", "host"])?;
        ensure!(shown.contains("promiscuity"), "{shown}");
        Ok(!shown.contains("promiscuity 0"))
    };
    assert!(promiscuity()?);
    drop(socket);
    assert!(!promiscuity()?);
    Ok(())
}
