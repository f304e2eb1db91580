//! `commit`, `compare`, `rollback` and `confirm`: the command itself, talking to a ctld that answers
//! what a test says.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use control::cli::socket_in;
use control::ipc::{Call, ConfigureRequest, Request};
use control::show::Noun;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::standin::StandIn;

const TEXT: &str = "[bond.bond0]\nmode = 4\nmembers = [\"eth1\"]\n";

/// What an operator asked ctld for, and the text that came with it.
type Asked = (ConfigureRequest, Option<String>);

struct Ctld {
    run: TempDir,
    asked: Receiver<Asked>,
    _daemon: StandIn,
}

/// A ctld that gives this answer to everything.
fn ctld(items: &[Value]) -> Ctld {
    let run = tempfile::tempdir().expect("a directory");
    fs::write(run.path().join("new.toml"), TEXT).expect("a file");
    let (sender, asked) = channel();
    let items = items.to_vec();
    let answer = move |mut call: Call| {
        let text = call.fds.pop().map(|fd| {
            let (mut file, mut text) = (File::from(fd), String::new());
            file.rewind().expect("a memfd");
            file.read_to_string(&mut text).expect("a text");
            text
        });
        match &call.request {
            Request::Configure(request) => {
                sender.send((request.clone(), text)).expect("a test");
                call.answer(Noun::Configuration, items.clone());
            }
            other => panic!("{other:?}"),
        }
    };
    let daemon = StandIn::start(&socket_in(run.path(), "ctld"), answer).expect("a stand-in");
    Ctld {
        run,
        asked,
        _daemon: daemon,
    }
}

impl Ctld {
    /// The command, in the directory where `new.toml` is.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fourfold"));
        command
            .current_dir(self.run.path())
            .args(["--run-dir", "."])
            .args(args)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("runs")
    }

    fn asked(&self) -> Asked {
        self.asked.try_recv().expect("a request")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn committed(confirm_by: Option<u64>) -> Value {
    json!({"committed": {"id": 13, "added": 2, "removed": 1, "confirm_by": confirm_by}})
}

fn outcome(daemon: &str, effect: Option<&str>, missing: Option<&str>) -> Value {
    json!({"daemon": {"daemon": daemon, "effect": effect, "missing": missing}})
}

#[test]
fn a_commit_hands_over_the_text_and_tells_what_became_of_it() {
    let ctld = ctld(&[
        json!({"note": "commit 12 was finished after a restart"}),
        committed(Some(1_785_585_600)),
        outcome("lvsd", Some("live"), None),
        outcome("bondd", Some("restart"), None),
        outcome("hostd", Some("none"), None),
        outcome("healthd", None, Some("it is not running")),
    ]);
    let args = [
        "commit",
        "new.toml",
        "--confirmed",
        "5",
        "--comment",
        "a word",
    ];
    let output = ctld.run(&args);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(
        text(&output.stdout),
        "commit 12 was finished after a restart\n\
         commit 13: lines added 2, removed 1\n\
         \x20 lvsd       changed while running\n\
         \x20 bondd      started anew\n\
         \x20 hostd      nothing of its own changed\n\
         \x20 healthd    has it when it is started again: it is not running\n\
         goes back at 2026-08-01 12:00:00 UTC unless fourfold confirm is given\n"
    );
    assert_eq!(output.status.code(), Some(0));
    let request = ConfigureRequest::Commit {
        file: "new.toml".to_owned(),
        confirmed: Some(5),
        comment: Some("a word".to_owned()),
        base: None,
    };
    assert_eq!(ctld.asked(), (request, Some(TEXT.to_owned())));
}

#[test]
fn a_commit_that_changes_nothing_says_so() {
    let ctld = ctld(&[json!("unchanged")]);
    let output = ctld.run(&["commit", "new.toml"]);
    let expected = "nothing changes: it is the running configuration\n";
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(0));
    let request = ConfigureRequest::Commit {
        file: "new.toml".to_owned(),
        confirmed: None,
        comment: None,
        base: None,
    };
    assert_eq!(ctld.asked().0, request);
}

