//! Interfaces that bondd loses, gets back, or never had.

use anyhow::Result;
use bond::Why;
use tests::lab::MEMBERS;
use tests::namespace::Namespace;
use tests::ovs::LacpRate;

use crate::bondd::{ALL, Bonding};

/// Moves an interface; it arrives as new: down and unprepared.
fn move_interface(name: &str, from: &Namespace, to: &Namespace) -> Result<()> {
    from.ip(&[format!("link set dev {name} netns {}", to.name())])
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_member_that_disappears_is_down_and_comes_back_under_its_name() -> Result<()> {
    let bonding = Bonding::raise_fast()?;
    let (appliance, elsewhere) = (bonding.lab.appliance(), bonding.lab.cable_namespace());
    move_interface(MEMBERS[0], appliance, elsewhere)?;
    bonding.wait_for_cables(&[1])?;
    assert_eq!(bonding.bond()?.members[0].why, Some(Why::Missing));
    move_interface(MEMBERS[0], elsewhere, appliance)?;
    bonding.wait_for_cables(&ALL)?;
    // So quickly that only the kernel's message tells of it.
    move_interface(MEMBERS[0], appliance, elsewhere)?;
    move_interface(MEMBERS[0], elsewhere, appliance)?;
    bonding.wait_for_cables(&[1])?;
    bonding.wait_for_cables(&ALL)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_member_that_is_missing_at_the_start_is_a_fault_and_nothing_starts() -> Result<()> {
    let bonding = Bonding::prepare(LacpRate::Fast, LacpRate::Fast)?;
    let gone = MEMBERS[1];
    bonding
        .lab
        .appliance()
        .ip(&[format!("link delete dev {gone}")])?;
    let output = bonding.command()?.output()?;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(gone), "{said}");
    Ok(())
}
