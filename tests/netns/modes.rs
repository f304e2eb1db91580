//! Each mode on real traffic: UDP both ways with the bond's own host, TCP through a service, while
//! members are cut and silenced in turn.

use anyhow::{Result, ensure};
use bond::Mode;
use tests::appliance::binaries;
use tests::bonding::{BOND, Bonding, CLIENT, Echo, Load, Told};
use tests::prove;

/// Bursts of the stream, 10 ms each, that a part of the story takes.
const QUIET: usize = 10;
const DISTURBED: usize = 15;
/// Datagrams that one cut may cost in one direction: what is sent in 100 ms.
const CUT_COSTS: usize = 160;

/// What a part of the story does to the bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Until traffic flows.
    Begin,
    Quiet,
    Cut,
    Silent,
}

fn print(told: &Told<Part>, mode: Mode, members: usize) {
    let mode = mode.to_string();
    for (way, what) in ["out", "in "].into_iter().enumerate() {
        println!(
            "{mode:>13} of {members}, {what}: left alone {}; cut {}; silenced {}",
            told.of(Part::Quiet, way),
            told.of(Part::Cut, way),
            told.of(Part::Silent, way),
        );
    }
    println!(
        "{mode:>13} of {members}: {} blocks back by TCP",
        told.blocks
    );
}

/// Silences each member in turn and heals it, cuts it and heals it.
fn tell(lab: &Bonding) -> Result<Told<Part>> {
    let (appliance, client) = ((&lab.boxed, BOND), (&lab.client, CLIENT));
    let mut load = Load::start(appliance, client, Echo::start(lab)?, Part::Begin)?;
    load.begin(Part::Quiet, QUIET)?;
    for member in 0..lab.members() {
        load.begin(Part::Silent, 2)?;
        lab.silence(member)?;
        load.out.pass(DISTURBED)?;
        lab.heal(member)?;
        load.out.pass(2)?;
        load.begin(Part::Quiet, QUIET)?;
        load.begin(Part::Cut, 2)?;
        lab.cut(member)?;
        load.out.pass(DISTURBED)?;
        lab.heal(member)?;
        load.out.pass(QUIET)?;
        load.begin(Part::Quiet, QUIET)?;
    }
    load.finish()
}

/// What holds in every mode.
fn check(told: &Told<Part>, mode: Mode, members: usize) -> Result<()> {
    for way in 0..2 {
        let quiet = told.of(Part::Quiet, way);
        ensure!(quiet.lost == 0, "left alone: {quiet}");
        for cut in told.each(Part::Cut, way) {
            ensure!(cut.lost <= CUT_COSTS, "a cut: {cut}");
        }
        let copies = if mode == Mode::Broadcast && way == 0 {
            members - 1
        } else {
            0
        };
        ensure!(
            quiet.duplicated == quiet.sent * copies,
            "left alone: {quiet}"
        );
        for part in [Part::Cut, Part::Silent] {
            let count = told.of(part, way);
            let most = count.sent * copies;
            ensure!(count.duplicated <= most, "{part:?}: {count}");
        }
        for part in [Part::Quiet, Part::Cut, Part::Silent] {
            let count = told.of(part, way);
            let may_reorder = mode == Mode::BalanceRr && way == 0;
            ensure!(count.reordered == 0 || may_reorder, "{part:?}: {count}");
        }
    }
    Ok(())
}

/// How many members a bond has.
fn sizes() -> impl Iterator<Item = usize> {
    [2, 4]
        .into_iter()
        .filter(|members| *members == 2 || prove::is_asked())
}

fn story(mode: Mode, members: usize, options: &str) -> Result<Told<Part>> {
    let lab = Bonding::raise(&binaries()?, mode, members, options)?;
    let told = tell(&lab)?;
    print(&told, mode, members);
    check(&told, mode, members)?;
    Ok(told)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn balance_rr_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    for members in sizes() {
        let told = story(Mode::BalanceRr, members, "")?;
        // Nothing tells of a silent member: one share of what is sent is lost meanwhile.
        let silent = told.of(Part::Silent, 0);
        let share = silent.sent / members;
        ensure!(
            silent.lost <= share + CUT_COSTS * members,
            "silenced: {silent}"
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn balance_xor_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    for members in sizes() {
        let told = story(Mode::BalanceXor, members, "xmit_hash_policy = \"layer3+4\"")?;
        let silent = told.of(Part::Silent, 0);
        // The flows of the silent member are lost, and no others.
        ensure!(
            (1..silent.sent).contains(&silent.lost),
            "silenced: {silent}"
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn broadcast_loses_nothing_that_it_sends_however_members_are_cut_and_silenced() -> Result<()> {
    for members in sizes() {
        let told = story(Mode::Broadcast, members, "")?;
        for part in [Part::Cut, Part::Silent] {
            let count = told.of(part, 0);
            ensure!(count.lost == 0, "{part:?}: {count}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn active_backup_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    sizes().try_for_each(|members| story(Mode::ActiveBackup, members, "").map(drop))
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn balance_tlb_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    for members in sizes() {
        let told = story(Mode::BalanceTlb, members, "xmit_hash_policy = \"layer3+4\"")?;
        let silent = told.of(Part::Silent, 0);
        ensure!(
            (1..silent.sent).contains(&silent.lost),
            "silenced: {silent}"
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn balance_alb_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    let options = "tlb_dynamic_lb = false\nxmit_hash_policy = \"layer3+4\"";
    sizes().try_for_each(|members| story(Mode::BalanceAlb, members, options).map(drop))
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn lacp_carries_traffic_while_members_are_cut_and_silenced() -> Result<()> {
    let options = "lacp_rate = \"fast\"\nxmit_hash_policy = \"layer3+4\"";
    sizes().try_for_each(|members| story(Mode::Ieee8023ad, members, options).map(drop))
}
