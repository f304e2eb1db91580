//! Held steps: who waits reads of them in a file.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

mod common;

use std::fs;
use std::path::PathBuf;

use common::Scratch;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use sys::spawn::{Child, Spawn};
use sys::step;

const RUN_DIR: &str = "STEP_TEST_RUN_DIR";

fn walker(scratch: &Scratch) -> Child {
    let this = std::env::current_exe().expect("this test");
    Spawn::new(this)
        .args(["--exact", "helper_that_walks_two_steps", "--ignored"])
        .env(RUN_DIR, scratch.as_ref())
        .start()
        .expect("the helper")
}

/// How it changed next: stopped or ended.
fn change(child: &Child) -> WaitStatus {
    let pid = i32::try_from(child.pid()).expect("a pid");
    waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WUNTRACED)).expect("a child of ours")
}

#[test]
fn a_held_process_says_where_and_takes_that_back_when_it_goes_on() {
    let scratch = Scratch::new();
    fs::write(scratch.path(step::HOLD), "walker/second\n").expect("written");
    let child = walker(&scratch);
    let pid = Pid::from_raw(i32::try_from(child.pid()).expect("a pid"));
    assert_eq!(change(&child), WaitStatus::Stopped(pid, Signal::SIGSTOP));
    let held = fs::read_to_string(scratch.path(step::HELD)).expect("said");
    assert_eq!(held, "walker/second");
    kill(pid, Signal::SIGCONT).expect("sent");
    assert_eq!(change(&child), WaitStatus::Exited(pid, 0));
    assert!(!scratch.path(step::HELD).exists(), "left behind");
}

#[test]
fn a_process_that_is_not_held_says_nothing() {
    let scratch = Scratch::new();
    fs::write(scratch.path(step::HOLD), "walker/third").expect("written");
    let child = walker(&scratch);
    let pid = Pid::from_raw(i32::try_from(child.pid()).expect("a pid"));
    assert_eq!(change(&child), WaitStatus::Exited(pid, 0));
    assert!(!scratch.path(step::HELD).exists(), "never held");
}

#[test]
#[ignore = "run by the tests above"]
fn helper_that_walks_two_steps() {
    let Some(run_dir) = std::env::var_os(RUN_DIR).map(PathBuf::from) else {
        return;
    };
    step::reached(&run_dir, "walker", "first");
    step::reached(&run_dir, "walker", "second");
}
