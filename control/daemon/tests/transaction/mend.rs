//! `ctld --mend`: what a box that was switched off comes back with.

use std::fs;

use control::config;

use crate::killed::{STEPS, killed_at};
use crate::stage::{Stage, canonical, mending, text};

/// The stage, its ctld killed: the box was switched off.
fn switched_off(mut stage: Stage) -> Stage {
    stage.kill();
    stage
}

/// With commits 1 to 3, the last one of which runs.
fn three_commits() -> Stage {
    let stage = Stage::new();
    for weight in [3, 4] {
        stage.commit(&text(weight)).expect("a commit");
    }
    switched_off(stage)
}

fn history(stage: &Stage) -> Vec<String> {
    let files = fs::read_dir(stage.path("history")).expect("a history");
    let files = files.map(|file| file.expect("an entry").file_name());
    let mut names: Vec<String> = files
        .map(|name| name.into_string().expect("text"))
        .collect();
    names.sort();
    names
}

fn kept(stage: &Stage, number: u32) -> Vec<u8> {
    fs::read(stage.path(&format!("appliance.toml.faulty-{number}"))).expect("kept")
}

fn write(stage: &Stage, text: impl AsRef<[u8]>) {
    fs::write(stage.path("appliance.toml"), text).expect("written");
}

/// Everything starts with what was mended.
fn starts_with(mut stage: Stage, text: &str) {
    stage.start();
    stage.settled();
    stage.runs(text);
}

#[test]
fn the_first_boot_makes_an_empty_configuration_and_says_nothing_is_wrong() {
    let stage = switched_off(Stage::new());
    let (config, run) = (stage.path("data/config/f.toml"), stage.path("run"));
    for turn in 1..=2 {
        let output = mending(&config, &run).output().expect("a ctld");
        assert_eq!(output.status.code(), Some(0), "turn {turn}");
        assert_eq!(fs::read(&config).expect("made"), b"", "turn {turn}");
        assert!(stage.notices().is_empty(), "{:?}", stage.notices());
    }
    config::load(&config).expect("legal");
}

#[test]
fn what_is_whole_is_left_alone_also_what_was_edited_by_hand() {
    let stage = three_commits();
    let before = history(&stage);
    assert_eq!(stage.mend().1, Some(0));
    assert_eq!(stage.file(), text(4));
    assert_eq!((history(&stage), stage.notices()), (before, vec![]));
    let by_hand = "# mine\n".to_owned() + &text(7);
    write(&stage, &by_hand);
    assert_eq!(stage.mend().1, Some(0));
    assert_eq!(stage.file(), by_hand, "it was changed");
    let notice = "the running file was changed by somebody else; it is commit 4 now";
    assert_eq!(stage.notices(), [notice]);
}

#[test]
fn a_faulty_file_is_kept_and_the_newest_commit_runs_instead_with_a_line_of_why() {
    let stage = three_commits();
    let faulty = text(4).replacen("mode = ", "mode = 9 # ", 1);
    write(&stage, &faulty);
    let (said, status) = stage.mend();
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(stage.file(), text(4));
    assert_eq!(kept(&stage, 1), faulty.as_bytes());
    let notices = stage.notices();
    let [notice] = &notices[..] else {
        panic!("{notices:?}")
    };
    let (why, instead) = notice.split_once("; kept as ").expect("two halves");
    let place = stage.path("appliance.toml").display().to_string() + ":2: bond.bond0.mode = 9: ";
    assert!(why.starts_with(&place), "{why}");
    assert!(
        instead.starts_with("appliance.toml.faulty-1, commit 3 of "),
        "{instead}"
    );
    assert!(instead.ends_with(" UTC, runs instead"), "{instead}");
    assert!(
        said.contains(notice.as_str()),
        "not on standard error: {said}"
    );
    starts_with(stage, &text(4));
}

#[test]
fn a_file_that_is_cut_off_emptied_or_zeroed_is_replaced() {
    let written = text(16);
    let cut = written.find("16").expect("a weight") + 1;
    assert!(
        config::parse("", &written[..cut]).is_ok(),
        "legal all the same"
    );
    for bytes in [&written.as_bytes()[..cut], b"", &vec![0; written.len()]] {
        let stage = Stage::new();
        stage.commit(&written).expect("a commit");
        let stage = switched_off(stage);
        write(&stage, bytes);
        assert_eq!(stage.mend().1, Some(0));
        assert_eq!(stage.file(), written);
        assert_eq!(kept(&stage, 1), bytes);
        assert_eq!(stage.notices().len(), 1, "{:?}", stage.notices());
    }
}

#[test]
fn an_entry_that_is_damaged_or_cannot_run_is_passed_over() {
    let stage = three_commits();
    let newest = stage.path("history/0003.toml");
    let half = fs::read(&newest).expect("an entry");
    fs::write(&newest, &half[..half.len() / 2]).expect("written");
    write(&stage, "[bond");
    assert_eq!(stage.mend().1, Some(0));
    assert_eq!(stage.file(), text(3));
    assert!(
        stage.notices()[0].contains("commit 2 of "),
        "{:?}",
        stage.notices()
    );
}

#[test]
fn without_a_history_the_rescue_configuration_runs_and_without_that_an_empty_one() {
    let rescue = canonical("[lvs]\nqueues = 2\n");
    for (text, words, there) in [
        (rescue.as_str(), "the rescue configuration ", true),
        ("", "an empty configuration runs instead", false),
        ("", "an empty configuration runs instead", true),
    ] {
        let stage = three_commits();
        fs::remove_dir_all(stage.path("history")).expect("removed");
        fs::create_dir(stage.path("run")).expect("a folder");
        if there {
            let rescue = if text.is_empty() { "[lvs" } else { text };
            fs::write(stage.path("run/rescue.toml"), rescue).expect("written");
        }
        write(&stage, "[bond");
        assert_eq!(stage.mend().1, Some(0));
        assert_eq!(stage.file(), text);
        let notice = &stage.notices()[0];
        assert!(notice.contains(words), "{notice}");
    }
}

