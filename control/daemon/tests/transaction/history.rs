//! The commits that were, and the way back to them.

use std::fs;

use control::configure;
use control::diff::changes;
use control::ipc;
use control::show::{HistoryItem, Noun, Standing};
use tests::wait;

use crate::crowd::Way;
use crate::stage::{BOUND, Stage, text};

#[test]
fn a_rollback_is_a_commit_of_what_was() {
    let stage = Stage::new();
    for weight in [3, 4] {
        stage.commit(&text(weight)).expect("a commit");
    }
    let back = stage.rollback(2).expect("a rollback");
    assert_eq!(back.committed.expect("a change").id, 4);
    stage.runs(&text(2));
    stage.rollback(1).expect("and forth again");
    stage.runs(&text(4));
    let entry = fs::read_to_string(stage.path("history/0004.toml")).expect("an entry");
    assert!(
        entry.contains(r#""comment":"rollback to commit 1""#),
        "{entry}"
    );
}

#[test]
fn the_history_shows_what_a_rollback_returns_to_while_a_commit_is_under_way_too() {
    let mut stage = Stage::new();
    stage.commit_confirmed(&text(3), 5).expect("a commit");
    stage.confirm().expect("on trial");
    stage.rollback(1).expect("a rollback");
    let user = entries(&stage)[0].user.clone();
    let entry = |rollback, commit, comment: Option<&str>, standing, (added, removed)| HistoryItem {
        rollback,
        commit,
        unix: 0,
        user: if commit == 1 {
            "ctld".into()
        } else {
            user.clone()
        },
        comment: comment.map(str::to_owned),
        standing,
        added,
        removed,
    };
    let all = changes("", &text(2)).len();
    let expected = [
        entry(0, 3, Some("rollback to commit 1"), Standing::Plain, (1, 1)),
        entry(1, 2, Some("a trial"), Standing::Confirmed, (1, 1)),
        entry(2, 1, Some("found at the start"), Standing::Plain, (all, 0)),
    ];
    assert_eq!(entries(&stage), expected);
    stage.daemon("healthd").behave(Way::Hang);
    let folder = stage.folder.path().to_owned();
    let hanging = std::thread::spawn(move || configure::commit(&folder, "x", &text(4), None, None));
    wait::until("healthd to be asked", BOUND, || {
        stage.daemon("healthd").owes().then_some(())
    })
    .expect("a commit under way");
    assert_eq!(entries(&stage), expected);
    assert!(!hanging.is_finished(), "it was waited for");
    hanging.join().expect("no panic").expect_err("nobody voted");
    // The same after a restart.
    stage.kill();
    stage.start();
    assert_eq!(entries(&stage), expected);
}

/// What `show history` is told, without the times.
fn entries(stage: &Stage) -> Vec<HistoryItem> {
    let items = ipc::show::<HistoryItem>(stage.folder.path(), Noun::History, BOUND);
    let items = items.expect("an answer").map(|item| item.expect("an item"));
    items
        .map(|item| {
            assert!(item.unix > 1_700_000_000, "{item:?}");
            HistoryItem { unix: 0, ..item }
        })
        .collect()
}

#[test]
fn a_rollback_beyond_what_was_is_refused_with_what_there_is() {
    let stage = Stage::new();
    let refused = stage.rollback(1).expect_err("there is nothing");
    assert_eq!(
        refused.to_string(),
        "not committed: rollback 1: there is no commit to go back to"
    );
    for weight in [3, 4] {
        stage.commit(&text(weight)).expect("a commit");
    }
    for commits in [0, 3, u32::MAX] {
        let refused = stage.rollback(commits).expect_err("out of range");
        let legal = format!("not committed: rollback {commits}: 1 to 2");
        assert_eq!(refused.to_string(), legal);
    }
    stage.runs(&text(4));
}

#[test]
fn a_damaged_entry_is_named_and_never_used() {
    let mut stage = Stage::new();
    for weight in [3, 4] {
        stage.commit(&text(weight)).expect("a commit");
    }
    let path = stage.path("history/0002.toml");
    let whole = fs::read_to_string(&path).expect("an entry");
    fs::write(&path, whole.replace("weight = 3", "weight = 9")).expect("written");
    let refused = stage.rollback(1).expect_err("a damaged entry");
    assert!(
        refused.to_string().contains("commit 2 was damaged"),
        "{refused}"
    );
    assert!(stage.path("history/0002.toml.bad").exists());
    stage.runs(&text(4));
    // Torn and alien files keep ctld from nothing.
    stage.kill();
    fs::write(stage.path("journal"), "# fourfold journal 00\n{").expect("written");
    fs::write(stage.path("confirm"), "tomorrow").expect("written");
    fs::write(stage.path("history/0099.toml"), "alien").expect("written");
    stage.start();
    stage.rollback(1).expect("what is left of the history");
    stage.runs(&text(2));
    for bad in ["journal.bad", "confirm.bad", "history/0099.toml.bad"] {
        assert!(stage.path(bad).exists(), "{bad}");
        let name = bad.trim_end_matches(".bad");
        let lines = stage.log();
        assert_eq!(lines.matches(&format!("{name}: ")).count(), 1, "{lines}");
    }
}

#[test]
fn fifty_commits_are_kept_and_more_can_be_made() {
    let stage = Stage::new();
    for weight in 1..=60 {
        stage.commit(&text(100 + weight)).expect("a commit");
    }
    stage.runs(&text(160));
    let entries = fs::read_dir(stage.path("history")).expect("a folder");
    assert_eq!(entries.count(), 50);
    stage.rollback(49).expect("the oldest");
    stage.runs(&text(111));
}

#[test]
fn two_operators_at_once_are_served_one_after_the_other() {
    let stage = Stage::new();
    let commit = |weight| {
        let folder = stage.folder.path().to_owned();
        std::thread::spawn(move || {
            control::configure::commit(&folder, "x", &text(weight), None, None)
        })
    };
    let both = [commit(5), commit(6)].map(|commit| commit.join().expect("no panic"));
    let ids = both.map(|commit| commit.expect("a commit").committed.expect("a change").id);
    assert!(ids == [2, 3] || ids == [3, 2], "{ids:?}");
    stage.runs(&text(if ids == [2, 3] { 6 } else { 5 }));
}

#[test]
fn a_rollback_does_not_wait_for_a_daemon_that_is_dead_and_a_commit_does() {
    let mut stage = Stage::new();
    stage.commit(&text(3)).expect("a commit");
    stage.daemon("hostd").kill();
    let refused = stage.commit(&text(4)).expect_err("without hostd");
    assert!(refused.to_string().contains("hostd"), "{refused}");
    stage.rollback(1).expect("a rollback");
    assert_eq!(stage.file(), text(2));
}