#[test]
fn standard_input_is_a_file_called_stdin() {
    let ctld = ctld(&[json!("unchanged")]);
    let mut child = ctld
        .command(&["commit", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(TEXT.as_bytes()).expect("taken");
    drop(stdin);
    assert!(child.wait().expect("ends").success());
    let (request, text) = ctld.asked();
    assert!(matches!(request, ConfigureRequest::Commit { file, .. } if file == "stdin"));
    assert_eq!(text.as_deref(), Some(TEXT));
}

#[test]
fn every_fault_is_a_line_on_standard_error_and_exit_code_2() {
    let faults = [
        "new.toml:2: bond.bond0.mode: no",
        "new.toml:3: bond.bond0: nor that",
    ];
    let ctld = ctld(&faults.map(|fault| json!({ "fault": fault })));
    for args in [
        &["commit", "new.toml"][..],
        &["commit", "new.toml", "--json"],
        &["compare", "new.toml"],
        &["rollback", "1"],
    ] {
        let output = ctld.run(args);
        assert_eq!(text(&output.stderr), faults.join("\n") + "\n", "{args:?}");
        assert_eq!(text(&output.stdout), "", "{args:?}");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn every_refusal_is_a_line_on_standard_error_and_exit_code_1() {
    let ctld = ctld(&[
        json!({"refused": "lvsd: eth9 is not there"}),
        json!({"refused": "vrrpd: nor bond7"}),
    ]);
    for args in [
        &["commit", "new.toml"][..],
        &["compare", "new.toml"],
        &["rollback", "3"],
        &["confirm", "--json"],
    ] {
        let output = ctld.run(args);
        assert_eq!(
            text(&output.stderr),
            "fourfold: refused: lvsd: eth9 is not there\nfourfold: refused: vrrpd: nor bond7\n"
        );
        assert_eq!(text(&output.stdout), "", "{args:?}");
        assert_eq!(output.status.code(), Some(1), "{args:?}");
    }
}

#[test]
fn a_file_that_is_no_text_is_a_fault_before_ctld_is_asked() {
    let ctld = ctld(&[]);
    fs::write(ctld.run.path().join("latin"), b"[lvs]\n# Z\xfcrich\n").expect("a file");
    fs::write(ctld.run.path().join("large"), vec![b'#'; (4 << 20) + 1]).expect("a file");
    for (file, fault) in [
        (
            "nowhere",
            "nowhere: a file that can be read (No such file or directory (os error 2))\n",
        ),
        ("latin", "latin:2: text in UTF-8, which this is not\n"),
        ("large", "large: a file of at most 4194304 bytes\n"),
    ] {
        for verb in ["commit", "compare"] {
            let output = ctld.run(&[verb, file]);
            assert_eq!(text(&output.stderr), fault);
            assert_eq!(output.status.code(), Some(2), "{file}");
        }
    }
    assert!(ctld.asked.try_recv().is_err(), "ctld was asked");
}

#[test]
fn a_comparison_is_lines_with_a_sign_and_nothing_where_nothing_differs() {
    let daemon = ctld(&[
        json!({"change": {"removed": "lvs.queues = 1"}}),
        json!({"change": {"added": "lvs.queues = 2"}}),
    ]);
    let output = daemon.run(&["compare", "new.toml"]);
    assert_eq!(text(&output.stdout), "- lvs.queues = 1\n+ lvs.queues = 2\n");
    assert_eq!(output.status.code(), Some(0));
    let request = ConfigureRequest::Compare {
        file: "new.toml".to_owned(),
    };
    assert_eq!(daemon.asked(), (request, Some(TEXT.to_owned())));
    let output = ctld(&[]).run(&["compare", "new.toml"]);
    assert_eq!(
        (text(&output.stdout).as_str(), output.status.code()),
        ("", Some(0))
    );
}

#[test]
fn a_rollback_and_a_confirmation_say_what_they_did() {
    let daemon = ctld(&[committed(None)]);
    let output = daemon.run(&["rollback", "2"]);
    assert_eq!(
        text(&output.stdout),
        "commit 13: lines added 2, removed 1\n"
    );
    assert_eq!(daemon.asked(), (ConfigureRequest::Rollback(2), None));
    let daemon = ctld(&[json!({"confirmed": 13})]);
    let output = daemon.run(&["confirm"]);
    assert_eq!(text(&output.stdout), "commit 13 stays\n");
    assert_eq!(daemon.asked(), (ConfigureRequest::Confirm, None));
}

#[test]
fn json_is_one_document_with_what_ctld_said() {
    let outcome = outcome("lvsd", Some("live"), None);
    let document = |items: &[Value], args: &[&str]| -> Value {
        let output = ctld(items).run(args);
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let commit = json!({
        "notes": ["n"],
        "committed": {"id": 13, "added": 2, "removed": 1, "confirm_by": null},
        "daemons": [{"daemon": "lvsd", "effect": "live", "missing": null}],
    });
    let items = [json!({"note": "n"}), committed(None), outcome];
    assert_eq!(
        document(&items, &["commit", "new.toml", "--json"]),
        json!({ "commit": commit })
    );
    assert_eq!(
        document(&items, &["rollback", "1", "--json"]),
        json!({ "rollback": commit })
    );
    let unchanged = document(&[json!("unchanged")], &["commit", "new.toml", "--json"]);
    let nothing = json!({"notes": [], "committed": null, "daemons": []});
    assert_eq!(unchanged, json!({ "commit": nothing }));
    let changes = [
        json!({"change": {"added": "a.b = 1"}}),
        json!({"change": {"removed": "c.d = 2"}}),
    ];
    assert_eq!(
        document(&changes, &["compare", "new.toml", "--json"]),
        json!({"compare": [{"added": "a.b = 1"}, {"removed": "c.d = 2"}]})
    );
    assert_eq!(
        document(&[json!({"confirmed": 13})], &["confirm", "--json"]),
        json!({"confirm": {"id": 13}})
    );
}

#[test]
fn bad_usage_is_exit_code_2_and_a_ctld_that_is_not_there_1() {
    let run = tempfile::tempdir().expect("a directory");
    let fourfold = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fourfold"));
        command.arg("--run-dir").arg(run.path()).args(args);
        command.stdin(Stdio::null()).output().expect("runs")
    };
    for args in [
        &["commit"][..],
        &["commit", "a", "b"],
        &["commit", "a", "--confirmed", "0"],
        &["commit", "a", "--confirmed", "soon"],
        &["compare"],
        &["rollback"],
        &["rollback", "0"],
        &["rollback", "-1"],
        &["confirm", "13"],
    ] {
        assert_eq!(fourfold(args).status.code(), Some(2), "{args:?}");
    }
    for args in [
        &["commit", "-"][..],
        &["compare", "-"],
        &["rollback", "1"],
        &["confirm"],
    ] {
        let output = fourfold(args);
        let line = text(&output.stderr);
        assert!(
            line.starts_with("fourfold: ctld is not running ("),
            "{line}"
        );
        assert_eq!((output.status.code(), line.lines().count()), (Some(1), 1));
    }
}
