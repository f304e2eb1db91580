//! The management port: SSH with a key, scripts, captures, and who may come at all.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::run;
use tests::session::Session;
use tests::site::{Key, Site, one_box};
use tests::wait;

use crate::stage::{configured, directory, site};

/// The SSH server starts, and makes its keys first.
const LISTENS: Duration = Duration::from_secs(90);

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_key_opens_ssh_for_commands_scripts_and_captures_and_the_access_list_shuts_it() -> Result<()> {
    let directory = directory()?;
    let key = Key::generate(directory.path())?;
    let site = site(1)?;
    let mut lines = one_box();
    lines.extend(key.lines());
    lines.push("set bond bond0 vlan 100 addresses 10.100.0.2/24".to_owned());
    let mut machine = configured(&site, 1, &lines)?;
    site.wait_for_lacp(1, LISTENS)?;
    let port = site.ssh_port(1)?;
    let ssh = |words: &[&str]| key.ssh(port, words);
    let bonds = wait::until_ok(LISTENS, || run::output(&mut ssh(&["show bond --json"])))?;
    let bonds: Value = serde_json::from_str(&bonds).context("what `show bond --json` printed")?;
    ensure!(bonds.to_string().contains("eth2"), "{bonds}");

    let interfaces = run::output(&mut ssh(&["show interfaces"]))?;
    for role in [
        "management",
        "member of bond0",
        "bond0.100",
        "10.100.0.2/24",
    ] {
        ensure!(
            interfaces.contains(role),
            "{role} is missing:\n{interfaces}"
        );
    }
    let script = "# a comment\nconfigure\nset system host_name lb9\ncommit\nexit\nshow version\n";
    let said = run::output_with_input(&mut ssh(&[]), script)?;
    ensure!(said.contains("lb9"), "{said}");
    captured(
        &site,
        &mut ssh(&["capture bond0 count 20"]),
        directory.path(),
    )?;

    // Nobody but 192.0.2.1 may come from here on; a session at the serial console puts it right again.
    let mut session = Session::resumed(&mut machine.serial)?;
    session.configure(["set management allow 192.0.2.1/32"])?;
    ensure!(
        run::output(&mut ssh(&["show version"])).is_err(),
        "the access list let 10.0.2.2 in"
    );
    session.configure(["set management allow 10.0.2.0/24"])?;
    run::output(&mut ssh(&["show version"]))?;
    Ok(())
}

/// Requests through the box are in a capture that a second program reads.
fn captured(site: &Site, capture: &mut Command, directory: &Path) -> Result<()> {
    let file = directory.join("bond0.pcapng");
    let output = std::fs::File::create(&file).context("a file for the capture")?;
    let mut capture = capture
        .stdout(output)
        .spawn()
        .context("starting the capture")?;
    let ended = wait::until_ok(LISTENS, || {
        site.volley(10)?;
        capture.try_wait()?.context("the capture goes on")
    })?;
    ensure!(ended.success(), "the capture ended with {ended}");
    let mut read = run::program("tcpdump");
    let packets = run::output(read.args(["-n", "-r"]).arg(&file))?;
    ensure!(packets.contains("10.80.1.100.80"), "{packets}");
    Ok(())
}
