//! Each file `tests/config/NN-story.toml` has a golden answer beside it: `.ok`, its canonical
//! form, or `.faults`, one line each. `UPDATE=1 cargo test -p control` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use control::config;

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    let mut stories: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    stories.sort();
    stories
}

fn outcome(path: &Path) -> (&'static str, String) {
    let file = path.file_name().expect("a name").to_string_lossy();
    let text = fs::read_to_string(path).expect("the story");
    match config::parse(&file, &text) {
        Ok(config) => ("ok", config::print(&config)),
        Err(faults) => (
            "faults",
            faults
                .iter()
                .map(|fault| format!("{fault}\n"))
                .collect::<String>(),
        ),
    }
}

#[test]
fn every_story_ends_as_written() {
    for path in stories() {
        let (extension, found) = outcome(&path);
        let golden = path.with_extension(extension);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &found).expect("a writable folder");
        }
        let written = fs::read_to_string(&golden)
            .unwrap_or_else(|error| panic!("{}: {error}; found:\n{found}", golden.display()));
        assert_eq!(found, written, "{}", golden.display());
    }
}

#[test]
fn printing_what_was_printed_gives_the_same_bytes() {
    for path in stories() {
        let (extension, printed) = outcome(&path);
        if extension == "ok" {
            let again = config::parse("again", &printed).expect("a canonical form is legal");
            assert_eq!(config::print(&again), printed, "{}", path.display());
        }
    }
}

#[test]
fn every_fault_is_one_line_and_in_the_order_of_the_file() {
    for path in stories() {
        let text = fs::read_to_string(&path).expect("the story");
        let Err(faults) = config::parse("x", &text) else {
            continue;
        };
        assert!(faults.iter().all(|fault| !fault.to_string().contains('\n')));
        assert!(
            faults.is_sorted_by_key(|fault| fault.line),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_member_that_is_no_interface_is_a_fault_and_one_that_is_is_none() {
    let text = "[bond.bond0]\nmode = 4\nmembers = [\"eth1\",\n\"eth2\"]\n";
    let config = config::parse("x.toml", text).expect("legal");
    let present = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let faults = config::check_interfaces(&config, &present(&["eth1", "lo", "eth3"]));
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = "x.toml:4: bond.bond0.members = \"eth2\": an interface of this host: eth1, eth3";
    assert_eq!(lines, [expected]);
    assert_eq!(
        config::check_interfaces(&config, &present(&["eth2", "eth1"])),
        []
    );
}

#[test]
fn a_file_that_cannot_be_read_is_one_fault() {
    let faults = config::load(Path::new("/nowhere/x.toml")).expect_err("there is no such file");
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = "/nowhere/x.toml: a readable text file (No such file or directory (os error 2))";
    assert_eq!(lines, [expected]);
}
