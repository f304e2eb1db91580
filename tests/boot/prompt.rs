//! Every firmware and controller that boxes have leads to the console's question.

use anyhow::Result;
use tests::qemu::{Controller, Disk, Firmware, Hardware, Model, Nic, Wire};
use tests::session::{Door, Session};

use crate::stage::{directory, image, up};

/// Boots a new disk with this hardware to the question for the first password, logs in and looks for the NIC.
fn reaches_its_prompt(
    name: &str,
    firmware: Firmware,
    controller: Controller,
    model: Model,
) -> Result<()> {
    let directory = directory()?;
    let disk = directory.path().join("disk.img");
    image()?.flash(&disk)?;
    let hardware = Hardware {
        firmware,
        disk: Some(Disk {
            path: disk,
            controller,
        }),
        nics: vec![Nic {
            id: "eth0".to_owned(),
            model,
            mac: "52:54:00:04:01:00".to_owned(),
            wire: Wire::Loopback {
                forward: Vec::new(),
            },
        }],
        memory: 1024,
    };
    let (mut machine, door, seconds) = up(&hardware, directory.path())?;
    println!("{name}: the console asks after {seconds:.1} s");
    assert_eq!(door, Door::FirstBoot);
    let mut session = Session::first(&mut machine.serial)?;
    let interfaces = session.run_when_ready("show interfaces | no-more")?;
    assert!(interfaces.contains("52:54:00:04:01:00"), "{interfaces}");
    let version = session.run_when_ready("show version | no-more")?;
    assert!(version.contains("Slot       a"), "{version}");
    assert!(
        !version.contains("Notice"),
        "a new box has nothing wrong: {version}"
    );
    Ok(())
}

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_bios_box_with_virtio_reaches_its_prompt() -> Result<()> {
    reaches_its_prompt(
        "BIOS, virtio-blk",
        Firmware::Bios,
        Controller::VirtioBlk,
        Model::VirtioNet,
    )
}

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_uefi_box_with_virtio_reaches_its_prompt() -> Result<()> {
    reaches_its_prompt(
        "UEFI, virtio-blk",
        Firmware::Uefi,
        Controller::VirtioBlk,
        Model::VirtioNet,
    )
}

#[test]
#[ignore = "boots the image in QEMU (cargo xtask test)"]
fn a_bios_box_with_e1000e_and_nvme_reaches_its_prompt() -> Result<()> {
    reaches_its_prompt(
        "BIOS, NVMe, e1000e",
        Firmware::Bios,
        Controller::Nvme,
        Model::E1000e,
    )
}
