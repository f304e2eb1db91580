//! `commit confirmed`: it stays when somebody confirms it, and else goes back by itself.

use std::fs;

use tests::wait;

use crate::crowd::Way;
use crate::metrics::{free, with_metrics};
use crate::stage::{BOUND, Stage, text};

/// Lets the trial's time be over: as if the box had been off that long.
fn let_it_pass(stage: &mut Stage) {
    stage.kill();
    let path = stage.path("confirm");
    let file = fs::read_to_string(&path).expect("a trial");
    let (_, body) = file.split_once('\n').expect("two lines");
    let since = body.split_once("\"since\":").expect("a time").1;
    let since = since.split_once(',').expect("a time").0;
    let body = body.replace(since, "1000");
    fs::write(&path, marked("confirm", &body)).expect("written");
}

/// As ctld marks its files.
fn marked(kind: &str, body: &str) -> String {
    let sum = body.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("# fourfold {kind} {sum:016x}\n{body}")
}

fn went_back(stage: &Stage) {
    went_back_to(stage, &text(2));
}

fn went_back_to(stage: &Stage, text: &str) {
    let shown = wait::until("the trial to end", BOUND, || {
        let shown = stage.shown();
        (shown == text).then_some(shown)
    });
    shown.unwrap_or_else(|error| panic!("{error}\n{}", stage.log()));
}

#[test]
fn a_trial_that_is_confirmed_stays() {
    let mut stage = Stage::new();
    let commit = stage.commit_confirmed(&text(3), 5).expect("a commit");
    assert!(commit.committed.expect("a change").confirm_by.is_some());
    assert!(
        stage.shown().starts_with("# commit 2 of "),
        "{}",
        stage.shown()
    );
    assert!(stage.path("confirm").exists());
    assert_eq!(stage.confirm().expect("it is on trial"), 2);
    assert!(!stage.path("confirm").exists());
    stage.runs(&text(3));
    let refused = stage.confirm().expect_err("twice");
    assert!(refused.to_string().contains("no commit is on trial"));
    stage.kill();
    stage.start();
    stage.commit(&text(4)).expect("a commit");
    stage.runs(&text(4));
}

#[test]
fn while_one_is_on_trial_another_is_refused_with_whose_it_is() {
    let stage = Stage::new();
    stage.commit_confirmed(&text(3), 5).expect("a commit");
    for refused in [
        stage.commit(&text(4)),
        stage.commit_confirmed(&text(4), 1),
        stage.rollback(2),
    ] {
        let refused = refused.expect_err("it was committed").to_string();
        assert!(refused.contains("commit 2 of "), "{refused}");
        assert!(refused.contains(" is on trial until "), "{refused}");
        assert!(
            refused.ends_with(": confirm it, or rollback 1"),
            "{refused}"
        );
    }
    assert_eq!(stage.file(), text(3));
    stage.rollback(1).expect("the way back is open");
    stage.runs(&text(2));
    assert!(!stage.path("confirm").exists());
    assert!(stage.confirm().is_err(), "the trial is over");
}

#[test]
fn a_commit_that_fails_arms_nothing() {
    let mut stage = Stage::new();
    stage.daemon("lvsd").behave(Way::Refuse("no"));
    stage.commit_confirmed(&text(3), 5).expect_err("refused");
    assert!(!stage.path("confirm").exists());
    assert!(stage.confirm().is_err());
    stage.commit_confirmed(&text(3), 0).expect_err("no time");
    stage
        .commit_confirmed(&text(3), u32::MAX)
        .expect_err("too long");
    stage.commit_confirmed(&text(2), 5).expect("nothing to do");
    assert!(
        stage.confirm().is_err(),
        "nothing changed, nothing is on trial"
    );
    stage.daemon("lvsd").behave(Way::Accept);
    stage.runs(&text(2));
}

#[test]
fn one_that_is_overdue_at_the_start_goes_back() {
    let mut stage = Stage::new();
    stage.commit_confirmed(&text(3), 5).expect("a commit");
    let_it_pass(&mut stage);
    stage.start();
    went_back(&stage);
    // Who is refused hears why; the next one, what happened.
    stage.commit("[lvs]\nqueues = 0\n").expect_err("a fault");
    let next = stage.commit(&text(2)).expect("an answer");
    assert_eq!(next.notes, ["commit 2 was not confirmed and went back"]);
    stage.runs(&text(2));
    assert!(!stage.path("confirm").exists());
}

#[test]
fn one_that_is_not_overdue_survives_a_restart() {
    let mut stage = Stage::new();
    stage.commit_confirmed(&text(3), 5).expect("a commit");
    stage.kill();
    stage.start();
    assert!(
        stage.commit(&text(4)).is_err(),
        "it is not on trial any more"
    );
    assert_eq!(stage.confirm().expect("on trial"), 2);
    stage.runs(&text(3));
}

#[test]
fn a_daemon_that_is_away_does_not_hold_up_the_way_back() {
    let mut stage = Stage::new();
    stage.commit_confirmed(&text(3), 5).expect("a commit");
    let_it_pass(&mut stage);
    stage.daemon("hostd").kill();
    stage.start();
    went_back(&stage);
    stage.daemon("hostd").revive();
    let next = stage.commit(&text(2)).expect("an answer");
    assert_eq!(next.committed, None);
    stage.runs(&text(2));
}

#[test]
fn an_address_for_metrics_that_is_gone_does_not_hold_up_the_way_back() {
    let mut stage = Stage::new();
    let address = free();
    let before = with_metrics(address);
    stage.commit(&before).expect("a commit");
    stage.commit_confirmed(&text(3), 5).expect("a commit");
    let_it_pass(&mut stage);
    let taken = std::net::TcpListener::bind(address).expect("a free port");
    stage.start();
    went_back_to(&stage, &before);
    drop(taken);
    assert_eq!(stage.file(), before);
}

#[test]
fn when_its_end_is_lost_it_goes_back_at_once() {
    let mut stage = Stage::new();
    stage.commit_confirmed(&text(3), 5).expect("a commit");
    stage.kill();
    let half = fs::read(stage.path("confirm")).expect("a trial");
    fs::write(stage.path("confirm"), &half[..half.len() / 2]).expect("written");
    stage.start();
    went_back(&stage);
    assert!(stage.path("confirm.bad").exists());
}
