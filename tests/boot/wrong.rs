//! What goes wrong with a box: it comes up with its console and says what.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::qemu::{Firmware, Machine};
use tests::run;
use tests::session::{PASSWORD, Session};
use tests::site::{Site, one_box};

use crate::stage::{configured, site, up};

/// The superblock, the journal and the files are among these first bytes of the data partition.
const NOISE: usize = 128 << 20;
const LACP: Duration = Duration::from_secs(60);

fn boot(site: &Site) -> Result<Machine> {
    let hardware = site.hardware(1, Firmware::Bios, &site.disk(1)?)?;
    let (machine, _, _) = up(&hardware, &site.room(1)?)?;
    Ok(machine)
}

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_corrupt_data_partition_is_told_and_management_comes_up_from_the_rescue_copy() -> Result<()> {
    let site = site(1)?;
    let mut lines = one_box();
    lines.push("set management interface eth0".to_owned());
    lines.push("set management addresses 10.0.2.15/24".to_owned());
    let mut machine = configured(&site, 1, &lines)?;
    // The commit has not waited for it.
    Session::resumed(&mut machine.serial)?.run_until("show log | match rescue", "written to")?;
    machine.kill();
    let (start, bytes) = data_partition(&site.disk(1)?)?;
    let disk = File::options().write(true).open(site.disk(1)?)?;
    let noise = vec![0xa5; NOISE];
    ensure!(u64::try_from(NOISE)? < bytes, "the data partition is small");
    disk.write_all_at(&noise, start)?;
    let mut machine = boot(&site)?;
    let mut session = Session::login(&mut machine.serial, PASSWORD)?;
    let version = session.run_when_ready("show version | no-more")?;
    ensure!(
        version.contains("Notice") && version.contains("factory-reset"),
        "{version}"
    );
    session.run_until("show interfaces | no-more", "10.0.2.15/24")?;
    // The way out that the notice names.
    session.type_only("request factory-reset --yes")?;
    let mut session = Session::open(&mut machine.serial)?;
    let version = session.run_when_ready("show version | no-more")?;
    ensure!(!version.contains("Notice"), "{version}");
    Ok(())
}

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_torn_configuration_is_told_and_the_last_whole_one_runs() -> Result<()> {
    let site = site(1)?;
    configured(&site, 1, &one_box())?.kill();
    let disk = site.disk(1)?;
    let torn = site.room(1)?.join("torn.toml");
    let (start, _) = data_partition(&disk)?;
    let device = format!("{}?offset={start}", disk.display());
    let debugfs = |request: &str| {
        let mut debugfs = run::program("debugfs");
        run::output(debugfs.args(["-w", "-R", request, &device]))
    };
    // A box that was switched off at once has its last writes in the journal.
    run::output(run::program("e2fsck").args(["-f", "-y", &device])).ok();
    debugfs(&format!("dump /config/fourfold.toml {}", torn.display()))?;
    let whole = std::fs::read(&torn)?;
    let half = whole.get(..whole.len() / 2).context("half of the file")?;
    std::fs::write(&torn, half)?;
    debugfs("rm /config/fourfold.toml")?;
    debugfs(&format!("write {} /config/fourfold.toml", torn.display()))?;

    let mut machine = boot(&site)?;
    let mut session = Session::login(&mut machine.serial, PASSWORD)?;
    let version = session.run_when_ready("show version | no-more")?;
    ensure!(
        version.contains("fourfold.toml"),
        "the notice names the file: {version}"
    );
    let running = session.run_when_ready("show configuration | no-more")?;
    ensure!(running.len() > half.len(), "{running}");
    site.wait_for_lacp(1, LACP)?;
    let outcome = site.volley(100)?;
    ensure!((outcome.right(), outcome.failed) == (100, 0), "{outcome:?}");
    Ok(())
}

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_missing_nic_is_told_and_the_others_keep_their_names_and_carry_on() -> Result<()> {
    let site = site(1)?;
    configured(&site, 1, &one_box())?.kill();
    let mut hardware = site.hardware(1, Firmware::Bios, &site.disk(1)?)?;
    hardware.nics.retain(|nic| nic.id != "eth1");
    let (mut machine, _, _) = up(&hardware, &site.room(1)?)?;
    let mut session = Session::login(&mut machine.serial, PASSWORD)?;
    let interfaces = session.run_when_ready("show interfaces | no-more")?;
    let line = |name: &str| {
        interfaces
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default()
    };
    ensure!(line("eth1").contains("missing"), "{interfaces}");
    ensure!(line("eth2").contains("52:54:00:04:01:02"), "{interfaces}");
    site.switch.wait_for_carrying("lb1", &["lb1-eth2"], LACP)?;
    let outcome = site.volley(100)?;
    ensure!((outcome.right(), outcome.failed) == (100, 0), "{outcome:?}");
    // Other things can still be committed.
    let said = session.configure(["set system host_name lb7"])?;
    ensure!(!said.contains("refused"), "{said}");
    Ok(())
}

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_wrong_password_is_slowed_down_and_logged() -> Result<()> {
    let site = site(1)?;
    let mut machine = configured(&site, 1, &["set system host_name lb1".to_owned()])?;
    let mut session = Session::resumed(&mut machine.serial)?;
    session.type_only("exit")?;
    session.expect(" login: ", LACP)?;
    let mut waits = Vec::new();
    for _ in 0..2 {
        session.type_only("admin")?;
        session.expect("Password: ", LACP)?;
        let typed = Instant::now();
        session.type_only("wrong horse")?;
        session.expect("Login incorrect", LACP)?;
        waits.push(typed.elapsed());
        session.expect(" login: ", LACP)?;
    }
    println!("a wrong password costs {waits:?}");
    ensure!(
        waits.iter().all(|wait| *wait >= Duration::from_secs(1)),
        "{waits:?}"
    );
    let mut session = Session::login(&mut machine.serial, PASSWORD)?;
    let log = session.run("show log | match admin")?;
    ensure!(log.contains("wrong password"), "{log}");
    change_password(&mut session, "battery staple")?;
    session.type_only("exit")?;
    session.expect(" login: ", LACP)?;
    Session::login(&mut machine.serial, "battery staple")?;
    Ok(())
}

fn change_password(session: &mut Session<'_>, password: &str) -> Result<()> {
    session.type_only("request password")?;
    for question in ["Set the password of admin:", "again:"] {
        session.expect(question, LACP)?;
        session.type_only(password)?;
    }
    session.expect("The password is set.", LACP)?;
    session.run("").map(|_| ())
}

/// Where the third partition begins and how long it is, in bytes.
fn data_partition(disk: &Path) -> Result<(u64, u64)> {
    const THIRD: u64 = 2 * 512 + 2 * 128;
    let file = File::open(disk).with_context(|| format!("opening {}", disk.display()))?;
    let lba = |at: u64| -> Result<u64> {
        let mut bytes = [0; 8];
        file.read_exact_at(&mut bytes, THIRD + at)
            .context("reading the partition table")?;
        Ok(u64::from_le_bytes(bytes))
    };
    let (first, last) = (lba(32)?, lba(40)?);
    ensure!(first > 0, "there is no third partition");
    Ok((first * 512, (last - first + 1) * 512))
}
