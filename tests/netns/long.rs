//! A bond of MTU 9,000: bodies of many megabytes in frames of several chunks, while members are cut and
//! the forwarder is killed.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, ensure};
use bond::Mode;
use nix::sys::signal::Signal;
use tests::appliance::binaries;
use tests::bonding::{BOND, Bonding, REAL, VIP};
use tests::client::Client;
use tests::client::http::Connection;
use tests::prove;
use tests::real::{LARGE, LARGE_BYTES, Real, content, sha256};
use tests::{host, run};

const MTU: u16 = 9_000;
/// What a frame of one chunk carried at most: 3,500 bytes less the headers.
const ONE_CHUNK: usize = 3_446;
/// The address of the service by direct routing, which the real has on its loopback.
const DIRECT: Ipv4Addr = Ipv4Addr::new(10, 90, 0, 101);
const PORT: u16 = 80;

struct Stage {
    client: Client,
    real: Real,
    lab: Bonding,
}

impl Stage {
    fn raise(mode: Mode, options: &str) -> Result<Self> {
        let options = format!(
            "mtu = {MTU}\n{options}\n[service.direct]\nprotocol = \"tcp\"\naddress = \"{DIRECT}:{PORT}\"\n\
             method = \"dr\"\nscheduler = \"rr\"\n[service.direct.real.\"{REAL}:{PORT}\"]\n"
        );
        let lab = Bonding::raise(&binaries()?, mode, 2, &options)?;
        lab.set_mtu(MTU)?;
        let interface = host::INTERFACE;
        lab.real.sysctl(&[
            ("ipv4/conf/all/arp_ignore", "1"),
            ("ipv4/conf/all/arp_announce", "2"),
        ])?;
        // What it answers by direct routing goes to the client at once, all else by the bond.
        lab.real.ip(&[
            format!("address add {DIRECT}/32 dev lo"),
            format!("rule add from {DIRECT} table 100"),
            format!("route add 10.90.0.0/24 dev {interface} table 100"),
        ])?;
        Ok(Self {
            client: Client::start(&lab.client)?,
            real: Real::start("r1", &lab.real, &lab.room("r1")?)?,
            lab,
        })
    }

    /// What the forwarder has received and sent by all members.
    fn frames(&self) -> Result<usize> {
        let of_member = |member| self.lab.frames(member).map(|(rx, _)| rx);
        let frames: u64 = (0..self.lab.members())
            .map(of_member)
            .sum::<Result<u64>>()?;
        Ok(frames.try_into()?)
    }

    fn ping(&self, address: Ipv4Addr, data: usize) -> Result<String> {
        let mut ping = self.lab.client.command("ping");
        let data = data.to_string();
        ping.args(["-M", "do", "-c", "3", "-i", "0.2", "-W", "1", "-s", &data]);
        run::output(ping.arg(address.to_string()))
    }

    /// Fetches the large body through NAT so often, while `meanwhile` happens.
    fn fetch(&self, times: usize, meanwhile: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        let expected = sha256(&content(LARGE_BYTES));
        let running = self.client.spawn(async move {
            for _ in 0..times {
                let mut connection = Connection::open(SocketAddr::from((VIP, PORT))).await?;
                connection.get(LARGE).await?.check(&expected)?;
            }
            Ok(())
        });
        meanwhile(self)?;
        self.client.finish(running)
    }

    /// Sends a large body by direct routing: the answers do not come by here.
    fn upload(&self, name: &str) -> Result<()> {
        let body = content(LARGE_BYTES);
        let (digest, path) = (sha256(&body), format!("/upload/{name}"));
        let answer = self.client.run(async move {
            let mut connection = Connection::open(SocketAddr::from((DIRECT, PORT))).await?;
            connection.put(&path, body.into()).await
        })?;
        ensure!(answer.status == 201, "status {}", answer.status);
        ensure!(
            self.real.uploaded(name) == Some(digest),
            "another body arrived"
        );
        Ok(())
    }
}

fn story(mode: Mode, options: &str) -> Result<()> {
    let stage = Stage::raise(mode, options)?;
    for (address, what) in [(BOND, "the host"), (VIP, "the forwarder")] {
        let said = stage.ping(address, 8_900);
        ensure!(
            said.is_ok(),
            "{what} answers no long echo request: {said:?}"
        );
    }
    ensure!(stage.ping(BOND, 9_000).is_err(), "longer than the MTU");

    let before = stage.frames()?;
    stage.fetch(1, |_| Ok(()))?;
    let fetched = stage.frames()? - before;
    // Requests and acknowledgements count, too.
    ensure!(
        fetched < LARGE_BYTES / ONE_CHUNK,
        "{fetched} frames for {LARGE_BYTES} bytes: they were short"
    );
    let before = stage.frames()?;
    stage.upload("whole")?;
    let uploaded = stage.frames()? - before;
    ensure!(
        uploaded < LARGE_BYTES / ONE_CHUNK,
        "{uploaded} frames for {LARGE_BYTES} bytes: they were short"
    );
    println!("{mode}: {LARGE_BYTES} bytes in {fetched} frames by NAT and {uploaded} by DR");

    let times = if prove::is_asked() { 100 } else { 20 };
    stage.fetch(times, |stage| {
        for member in 0..stage.lab.members() {
            stage.lab.cut(member)?;
            stage.upload(&format!("cut{member}"))?;
            stage.lab.heal(member)?;
        }
        stage.lab.appliance().signal("lvsd", Signal::SIGKILL)?;
        stage.upload("killed")
    })
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn bodies_in_long_frames_are_whole_over_lacp_while_members_are_cut() -> Result<()> {
    let options = "lacp_rate = \"fast\"\nxmit_hash_policy = \"layer3+4\"";
    story(Mode::Ieee8023ad, options)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn bodies_in_long_frames_are_whole_with_an_active_backup_that_is_cut() -> Result<()> {
    story(Mode::ActiveBackup, "")
}
