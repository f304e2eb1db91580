//! Nothing of a lab is left behind, however its owner ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tests::census::Census;
use tests::lab::{Lab, directory};
use tests::ovs::LacpRate;
use tests::wait;

/// Set for the process that raises a lab for another test to end.
const VICTIM: &str = "FOURFOLD_TEST_VICTIM";
const RAISED: &str = "raised a lab";

/// The kernel removes the interfaces of a namespace a moment after its name has gone.
fn ends_with_nothing_left(before: &Census) -> Result<()> {
    wait::until_ok(Duration::from_secs(10), || {
        let left = before.left_behind();
        ensure!(left.is_empty(), "left behind: {left:?}");
        Ok(())
    })
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_dropped_lab_leaves_nothing() -> Result<()> {
    directory::sweep();
    let before = Census::take();
    let lab = Lab::raise(LacpRate::Fast)?;
    assert!(
        before.left_behind().len() > 10,
        "the census sees a raised lab"
    );
    drop(lab);
    ends_with_nothing_left(&before)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_lab_leaves_nothing_when_its_owner_panics() -> Result<()> {
    directory::sweep();
    let before = Census::take();
    let owner = std::thread::spawn(|| {
        let lab = Lab::raise(LacpRate::Fast).unwrap();
        panic!("on purpose, with {} reals", lab.reals.len());
    });
    assert!(owner.join().is_err());
    ends_with_nothing_left(&before)
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_lab_leaves_nothing_when_its_owner_is_interrupted_or_terminated() -> Result<()> {
    directory::sweep();
    let before = Census::take();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut victim = raise_in_another_process()?;
        kill(Pid::from_raw(i32::try_from(victim.id())?), signal)?;
        let status = victim.wait()?;
        assert_eq!(status.code(), Some(128 + signal as i32), "{status}");
        ends_with_nothing_left(&before)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn a_sweep_removes_what_a_killed_owner_left() -> Result<()> {
    directory::sweep();
    let before = Census::take();
    let mut victim = raise_in_another_process()?;
    victim.kill()?;
    victim.wait()?;
    assert!(
        !before.left_behind().is_empty(),
        "a killed owner cannot clean up"
    );
    assert_eq!(directory::sweep().len(), 1);
    ends_with_nothing_left(&before)
}

fn raise_in_another_process() -> Result<Child> {
    let mut child = Command::new(std::env::current_exe()?)
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "leavings::raises_a_lab_for_another_test_to_end",
        ])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().context("the victim's output")?;
    for line in BufReader::new(output).lines() {
        if line?.contains(RAISED) {
            return Ok(child);
        }
    }
    bail!("the victim ended early")
}

#[test]
#[ignore = "started by the tests above"]
fn raises_a_lab_for_another_test_to_end() -> Result<()> {
    if std::env::var_os(VICTIM).is_none() {
        return Ok(());
    }
    let _lab = Lab::raise(LacpRate::Fast)?;
    println!("{RAISED}");
    loop {
        std::thread::park();
    }
}
