//! `cargo xtask boot`: the image in QEMU on this terminal, with a switch, two web servers and a client
//! around it, and no root anywhere.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tests::client::door;
use tests::image::Image;
use tests::qemu::{self, Firmware};
use tests::site::{self, Site};

use crate::{image, setup, workspace};

/// Boots the image on this terminal until QEMU ends (Ctrl-A X, or `request poweroff`).
pub fn run(uefi: bool, fresh: bool) -> Result<()> {
    setup::run()?;
    let image = image::build(None, recipe::Progress::Shown)?;
    let site = Site::raise(&world()?, 1)?;
    let disk = disk()?;
    if fresh || !disk.exists() {
        Image::new(&image.path).flash(&disk)?;
    }
    let firmware = if uefi { Firmware::Uefi } else { Firmware::Bios };
    let hardware = site.hardware(1, firmware, &disk)?;
    introduce(&site, &disk)?;
    let status = qemu::on_terminal(&hardware, &site.room(1)?)?
        .status()
        .context("starting QEMU")?;
    ensure!(status.success(), "QEMU ended with {status}");
    Ok(())
}

/// The box's disk, kept from one run to the next.
fn disk() -> Result<PathBuf> {
    let directory: PathBuf = workspace::metadata()?.target_directory.join("boot").into();
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("creating {}", directory.display()))?;
    Ok(directory.join("disk.img"))
}

/// The program that holds the world of the client and the servers, built.
fn world() -> Result<PathBuf> {
    let status = workspace::cargo()?
        .args(["build", "--quiet", "--package", "tests", "--bin", "world"])
        .status()
        .context("starting cargo")?;
    ensure!(
        status.success(),
        "building the program `world` ended with {status}"
    );
    Ok(workspace::metadata()?
        .target_directory
        .join("debug/world")
        .into())
}

fn introduce(site: &Site, disk: &Path) -> Result<()> {
    let port = site.ssh_port(1)?;
    let door = door::open(&site.client, site::vip()?)?;
    println!(
        "
A box with three NICs: eth0 for management, eth1 and eth2 into a switch with LACP. Its disk is
{}; it keeps what you commit. Ctrl-A X takes the power away.

At the first boot it asks for a password. Log in as admin; this makes a first service:

  configure
  set management interface eth0
  set management addresses 10.0.2.15/24
  set management gateway 10.0.2.2",
        disk.display()
    );
    let lines = site::bond_lines("10.80.1.2", site::GATEWAY);
    for line in lines.iter().chain(&site::service_lines("rr")) {
        println!("  {line}");
    }
    println!(
        "  set service web check type http
  set service web check interval 1
  set service web check path /body
  compare
  commit
  exit
  monitor service

Then, in other terminals:
  curl -sI http://127.0.0.1:{door}/body    asks http://{}/body as the client; X-Real names who answered
  ssh -p {port} admin@127.0.0.1          the same console over SSH
",
        site::VIP
    );
    Ok(())
}