#[test]
fn a_file_that_is_gone_comes_back_from_the_history_or_the_rescue_configuration() {
    let stage = three_commits();
    fs::remove_file(stage.path("appliance.toml")).expect("removed");
    assert_eq!(stage.mend().1, Some(0));
    assert_eq!(stage.file(), text(4));
    let notice = &stage.notices()[0];
    assert!(
        notice.contains("appliance.toml: missing; commit 3 of "),
        "{notice}"
    );

    let stage = switched_off(Stage::new());
    fs::remove_dir_all(stage.path("history")).expect("removed");
    fs::remove_file(stage.path("appliance.toml")).expect("removed");
    fs::create_dir(stage.path("run")).expect("a folder");
    fs::write(stage.path("run/rescue.toml"), text(9)).expect("written");
    assert_eq!(stage.mend().1, Some(0));
    assert_eq!(stage.file(), text(9));
}

#[test]
fn a_trial_goes_back_however_much_time_it_has_and_the_history_says_why() {
    for is_damaged in [false, true] {
        let stage = Stage::new();
        stage.commit_confirmed(&text(3), 60).expect("a commit");
        let mut stage = switched_off(stage);
        if is_damaged {
            fs::write(stage.path("confirm"), "half").expect("written");
        }
        let (said, status) = stage.mend();
        assert_eq!(status, Some(0), "{said}");
        assert_eq!(stage.file(), text(2));
        assert!(!stage.path("confirm").exists() && !stage.path("journal").exists());
        let why = "commit 2 was not confirmed before the box was started again";
        let entry = fs::read_to_string(stage.path("history/0003.toml")).expect("an entry");
        assert!(entry.contains(&format!(r#""comment":"{why}""#)), "{entry}");
        let notice = format!("{why}: what ran before it runs as commit 3");
        assert_eq!(stage.notices().last(), Some(&notice));
        stage.start();
        stage.settled();
        assert!(stage.confirm().is_err(), "it is on trial");
        stage.runs(&text(2));
    }
}

#[test]
fn a_commit_that_was_confirmed_stays() {
    let stage = Stage::new();
    stage.commit_confirmed(&text(3), 60).expect("a commit");
    stage.confirm().expect("on trial");
    let stage = switched_off(stage);
    assert_eq!(stage.mend().1, Some(0));
    assert_eq!(stage.notices(), [""; 0]);
    starts_with(stage, &text(3));
}

#[test]
fn a_commit_that_was_cut_at_any_step_is_finished_or_undone_before_anything_starts() {
    for (step, decided) in STEPS {
        let stage = killed_at(step, None);
        let (said, status) = stage.mend();
        assert_eq!(status, Some(0), "{step}: {said}");
        let notices = stage.notices();
        let words = match step {
            "validated" | "preparing" | "prepared" => [].as_slice(),
            "journalled" => &["commit 2 was interrupted and is undone: the old configuration runs"],
            _ => &["commit 2 was interrupted and is finished: the new configuration runs"],
        };
        assert_eq!(notices, words, "{step}");
        starts_with(stage, &text(if decided { 3 } else { 2 }));
    }
}

#[test]
fn a_trial_that_was_cut_at_any_step_never_runs_after_it() {
    for (step, decided) in STEPS {
        let stage = killed_at(step, Some(60));
        assert_eq!(stage.mend().1, Some(0), "{step}");
        assert_eq!(stage.path("history/0003.toml").exists(), decided, "{step}");
        starts_with(stage, &text(2));
    }
}

#[test]
fn mended_twice_is_mended_once() {
    let stage = Stage::new();
    stage.commit_confirmed(&text(3), 60).expect("a commit");
    let stage = switched_off(stage);
    write(&stage, "[bond");
    assert_eq!(stage.mend().1, Some(0));
    let before = (stage.file(), history(&stage), stage.notices());
    assert_eq!(before.0, text(2));
    assert_eq!(stage.mend().1, Some(0));
    assert_eq!((stage.file(), history(&stage), stage.notices()), before);
    assert!(!stage.path("appliance.toml.faulty-2").exists());
}

#[test]
fn beside_a_ctld_it_does_nothing() {
    let stage = Stage::new();
    stage.commit_confirmed(&text(3), 60).expect("a commit");
    let (said, status) = stage.mend();
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("another ctld is at work in "), "{said}");
    assert_eq!(stage.confirm().expect("still on trial"), 2);
    stage.runs(&text(3));
}

#[test]
fn a_directory_in_which_no_lock_can_be_had_is_served_all_the_same() {
    let mut stage = switched_off(Stage::new());
    fs::remove_file(stage.path("lock")).expect("removed");
    fs::create_dir(stage.path("lock")).expect("in the way");
    stage.start();
    stage.settled();
    stage.runs(&text(2));
    assert!(stage.log().contains("ctld: open "), "{}", stage.log());
}

#[test]
fn a_directory_that_cannot_be_written_is_the_one_failure_and_a_notice() {
    let stage = switched_off(Stage::new());
    fs::write(stage.path("data"), "in the way").expect("written");
    let output = mending(&stage.path("data/f.toml"), &stage.path("run")).output();
    let output = output.expect("a ctld");
    assert_eq!(output.status.code(), Some(1));
    let notice = &stage.notices()[0];
    let begin = "the configuration could not be put in order: make ";
    assert!(notice.starts_with(begin), "{notice}");
    assert!(stage.path("data").is_file());
}
