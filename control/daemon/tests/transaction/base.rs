//! A commit that says what it was edited from.

use control::configure::{self, Commit, ConfigureError};

use crate::stage::{Stage, text};

fn commit_from(stage: &Stage, base: u32, weight: u32) -> Result<Commit, ConfigureError> {
    let comment = Some("maglev for web");
    let (dir, base, text) = (stage.folder.path(), text(base), text(weight));
    configure::commit_from(dir, &base, "new.toml", &text, None, comment)
}

#[test]
fn what_was_edited_from_the_running_configuration_is_committed() {
    let stage = Stage::new();
    commit_from(&stage, 2, 3).expect("a commit");
    stage.runs(&text(3));
    commit_from(&stage, 3, 4).expect("a commit");
    stage.runs(&text(4));
}

#[test]
fn what_was_edited_from_another_is_refused_with_when_and_why_that_one_went() {
    let stage = Stage::new();
    commit_from(&stage, 2, 3).expect("a commit");
    for minutes in [None, Some(5)] {
        let dir = stage.folder.path();
        let refused = configure::commit_from(dir, &text(2), "new.toml", &text(4), minutes, None);
        let refused = refused.expect_err("it was committed").to_string();
        let begin = "not committed: commit 2 of ";
        assert!(refused.starts_with(begin), "{refused}");
        let rest = refused.split_once(", made 20").expect("a time").1;
        let end = " UTC, \"maglev for web\" runs, and not what this was edited from: \
                   compare, and commit again";
        assert!(rest.ends_with(end), "{refused}");
    }
    stage.runs(&text(3));
}

#[test]
fn who_says_nothing_of_it_replaces_whatever_runs() {
    let stage = Stage::new();
    commit_from(&stage, 2, 3).expect("a commit");
    stage.commit(&text(4)).expect("a commit");
    stage.runs(&text(4));
}
