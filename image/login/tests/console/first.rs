//! A box on which nobody has a password.

use std::fs;
use std::time::Duration;

use control::configure::digest;

use crate::daemons;
use crate::stage::{HASH, Stage};

const BOUND: Duration = Duration::from_secs(60);
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1lWzQ0rM4L0S8a5m8tN7vY4tq2bqVQ3y1m3nC2Lw0d me@desk";

#[test]
fn the_first_who_comes_sets_the_password_and_a_key_and_then_logs_in_with_it() {
    let stage = Stage::new("[system]\nhost_name = \"lb1\"\n");
    let base = digest(&fs::read_to_string(stage.config()).expect("a file"));
    let commits = daemons::ctld(&stage.run_dir(), &stage.config());
    let mut operator = stage.sit_down();
    let banner = operator.answer("Set the password of admin:", "short");
    assert!(banner.contains("nobody can log in"), "{banner}");
    operator.until("at least 8 characters");
    operator.answer("Set the password of admin:", "correct horse");
    operator.answer("again:", "correct house");
    operator.until("not the same");
    operator.answer("Set the password of admin:", "correct horse");
    operator.answer("again:", "correct horse");
    operator.answer("SSH public key (empty: none):", "ssh-ed25519 AAAA me");
    let why = operator.answer("SSH public key (empty: none):", KEY);
    assert!(why.contains("This is none. Legal is a public key"), "{why}");
    let end = operator.until("The password is set.");
    assert!(!end.contains("horse"), "it was seen: {end}");
    let commit = commits.recv_timeout(BOUND).expect("a commit");
    assert_eq!(commit["comment"], "the first password");
    assert_eq!(commit["base"], base);
    assert!(commit["confirmed"].is_null());
    let text = fs::read_to_string(stage.config()).expect("a file");
    assert!(
        text.contains("password = \"$6$") && text.contains(KEY),
        "{text}"
    );
    assert!(!text.contains("horse"), "{text}");
    let line = stage.said();
    assert!(
        line.starts_with("the first password of admin was set on "),
        "{line}"
    );
    operator.answer("lb1 login: ", "admin");
    operator.answer("Password: ", "correct horse");
    operator.until("shell of admin");
}

#[test]
fn nothing_but_a_password_opens_the_door() {
    let stage = Stage::new("");
    let _commits = daemons::ctld(&stage.run_dir(), &stage.config());
    let mut operator = stage.sit_down();
    for empty in ["", "admin", "       "] {
        operator.answer("Set the password of admin:", empty);
        operator.until("at least 8 characters");
    }
    operator.until("Set the password of admin:");
    operator.type_in("\u{4}");
    assert!(operator.end().success());
    assert_eq!(fs::read_to_string(stage.config()).expect("a file"), "");
}

#[test]
fn it_waits_for_ctld_and_says_so() {
    let stage = Stage::new("");
    let mut operator = stage.sit_down();
    operator.answer("Set the password of admin:", "correct horse");
    operator.answer("again:", "correct horse");
    operator.answer("SSH public key (empty: none):", "");
    operator.until("Waiting for the configuration daemon.");
    let commits = daemons::ctld(&stage.run_dir(), &stage.config());
    operator.until("The password is set.");
    commits.recv_timeout(BOUND).expect("a commit");
    operator.until("fourfold login: ");
}

#[test]
fn who_is_slower_than_another_console_changes_nothing() {
    let stage = Stage::new("");
    let commits = daemons::ctld(&stage.run_dir(), &stage.config());
    let mut operator = stage.sit_down();
    operator.answer("Set the password of admin:", "mine, not theirs");
    operator.answer("again:", "mine, not theirs");
    operator.until("SSH public key (empty: none):");
    let theirs = format!("[user.admin]\npassword = \"{HASH}\"\n");
    fs::write(stage.config(), &theirs).expect("written");
    operator.type_in("\r");
    operator.until("this one was not set");
    operator.until("fourfold login: ");
    assert_eq!(fs::read_to_string(stage.config()).expect("a file"), theirs);
    assert!(commits.try_recv().is_err(), "it was committed");
}
