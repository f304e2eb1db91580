//! The command itself, asking a daemon that says what a story says. Each file
//! `tests/show/STORY.json` holds the arguments and the items; `STORY.txt` is what is printed.
//! `UPDATE=1 cargo test -p console` writes them anew.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::iter::repeat;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use control::cli::socket_in;
use control::ipc::{Call, Request};
use control::show::Noun;
use serde_json::Value;
use tempfile::TempDir;
use tests::standin::StandIn;

fn run_directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn fourfold(run: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fourfold"));
    command
        .arg("--run-dir")
        .arg(run.path())
        .stdin(Stdio::null());
    command
}

/// A daemon that answers every `show` with the same items.
fn daemon(run: &TempDir, name: &str, items: Vec<Value>) -> StandIn {
    let answer = move |call: Call| match call.request {
        Request::Show(noun) => call.answer(noun, items.clone()),
        Request::Bond(_)
        | Request::Vrrp(_)
        | Request::Verdicts(_)
        | Request::Pools(_)
        | Request::Transaction(_)
        | Request::Configure(_)
        | Request::Capture(_)
        | Request::Activate { .. }
        | Request::Clear
        | Request::Figures(_) => call.refuse("a console shows"),
    };
    StandIn::start(&socket_in(run.path(), name), answer).expect("a stand-in")
}

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/show");
    let mut stories: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    stories.sort();
    stories
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A story's arguments, the items of the daemon that is asked, and those of the first of the others;
/// the rest have none.
struct Story {
    args: Vec<String>,
    items: Vec<Value>,
    also: Vec<Value>,
}

static NOTHING: Vec<Value> = Vec::new();

impl Story {
    fn noun(&self) -> Noun {
        let words = self.args[1..]
            .iter()
            .take_while(|arg| !arg.starts_with('-'));
        let words = words.map(String::as_str).collect::<Vec<_>>().join("_");
        let noun = Noun::ALL.into_iter().find(|noun| words == noun.name());
        noun.expect("a noun")
    }

    /// Everybody who has something to say.
    fn daemons(&self, run: &TempDir) -> Vec<StandIn> {
        let noun = self.noun();
        let also = [&self.also].into_iter().chain(repeat(&NOTHING));
        let others = noun.also().iter().copied().zip(also);
        let daemons = [(noun.daemon(), &self.items)].into_iter().chain(others);
        daemons
            .map(|(name, items)| daemon(run, name, items.clone()))
            .collect()
    }
}

fn read(story: &Path) -> Story {
    let story: Value =
        serde_json::from_str(&fs::read_to_string(story).expect("the story")).expect("JSON");
    let args = story["args"].as_array().expect("arguments");
    let args = args
        .iter()
        .map(|arg| arg.as_str().expect("a word").to_owned())
        .collect();
    Story {
        args,
        items: story["items"].as_array().expect("items").clone(),
        also: story["also"].as_array().cloned().unwrap_or_default(),
    }
}

fn tell(story: &Path) -> Output {
    let story = read(story);
    let run = run_directory();
    let _daemons = story.daemons(&run);
    fourfold(&run)
        .args(story.args)
        .output()
        .expect("the command runs")
}

#[test]
fn every_story_is_printed_as_written() {
    for story in stories() {
        let output = tell(&story);
        assert_eq!(text(&output.stderr), "", "{}", story.display());
        assert!(output.status.success(), "{}", story.display());
        let golden = story.with_extension("txt");
        let found = text(&output.stdout);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &found).expect("a writable folder");
        }
        let written = fs::read_to_string(&golden).expect("the golden text");
        assert_eq!(found, written, "{}", story.display());
    }
}

#[test]
fn no_story_takes_more_than_80_columns_or_ends_in_blanks() {
    for story in stories() {
        let args = read(&story).args;
        if args.iter().any(|arg| arg == "--json" || arg == "--exact") {
            continue;
        }
        for line in text(&tell(&story).stdout).lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", story.display());
            assert_eq!(line.trim_end(), line, "{}", story.display());
        }
    }
}

#[test]
fn json_is_one_document_with_every_item() {
    for story in stories() {
        let story = read(&story);
        let noun = story.noun();
        let run = run_directory();
        let _daemons = story.daemons(&run);
        let output = fourfold(&run)
            .arg("show")
            .args(noun.name().split('_'))
            .arg("--json")
            .output()
            .expect("runs");
        let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let items = [story.items, story.also].concat();
        assert_eq!(document, serde_json::json!({ noun.name(): items }));
    }
}

