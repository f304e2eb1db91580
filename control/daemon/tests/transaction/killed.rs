//! ctld killed at each step of a commit: old or new, whole, everywhere, and said.

use control::configure;

use crate::stage::{BOUND, Stage, text};
use crate::traced::{self, Change};

/// Every step, and whether the decision has been made at it.
pub const STEPS: [(&str, bool); 7] = [
    ("validated", false),
    ("preparing", false),
    ("prepared", false),
    ("journalled", false),
    ("running", true),
    ("committing", true),
    ("committed", true),
];

/// Kills ctld at the step of a commit of `text(3)`.
pub fn killed_at(step: &str, minutes: Option<u32>) -> Stage {
    let mut stage = Stage::new();
    stage.hold(step);
    let folder = stage.folder.path().to_owned();
    let commit =
        std::thread::spawn(move || configure::commit(&folder, "new.toml", &text(3), minutes, None));
    stage.held();
    stage.kill();
    let answer = commit.join().expect("no panic");
    assert!(answer.is_err(), "an answer before it was true: {answer:?}");
    stage
}

fn started_again(step: &str, minutes: Option<u32>) -> Stage {
    let mut stage = killed_at(step, minutes);
    stage.start();
    stage
}

#[test]
fn at_every_step_it_is_old_or_new_and_whole_and_said() {
    for (step, decided) in STEPS {
        let stage = started_again(step, None);
        // The first answer comes after the daemons have been settled, and says what happened.
        let next = stage.commit(&text(if decided { 3 } else { 2 }));
        let next = next.unwrap_or_else(|error| panic!("{step}: {error}"));
        assert_eq!(next.committed, None, "{step}: another one runs");
        stage.runs(&text(if decided { 3 } else { 2 }));
        let said = match step {
            "journalled" => "is undone: the old configuration runs",
            "running" | "committing" | "committed" => "is finished: the new configuration runs",
            _ => "",
        };
        let notes = next.notes.join("\n");
        assert!(notes.ends_with(said), "{step}: {notes}");
        assert_eq!(notes.is_empty(), said.is_empty(), "{step}: {notes}");
        assert!(stage.log().contains(said), "{step}: {}", stage.log());
        assert_eq!(stage.path("history/0002.toml").exists(), decided, "{step}");
        // Said once, and what comes next works.
        let after = stage.commit(&text(4)).expect("a commit");
        assert_eq!(after.notes, [""; 0], "{step}");
        stage.runs(&text(4));
        stage.rollback(1).expect("a rollback");
        stage.runs(&text(if decided { 3 } else { 2 }));
    }
}

#[test]
fn a_trial_is_armed_exactly_when_its_commit_was_decided() {
    for (step, decided) in STEPS {
        let stage = started_again(step, Some(5));
        let confirmed = stage.confirm();
        assert_eq!(confirmed.is_ok(), decided, "{step}: {confirmed:?}");
        stage.runs(&text(if decided { 3 } else { 2 }));
    }
}

#[test]
fn at_every_step_of_a_return_it_is_old_or_new_and_whole() {
    for (step, decided) in STEPS {
        let mut stage = Stage::new();
        stage.commit(&text(3)).expect("a commit");
        stage.hold(step);
        let folder = stage.folder.path().to_owned();
        let back = std::thread::spawn(move || configure::rollback(&folder, 1));
        stage.held();
        stage.kill();
        assert!(back.join().expect("no panic").is_err());
        stage.start();
        let next = stage.commit(&text(if decided { 2 } else { 3 }));
        assert_eq!(next.expect("an answer").committed, None, "{step}");
        stage.runs(&text(if decided { 2 } else { 3 }));
    }
}

#[test]
fn an_orderly_end_waits_for_the_commit_under_way() {
    let mut stage = Stage::new();
    stage.hold("journalled");
    let folder = stage.folder.path().to_owned();
    let commit = std::thread::spawn(move || configure::commit(&folder, "x", &text(3), None, None));
    stage.held();
    let waiting = std::time::Instant::now();
    stage.go_on();
    stage.terminate();
    assert!(waiting.elapsed() < BOUND);
    commit.join().expect("no panic").expect("a commit");
    assert_eq!(stage.file(), text(3));
    assert!(!stage.path("journal").exists());
}

#[test]
fn daemons_that_have_another_configuration_get_the_running_one_at_the_start() {
    let mut stage = Stage::new();
    stage.kill();
    std::fs::write(stage.path("appliance.toml"), text(7)).expect("written");
    stage.start();
    let next = stage.commit(&text(7)).expect("an answer");
    let note = "the running file was changed by somebody else; it is commit 2 now";
    assert_eq!(next.notes, [note]);
    stage.runs(&text(7));
    stage.rollback(1).expect("what ran before");
    stage.runs(&text(2));
}

#[test]
fn what_a_commit_changes_outlives_a_loss_of_power_in_the_order_in_which_it_is_made() {
    for minutes in [None, Some(5)] {
        let stage = Stage::new();
        stage.hold("validated");
        let folder = stage.folder.path().to_owned();
        let commit = std::thread::spawn(move || {
            configure::commit(&folder, "new.toml", &text(3), minutes, None)
        });
        stage.held();
        stage.hold("committed");
        let mut changes = traced::until_stopped(stage.pid());
        stage.held();
        stage.go_on();
        commit.join().expect("no panic").expect("a commit");
        changes.retain(|change| *change != Change::Write(stage.path("log")));
        let renamed = |name: &str| {
            let to = stage.path(name);
            let is_it = |change: &Change| matches!(change, Change::Rename(_, new) if *new == to);
            changes.iter().position(is_it)
        };
        let order = ["journal", "appliance.toml", "history/0002.toml"].map(renamed);
        assert!(
            order.iter().all(Option::is_some) && order.is_sorted(),
            "{changes:#?}"
        );
        assert_eq!(renamed("confirm").is_some(), minutes.is_some());
        traced::assert_durable(stage.folder.path(), &changes);
    }
}
