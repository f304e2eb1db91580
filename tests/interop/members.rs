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
fn a_member_that_is_missing_at_the_start_is_absent_until_it_comes() -> Result<()> {
    for member in ALL {
        let mut bonding = Bonding::prepare(LacpRate::Fast, LacpRate::Fast)?;
        let gone = MEMBERS[member];
        let (appliance, elsewhere) = (bonding.lab.appliance(), bonding.lab.cable_namespace());
        move_interface(gone, appliance, elsewhere)?;
        bonding.start()?;
        bonding.wait_for_cables(&[1 - member])?;
        assert_eq!(bonding.bond()?.members[member].why, Some(Why::Missing));
        assert!(bonding.log().contains(gone), "{}", bonding.log());
        let (appliance, elsewhere) = (bonding.lab.appliance(), bonding.lab.cable_namespace());
        move_interface(gone, elsewhere, appliance)?;
        bonding.wait_for_cables(&ALL)?;
    }
    Ok(())
}