#[test]
fn a_daemon_that_is_not_there_is_one_line_and_exit_code_1() {
    let run = run_directory();
    for extra in [&["show", "service"][..], &["show", "service", "--json"]] {
        let output = fourfold(&run).args(extra).output().expect("runs");
        let line = text(&output.stderr);
        let socket = socket_in(run.path(), "lvsd");
        let expected = format!(
            "fourfold: lvsd is not running (connect {}: ",
            socket.display()
        );
        assert!(
            line.starts_with(&expected) && line.lines().count() == 1,
            "{line}"
        );
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn bad_usage_is_exit_code_2() {
    let run = run_directory();
    for args in [
        &["show"][..],
        &["show", "weather"],
        &["show", "bond", "--jsonn"],
        &["show", "bond", "--stats"],
        &["show", "service", "--all"],
        &["show", "service", "--stats", "--rate"],
        &["show", "bond", "why"],
        &["show", "vrrp", "how"],
        &["show", "vrrp", "why", "--all"],
        &["weather"],
        &["--jsonn"],
    ] {
        let output = fourfold(&run).args(args).output().expect("runs");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(text(&output.stdout), "", "{args:?}");
    }
}

#[test]
fn show_alone_says_what_there_is_to_show() {
    let output = fourfold(&run_directory()).arg("show").output();
    let help = text(&output.expect("runs").stderr);
    let words = Noun::ALL.iter().flat_map(|noun| noun.name().split('_'));
    assert!(words.into_iter().all(|word| help.contains(word)), "{help}");
}

#[test]
fn a_noun_is_understood_in_either_number() {
    let run = run_directory();
    let _daemon = daemon(&run, "bondd", Vec::new());
    let output = fourfold(&run).args(["show", "bonds", "--json"]).output();
    assert_eq!(text(&output.expect("runs").stdout), "{\"bond\":[]}\n");
}

#[test]
fn one_daemon_of_several_that_is_not_there_is_a_line_beside_what_the_others_say() {
    let item = serde_json::json!({"reason": "ttl", "layer": "vrrp", "fate": "drop", "count": 3});
    for (name, absent) in [("vrrpd", "lvsd"), ("lvsd", "vrrpd")] {
        let run = run_directory();
        let _daemon = daemon(&run, name, vec![item.clone()]);
        let _hostd = daemon(&run, "hostd", Vec::new());
        let output = fourfold(&run)
            .args(["show", "drops"])
            .output()
            .expect("runs");
        let line = text(&output.stderr);
        let expected = format!("fourfold: {absent} is not running ");
        assert!(
            line.starts_with(&expected) && line.lines().count() == 1,
            "{line}"
        );
        assert!(text(&output.stdout).contains("ttl"));
        assert_eq!(output.status.code(), Some(0));
    }
    let output = fourfold(&run_directory())
        .args(["show", "drops"])
        .output()
        .expect("runs");
    let line = text(&output.stderr);
    assert!(line.starts_with("fourfold: lvsd is not running ") && line.lines().count() == 1);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn one_daemon_of_several_that_does_not_answer_keeps_nothing_of_the_others_back() {
    let run = run_directory();
    let item = serde_json::json!({"reason": "ttl", "layer": "lvs", "fate": "drop", "count": 3});
    let _lvsd = daemon(&run, "lvsd", vec![item]);
    let _hostd = daemon(&run, "hostd", Vec::new());
    let refuse = |call: Call| call.refuse("not now");
    let _vrrpd = StandIn::start(&socket_in(run.path(), "vrrpd"), refuse).expect("a stand-in");
    let output = fourfold(&run)
        .args(["show", "drops"])
        .output()
        .expect("runs");
    assert_eq!(text(&output.stderr), "fourfold: vrrpd refused: not now\n");
    assert!(text(&output.stdout).contains("ttl"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_event_is_one_line_however_long_and_moves_no_cursor() {
    let run = run_directory();
    let long = format!("\u{1b}[2J{}\r\n", "x".repeat(200));
    let item = serde_json::json!({"unix_ms": 0, "daemon": "healthd", "text": long});
    let _daemon = daemon(&run, "supervisor", vec![item]);
    let output = fourfold(&run)
        .args(["show", "events"])
        .output()
        .expect("runs");
    let start = "1970-01-01 00:00:00.000Z healthd: \\u{1b}[2J";
    assert_eq!(
        text(&output.stdout),
        format!("{start}{}\n", "x".repeat(200))
    );
}

#[test]
fn the_configuration_is_printed_as_it_would_be_committed() {
    let run = run_directory();
    let lines = ["[bond.bond0]", "mode = \"802.3ad\"", "", "[service.web]"];
    let items = lines.iter().map(|line| serde_json::json!({ "line": line }));
    let _daemon = daemon(&run, "ctld", items.collect());
    let output = fourfold(&run).args(["show", "configuration"]).output();
    let printed = text(&output.expect("runs").stdout);
    assert_eq!(printed, lines.map(|line| format!("{line}\n")).concat());
}

#[test]
fn an_option_of_the_text_goes_with_json_too_which_has_every_figure() {
    let run = run_directory();
    let _daemon = daemon(&run, "lvsd", Vec::new());
    for option in ["--stats", "--rate", "--exact"] {
        let args = ["show", "service", option, "--json"];
        let output = fourfold(&run).args(args).output().expect("runs");
        assert_eq!(text(&output.stdout), "{\"service\":[]}\n", "{option}");
    }
}

#[test]
fn a_run_directory_too_long_for_a_socket_is_one_line() {
    let run_dir = "/x".repeat(60);
    let mut command = Command::new(env!("CARGO_BIN_EXE_fourfold"));
    let output = command
        .args(["--run-dir", &run_dir, "show", "bond"])
        .output();
    let line = text(&output.expect("runs").stderr);
    let expected = format!("{run_dir}/bondd.sock: a socket's path has at most 107 bytes");
    assert!(
        line.contains(&expected) && line.lines().count() == 1,
        "{line}"
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let run = run_directory();
    let item = serde_json::json!({
        "protocol": "tcp", "state": "ESTABLISHED", "expires": 900, "client": "192.0.2.1:1024",
        "virtual": "10.1.0.100:80", "real": "10.2.0.11:80",
    });
    let _daemon = daemon(&run, "lvsd", vec![item; 50_000]);
    for args in [
        &["show", "connections"][..],
        &["show", "connections", "--json"],
    ] {
        let mut child = fourfold(&run)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut first)
            .expect("a first line");
        assert!(!first.is_empty());
        let output = child.wait_with_output().expect("ends");
        assert_eq!(text(&output.stderr), "");
        assert_eq!(output.status.code(), Some(0));
    }
}
