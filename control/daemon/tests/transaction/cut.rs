//! `ctld --mend`, killed before each change that it makes to the disk, and run again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;

use crate::killed::killed_at;
use crate::stage::{Stage, mending, text};
use crate::traced::{self, Change};

/// A box that was switched off, and what becomes of it.
struct Case {
    name: &'static str,
    stage: Stage,
    /// What the running file may hold, beside what it held.
    texts: Vec<String>,
}

fn cases() -> Vec<Case> {
    let case = |name, stage, texts: &[u32]| Case {
        name,
        stage,
        texts: texts.iter().map(|weight| text(*weight)).collect(),
    };
    let faulty = |mut stage: Stage| {
        stage.kill();
        fs::write(stage.path("appliance.toml"), "[bond").expect("written");
        stage
    };
    let committed = |minutes: Option<u32>| {
        let mut stage = Stage::new();
        match minutes {
            Some(minutes) => stage.commit_confirmed(&text(3), minutes),
            None => stage.commit(&text(3)),
        }
        .expect("a commit");
        stage.kill();
        stage
    };
    let first_boot = {
        let mut stage = Stage::new();
        stage.kill();
        fs::remove_dir_all(stage.path("history")).expect("removed");
        fs::remove_file(stage.path("appliance.toml")).expect("removed");
        stage
    };
    let without_history = {
        let stage = faulty(Stage::new());
        fs::remove_dir_all(stage.path("history")).expect("removed");
        fs::create_dir(stage.path("run")).expect("a folder");
        fs::write(stage.path("run/rescue.toml"), text(5)).expect("written");
        stage
    };
    let mut first = case("first boot", first_boot, &[]);
    first.texts.push(String::new());
    vec![
        first,
        case("nothing", committed(None), &[3]),
        case("faulty", faulty(committed(None)), &[3]),
        case("without a history", without_history, &[5]),
        case("trial", committed(Some(60)), &[2]),
        case("trial, faulty", faulty(committed(Some(60))), &[3, 2]),
        case("undecided", killed_at("journalled", Some(60)), &[2]),
        case("decided", killed_at("running", None), &[3]),
        case("trial decided", killed_at("running", Some(60)), &[3, 2]),
        case("trial told", killed_at("committing", Some(60)), &[3, 2]),
    ]
}

/// A copy of the box's directory, in which `ctld --mend` stops itself before it begins.
struct Copy(TempDir);

impl Copy {
    fn of(folder: &Path) -> Self {
        let copy = tempfile::tempdir().expect("a directory");
        copy_all(folder, copy.path());
        fs::create_dir_all(copy.path().join("run/fourfold")).expect("a folder");
        fs::write(copy.path().join("run/fourfold/hold"), "ctld/mending").expect("written");
        Self(copy)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn mend(&self, killed_before: Option<usize>) -> Vec<Change> {
        let mut command = mending(&self.path("appliance.toml"), &self.path("run"));
        traced::run(command.stderr(Stdio::null()), killed_before)
    }

    fn running(&self) -> Option<Vec<u8>> {
        fs::read(self.path("appliance.toml")).ok()
    }

    fn notices(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("run/notices/configuration"));
        let place = self.0.path().display().to_string();
        let text = text.unwrap_or_default().replace(&place, "");
        text.lines().map(str::to_owned).collect()
    }

    /// Everything that matters, by name: times are left out.
    fn outcome(&self) -> Vec<(String, String)> {
        let mut outcome = Vec::new();
        for folder in ["", "history"] {
            for file in fs::read_dir(self.path(folder)).expect("a folder") {
                let path = file.expect("a file").path();
                let name = path.strip_prefix(self.0.path()).expect("inside");
                let name = name.display().to_string();
                if path.is_file() && name != "log" && !name.ends_with(".bad") {
                    outcome.push((name, without_times(&path)));
                }
            }
        }
        outcome.sort();
        outcome
    }
}

/// A file's text, without the sum in its first line and without the times of an entry of the history.
fn without_times(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("text");
    let lines = text.lines().filter(|line| !line.starts_with("# fourfold "));
    let lines = lines.map(|line| match line.split_once("\"unix\":") {
        Some((before, after)) => before.to_owned() + after.trim_start_matches(char::is_numeric),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn copy_all(from: &Path, to: &Path) {
    for file in fs::read_dir(from).expect("a folder") {
        let path = file.expect("a file").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            fs::create_dir(&to).expect("a folder");
            copy_all(&path, &to);
        } else if path.is_file() {
            fs::copy(&path, &to).expect("copied");
        }
    }
}

#[test]
fn killed_before_any_change_and_run_again_it_comes_to_the_same_end() {
    for Case { name, stage, texts } in cases() {
        let whole = Copy::of(stage.folder.path());
        let before = whole.running();
        let changes = whole.mend(None);
        let (expected, told) = (whole.outcome(), whole.notices());
        let made = changes.iter().filter(|change| change.is_made()).count();
        assert!(made > 1 || name == "nothing", "{name}: {changes:#?}");
        for number in 0..made {
            let copy = Copy::of(stage.folder.path());
            copy.mend(Some(number));
            let left = copy.running();
            let is_whole = left == before
                || texts
                    .iter()
                    .any(|text| left.as_deref() == Some(text.as_bytes()));
            assert!(is_whole, "{name}, killed before {number}: {left:?}");
            copy.mend(None);
            assert_eq!(copy.outcome(), expected, "{name}, killed before {number}");
            let notices = copy.notices();
            let is_told = |line| notices.iter().filter(|one| *one == line).count() == 1;
            assert!(told.iter().all(is_told), "{name}, {number}: {notices:#?}");
        }
    }
}

#[test]
fn what_it_changes_outlives_a_loss_of_power_in_the_order_in_which_it_is_made() {
    for Case { name, stage, .. } in cases() {
        let copy = Copy::of(stage.folder.path());
        let run = copy.path("run");
        let mut changes = copy.mend(None);
        // Gone with the power anyway.
        changes.retain(|change| match change {
            Change::Create(path)
            | Change::Write(path)
            | Change::Sync(path)
            | Change::Rename(path, _)
            | Change::Link(path, _)
            | Change::Remove(path)
            | Change::MakeDirectory(path) => !path.starts_with(&run),
        });
        println!("{name}: {} changes", changes.len());
        traced::assert_durable(copy.0.path(), &changes);
    }
}
