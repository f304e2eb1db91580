//! Each file `tests/config/NN-story.toml` has a golden answer beside it: `.ok`, its canonical
//! form, or `.faults`, one line each. `UPDATE=1 cargo test -p control` writes them anew.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use control::candidate::Candidate;
use control::config;
use control::grammar::{Kind, Node, configuration};
use proptest::prelude::*;
use proptest::sample::Index;

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
    let present = |names: &[&str]| -> Vec<config::Interface> {
        let names = names.iter();
        names.map(|name| config::Interface::unused(name)).collect()
    };
    let faults = config::check_present(&config, &present(&["eth1", "lo", "eth3"]));
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = "x.toml:4: bond.bond0.members = \"eth2\": an interface of this host: eth1, eth3";
    assert_eq!(lines, [expected]);
    assert_eq!(
        config::check_present(&config, &present(&["eth2", "eth1"])),
        []
    );
}

#[test]
fn a_file_that_cannot_be_read_is_one_fault() {
    let faults = config::load(Path::new("/nowhere/x.toml")).expect_err("there is no such file");
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected =
        "/nowhere/x.toml: a file that can be read (No such file or directory (os error 2))";
    assert_eq!(lines, [expected]);
}

#[test]
fn a_file_that_is_no_text_is_a_fault_on_its_first_bad_line() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), b"[lvs]\n# Z\xfcrich\n").expect("a writable file");
    let faults = config::load(file.path()).expect_err("Latin-1");
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let expected = format!(
        "{}:2: text in UTF-8, which this is not",
        file.path().display()
    );
    assert_eq!(lines, [expected]);
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_change_nothing() {
    let plain = "[bond.bond0]\nmode = 4\nmembers = [\"eth1\"]\n";
    let windows = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    let canonical = |text: &str| config::print(&config::parse("x.toml", text).expect("legal"));
    assert_eq!(canonical(&windows), canonical(plain));
}

#[test]
fn a_check_is_that_of_each_real_of_its_service_and_of_no_other() {
    let service = |name: &str, port: u16, check: &str| {
        format!(
            "[service.{name}]\nprotocol = \"tcp\"\naddress = \"10.1.0.100:{port}\"\n\
             method = \"nat\"\nscheduler = \"rr\"\n{check}\
             real.\"10.2.0.11:{port}\" = {{}}\nreal.\"10.2.0.12:{port}\" = {{}}\n"
        )
    };
    let text = service("web", 80, "check = { type = \"tcp\", fall = 2 }\n")
        + &service("mail", 25, "")
        + "[service.idle]\nprotocol = \"tcp\"\naddress = \"10.1.0.100:81\"\n\
           method = \"nat\"\nscheduler = \"rr\"\ncheck.type = \"tcp\"\n";
    let config = config::parse("x.toml", &text).expect("legal");
    let targets = config.checks.targets.iter();
    let targets: Vec<(String, u32)> = targets
        .map(|target| {
            (
                format!("{} {}", target.service, target.real),
                target.check.fall,
            )
        })
        .collect();
    let expected = ["web 10.2.0.11:80", "web 10.2.0.12:80"];
    assert_eq!(targets, expected.map(|target| (target.to_owned(), 2)));
    let checked: Vec<&str> = config.check_of.keys().map(String::as_str).collect();
    assert_eq!(checked, ["idle", "web"]);
}

/// The keys that are no tables.
fn keys(nodes: &[Node]) -> Vec<&'static str> {
    let mut found = Vec::new();
    for node in nodes {
        match node.kind {
            Kind::Value(_) | Kind::List(_) => found.push(node.word),
            Kind::Named { key, .. } => {
                found.extend(key);
                found.extend(keys(node.below()));
            }
            Kind::Words(_) | Kind::Place(_) => found.extend(keys(node.below())),
        }
    }
    found
}

#[test]
fn the_manual_names_every_key() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/man/configuration.md");
    let manual = fs::read_to_string(manual).expect("the manual");
    let keys = keys(configuration());
    assert!(keys.len() > 60, "{keys:?}");
    for key in keys {
        assert!(manual.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn the_manuals_example_is_canonical() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/man/configuration.md");
    let manual = fs::read_to_string(manual).expect("the manual");
    let example = manual
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let example = example.expect("an example");
    let config = config::parse("manual", example).expect("legal");
    assert_eq!(config::print(&config), example);
}

#[test]
fn the_manuals_set_lines_are_legal() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/man/configuration.md");
    let manual = fs::read_to_string(manual).expect("the manual");
    let lines: Vec<&str> = manual
        .lines()
        .filter(|line| line.starts_with("set "))
        .collect();
    assert!(lines.len() > 9, "{lines:?}");
    let mut candidate = Candidate::default();
    for line in lines {
        let words = control::words::split(line).expect("closed quotes");
        let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        candidate.set(&words).expect(line);
    }
}

proptest! {
    /// Stories with a piece replaced by a piece of another: close to legal, and rarely so.
    #[test]
    fn no_text_panics_and_what_is_legal_prints_to_a_fixpoint(
        story in any::<Index>(), other in any::<Index>(),
        from in any::<Index>(), until in any::<Index>(), piece in any::<Index>(), len in 0..80usize,
    ) {
        let stories: Vec<Vec<char>> = stories()
            .iter()
            .map(|path| fs::read_to_string(path).expect("the story").chars().collect())
            .collect();
        let (story, other) = (story.get(&stories), other.get(&stories));
        let (from, until) = (from.index(story.len()), until.index(story.len()));
        let piece = piece.index(other.len());
        let piece = other[piece..].iter().take(len);
        let until = until.clamp(from, from + 80);
        let text: String = story[..from].iter().chain(piece).chain(&story[until..]).collect();
        match config::parse("x", &text) {
            Ok(config) => {
                let printed = config::print(&config);
                let again = config::parse("again", &printed).expect("a canonical form is legal");
                prop_assert_eq!(config::print(&again), printed);
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.iter().all(|fault| !fault.to_string().contains('\n')));
            }
        }
    }
}
