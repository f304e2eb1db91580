//! Commands from a program: over a pipe, or as `ssh box COMMAND` hands them over.

use std::io::Write as _;
use std::process::Stdio;

use crate::ctld::Ctld;
use crate::stage::{Done, Stage, events};

const TEXT: &str = "[bond.bond0]\nmode = 4\nmembers = [\"eth1\"]\n";

/// The console reading these lines.
fn reads(stage: &Stage, lines: &str) -> Done {
    let mut child = stage
        .fourfold()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(lines.as_bytes()).expect("taken");
    drop(stdin);
    Done::from(child.wait_with_output().expect("ends"))
}

/// The console as a login shell that is given a command.
fn given(stage: &Stage, lines: &str) -> Done {
    stage.run(&["-c", lines])
}

#[test]
fn each_line_is_a_command_without_a_prompt_or_a_pause() {
    let stage = Stage::new();
    let _supervisor = stage.shows("supervisor", events(60));
    let done = reads(&stage, "# a remark\n\n  sh ev\nshow events | count\n");
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert_eq!(done.out.lines().count(), 61, "{}", done.out);
    assert!(done.out.ends_with("event 60\n60 lines\n"), "{}", done.out);
}

#[test]
fn a_script_of_nothing_does_nothing() {
    let done = reads(&Stage::new(), "# nothing\n\n");
    let nothing = Done {
        code: Some(0),
        out: String::new(),
        err: String::new(),
    };
    assert_eq!(done, nothing);
}

#[test]
fn the_first_line_that_fails_ends_it_with_its_number_and_exit_code() {
    let stage = Stage::new();
    let _supervisor = stage.shows("supervisor", events(1));
    let done = reads(&stage, "show events\n\nshow weather\nshow events\n");
    assert_eq!(done.code, Some(2));
    assert_eq!(done.out.lines().count(), 1, "nothing after it is done");
    let last = done.err.lines().last();
    assert_eq!(
        last,
        Some("fourfold: stopped at line 3: show weather"),
        "{}",
        done.err
    );
    assert!(
        done.err
            .starts_with("fourfold: weather: unknown here; known: "),
        "{}",
        done.err
    );
    let done = reads(&stage, "show vrrp\n");
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("vrrpd is not running"), "{}", done.err);
    assert!(
        done.err.ends_with("stopped at line 1: show vrrp\n"),
        "{}",
        done.err
    );
}

#[test]
fn exit_ends_a_script() {
    let stage = Stage::new();
    let _supervisor = stage.shows("supervisor", events(1));
    let done = reads(&stage, "exit\nshow events\n");
    assert_eq!((done.code, done.out.as_str()), (Some(0), ""));
}

#[test]
fn a_configuration_can_be_typed_by_a_program() {
    let stage = Stage::new();
    let ctld = Ctld::with(&stage, TEXT);
    let script = "configure\nset bond bond0 members eth2\ncommit comment \"by a script\"\nexit\n\
                  show configuration set\n";
    let done = reads(&stage, script);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{done:?}");
    assert!(done.out.contains("commit 2:"), "{}", done.out);
    assert!(
        done.out.ends_with("set bond bond0 members eth2\n"),
        "{}",
        done.out
    );
    assert!(ctld.books().running().contains("eth2"));
}

#[test]
fn what_a_script_does_not_commit_is_an_error() {
    let stage = Stage::new();
    let ctld = Ctld::with(&stage, TEXT);
    let set = "configure\nset bond bond0 members eth2\n";
    let done = reads(&stage, set);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("never committed"), "{}", done.err);
    let done = reads(&stage, &format!("{set}exit\n"));
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("stopped at line 3: exit"), "{}", done.err);
    let done = reads(&stage, &format!("{set}exit discard\n"));
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let done = reads(&stage, "configure\nset bond bond0 members eth1\n");
    assert_eq!(done.code, Some(0), "it was so already: {}", done.err);
    assert!(ctld.books().asked.is_empty());
}

#[test]
fn a_fault_of_a_script_is_a_line_and_exit_code_2() {
    let stage = Stage::new();
    let _ctld = Ctld::with(&stage, TEXT);
    let done = reads(&stage, "configure\nset bond bond0 mtu 9216\ncommit\n");
    assert_eq!((done.code, done.out.as_str()), (Some(2), ""));
    let expected = "bond bond0 mtu 9216: an integer from 68 to 9000 bytes\n\
                    fourfold: stopped at line 2: set bond bond0 mtu 9216\n";
    assert_eq!(done.err, expected);
}

#[test]
fn a_login_shell_does_the_command_that_it_is_given() {
    let stage = Stage::new();
    let _supervisor = stage.shows("supervisor", events(12));
    let done = given(&stage, "show events | match \"event 1\" | count");
    assert_eq!((done.code, done.out.as_str()), (Some(0), "4 lines\n"));
    let done = given(&stage, "show events --json");
    let document: serde_json::Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(document["events"].as_array().map(Vec::len), Some(12));
    let done = given(&stage, "show weather");
    assert_eq!(
        (done.code, done.err.lines().count()),
        (Some(2), 1),
        "{}",
        done.err
    );
}

#[test]
fn help_is_printed_where_it_is_asked_for() {
    let stage = Stage::new();
    let done = stage.run(&["request", "--help"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert!(
        done.out.starts_with("  reboot         Stops"),
        "{}",
        done.out
    );
    let done = stage.run(&["help"]);
    assert!(done.out.contains("  capture    The frames"), "{}", done.out);
    assert_eq!(stage.run(&["--version"]).code, Some(0));
}

#[test]
fn a_command_of_several_lines_is_a_script() {
    let stage = Stage::new();
    let ctld = Ctld::with(&stage, TEXT);
    let done = given(&stage, "configure\nset bond bond0 members eth2\ncommit\n");
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert!(ctld.books().running().contains("eth2"));
    let done = given(&stage, "configure");
    assert_eq!(done.code, Some(2), "nothing follows it");
}

#[test]
fn a_script_does_not_read_a_configuration_from_where_its_lines_come_from() {
    let stage = Stage::new();
    let done = reads(&stage, "commit -\n[lvs]\n");
    assert_eq!(done.code, Some(2));
    assert!(
        done.err.contains("standard input is the script"),
        "{}",
        done.err
    );
}

#[test]
fn a_script_whose_reader_goes_away_has_failed() {
    let stage = Stage::new();
    let _supervisor = stage.shows("supervisor", events(20_000));
    let mut child = stage
        .fourfold()
        .args(["-c", "show events\nshow events\nshow events"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(1));
}
