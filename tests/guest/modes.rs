//! Every mode but LACP against the same mode of the kernel's bonding.

use anyhow::{Result, ensure};
use bond::Mode;
use tests::appliance::binaries;
use tests::bonding::Told;
use tests::guest::facing::Facing;

use crate::story::{CUTS, Part, check, print, tell};

fn story(mode: Mode, options: &str, of_guest: &str) -> Result<Told<Part>> {
    let mut facing = Facing::raise(&binaries()?, mode, options, of_guest)?;
    let told = tell(&mut facing)?;
    print(&told, mode);
    check(&told, mode)?;
    Ok(told)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn balance_rr_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    story(Mode::BalanceRr, "", "").map(drop)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn active_backup_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    story(Mode::ActiveBackup, "", "").map(drop)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn balance_xor_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    let options = "xmit_hash_policy = \"layer3+4\"";
    story(Mode::BalanceXor, options, "xmit_hash_policy layer3+4").map(drop)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn broadcast_loses_nothing_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    let told = story(Mode::Broadcast, "", "")?;
    for (way, part) in (0..2).flat_map(|way| CUTS.map(|part| (way, part))) {
        let count = told.of(part, way);
        ensure!(count.lost == 0, "{part:?}: {count}");
    }
    Ok(())
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn balance_tlb_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    story(Mode::BalanceTlb, "", "").map(drop)
}

#[test]
#[ignore = "needs root, QEMU and FOURFOLD_GUEST"]
fn balance_alb_carries_traffic_with_the_kernels_while_cables_are_pulled() -> Result<()> {
    story(Mode::BalanceAlb, "", "").map(drop)
}
