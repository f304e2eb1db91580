//! A running switch that is told things over its socket, and the program.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tests::daemon::Daemon;
use tests::switch::control::{self, Control};
use tests::wait;

use crate::lan::{frame, mac};
use crate::sockets::{Guest, LIMIT, pair, plugged};

/// One line to the socket, one line back.
fn line(stream: &mut UnixStream, command: &str) -> Value {
    writeln!(stream, "{command}").unwrap();
    let mut answer = String::new();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    reader.read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn every_command_can_be_given_as_a_line_of_json() {
    let (directory, switch, a, b) = pair();
    let path = directory.path().join("control");
    let file = directory.path().join("x.pcapng");
    let served = Control::serve(switch.handle(), &path).unwrap();
    let mut stream = UnixStream::connect(&path).unwrap();
    let record = json!({"record": {"file": file}}).to_string();
    for command in [
        r#"{"cut": {"port": "a"}}"#,
        r#"{"heal": {"port": "a"}}"#,
        r#"{"delay": {"port": "a", "direction": "out", "milliseconds": 3}}"#,
        r#"{"drop": {"port": "b", "direction": "in", "loss": {"every": 9}}}"#,
        r#"{"drop": {"port": "a", "loss": {"random": {"per_mille": 5, "seed": 1}}}}"#,
        r#"{"carrier": {"port": "b", "up": false}}"#,
        r#"{"mirror": {"port": "a", "to": "b"}}"#,
        &record,
    ] {
        assert_eq!(
            line(&mut stream, command),
            json!({"ok": "done"}),
            "{command}"
        );
    }
    let status = &line(&mut stream, r#""status""#)["ok"];
    assert_eq!(status["ports"][0]["faults"]["out"]["delay_ms"], 3);
    assert_eq!(status["ports"][0]["faults"]["in"]["delay_ms"], 0);
    assert_eq!(status["ports"][0]["mirror"], "b");
    assert_eq!(
        status["ports"][1]["faults"]["in"]["loss"],
        json!({"every": 9})
    );
    assert_eq!(status["ports"][1]["carrier"], false);
    assert_eq!(status["recordings"][0]["file"], json!(file));
    for command in [r#"{"heal": {"port": "a"}}"#, r#"{"heal": {"port": "b"}}"#] {
        assert_eq!(line(&mut stream, command), json!({"ok": "done"}));
    }
    a.send(&frame(mac(1), mac(2), 1));
    assert!(b.receive().is_some());
    assert_eq!(line(&mut stream, r#""fdb""#)["ok"][0]["at"], "a");
    drop(served);
    assert!(!path.exists());
}

#[test]
fn a_socket_that_a_dead_switch_left_is_replaced_and_a_living_ones_is_not() {
    let (directory, switch, _a, _b) = pair();
    let path = directory.path().join("control");
    drop(UnixListener::bind(&path).unwrap());
    let _served = Control::serve(switch.handle(), &path).unwrap();
    let error = Control::serve(switch.handle(), &path).unwrap_err();
    assert!(
        format!("{error:#}").contains("running process"),
        "{error:#}"
    );
    assert!(control::ask(&path, &control::Command::Status).is_ok());
}

#[test]
fn a_wrong_command_is_answered_by_what_is_wrong_and_changes_nothing() {
    let (directory, switch, _a, _b) = pair();
    let path = directory.path().join("control");
    let _served = Control::serve(switch.handle(), &path).unwrap();
    let mut stream = UnixStream::connect(&path).unwrap();
    let before = switch.status();
    for (command, word) in [
        ("cut", "no command"),
        (r#"{"cut": {"port": "a", "way": "in"}}"#, "way"),
        (r#"{"cut": {"port": "c"}}"#, "there are a, b"),
        (r#"{"mend": {"port": "a"}}"#, "mend"),
    ] {
        let answer = line(&mut stream, command);
        assert!(answer["error"].as_str().unwrap().contains(word), "{answer}");
    }
    assert_eq!(switch.status(), before);
}

#[test]
fn the_program_runs_a_switch_and_tells_one_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let config = serde_json::to_string(&plugged(directory.path(), &["a", "b"])).unwrap();
    std::fs::write(at("switch.json"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_switch"));
    command.args([at("switch.json"), at("control")]);
    let mut switch = Daemon::start("switch", command, &at("log")).unwrap();
    wait::until("the switch's socket", LIMIT, || {
        at("control").exists().then_some(())
    })
    .unwrap();
    let [a, b] = ["a", "b"].map(|name| Guest::start(directory.path(), name));
    a.send(&frame(mac(1), mac(2), 1));
    assert_eq!(b.receive().unwrap()[14], 1);
    let tell = |command: &str| {
        let told = Command::new(env!("CARGO_BIN_EXE_switch"))
            .args([
                "--ask".as_ref(),
                at("control").as_os_str(),
                command.as_ref(),
            ])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (told.status.code(), text(told.stdout), text(told.stderr))
    };
    assert_eq!(tell(r#"{"cut": {"port": "a"}}"#).1, "\"done\"\n");
    let (code, _, errors) = tell(r#"{"cut": {"port": "c"}}"#);
    assert_eq!(
        (code, errors.as_str()),
        (Some(1), "switch: no port c; there are a, b\n")
    );
    let status = control::ask(&at("control"), &control::Command::Status).unwrap();
    assert_eq!(status["ports"][0]["faults"]["in"]["cut"], true);
    switch.stop(LIMIT).unwrap();
    for left in ["control", "a.switch", "b.switch"] {
        assert!(!at(left).exists(), "{left} is left");
    }
}
