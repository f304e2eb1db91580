//! `request`, `clear` and `ping`: what is done to the box, or asked of it.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::thread::{self, JoinHandle};

use control::cli::socket_in;
use control::ipc::{Call, Request};
use flate2::read::GzDecoder;
use sys::packet::Listener;

use crate::ctld::Ctld;
use crate::stage::{Stage, events, show};
use crate::terminal::{SERIAL, Terminal};

/// A supervisor that is asked once, and what it was asked.
fn supervisor(stage: &Stage, answer: &'static str) -> JoinHandle<String> {
    stand_in(stage, "supervisor", answer)
}

/// A daemon that is asked once, and what it was asked.
fn stand_in(stage: &Stage, daemon: &str, answer: &'static str) -> JoinHandle<String> {
    let path = socket_in(&stage.run_dir(), daemon);
    let listener = Listener::bind(&path).expect("a socket");
    thread::spawn(move || {
        let packet = listener.accept().expect("a console");
        let (record, _) = packet.recv().expect("a request");
        packet.send(answer.as_bytes(), &[]).expect("an answer");
        String::from_utf8(record).expect("a text")
    })
}

#[test]
fn the_supervisor_is_told_what_is_to_become_of_the_box() {
    for (word, record) in [
        ("reboot", r#"{"request":"reboot"}"#),
        ("poweroff", r#"{"request":"power_off"}"#),
        ("factory-reset", r#"{"request":"factory_reset"}"#),
    ] {
        let stage = Stage::new();
        let asked = supervisor(&stage, r#""done""#);
        let done = stage.run(&["request", word, "--yes"]);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{word}");
        assert_eq!(asked.join().expect("asked"), record);
    }
}

#[test]
fn bondd_is_told_which_member_is_to_be_active_and_its_refusal_is_told() {
    let words = ["request", "active-member", "bond0", "eth2"];
    let stage = Stage::new();
    let asked = stand_in(&stage, "bondd", r#""done""#);
    let done = stage.run(&words);
    let told = (done.code, done.out.as_str(), done.err.as_str());
    assert_eq!(told, (Some(0), "bond0: eth2 is active\n", ""));
    let record = r#"{"activate":{"bond":"bond0","member":"eth2"}}"#;
    assert_eq!(asked.join().expect("asked"), record);
    let stage = Stage::new();
    let asked = stand_in(
        &stage,
        "bondd",
        r#"{"error":"bond0: eth2: its link is down"}"#,
    );
    let done = stage.run(&words);
    assert_eq!(done.code, Some(1));
    let told = "fourfold: bondd refused: bond0: eth2: its link is down\n";
    assert_eq!(done.err, told);
    asked.join().expect("asked");
}

#[test]
fn a_refusal_is_told_with_its_reason() {
    let stage = Stage::new();
    let asked = supervisor(&stage, r#"{"error":"no box is mine"}"#);
    let done = stage.run(&["request", "reboot", "--yes"]);
    assert_eq!(done.code, Some(1));
    assert_eq!(done.err, "fourfold: supervisor refused: no box is mine\n");
    asked.join().expect("asked");
}

#[test]
fn a_program_is_not_asked_for_a_password() {
    let done = Stage::new().run(&["request", "password"]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("at a terminal"), "{}", done.err);
}

#[test]
fn a_program_has_to_be_sure() {
    let stage = Stage::new();
    for word in ["reboot", "poweroff", "factory-reset"] {
        let done = stage.run(&["request", word]);
        assert_eq!(done.code, Some(2), "{word}");
        assert!(done.err.contains("--yes"), "{}", done.err);
    }
}

#[test]
fn a_person_is_asked_and_may_say_no() {
    let stage = Stage::new();
    let mut terminal = Terminal::new(&stage, SERIAL);
    terminal.enters("request factory-reset");
    terminal.sees("Erase configuration, users, keys and logs, and reboot? (yes/no) ");
    terminal.enters("no");
    assert!(terminal.prompt().contains("nothing is done"));
    let asked = supervisor(&stage, r#""done""#);
    terminal.enters("request reboot");
    terminal.sees("Reboot the box? (yes/no) ");
    terminal.enters("yes");
    assert!(terminal.prompt().contains("the box reboots"));
    assert_eq!(asked.join().expect("asked"), r#"{"request":"reboot"}"#);
}

/// The files of a bundle, each with its text, without the folder that they are in.
fn unpacked(bundle: &[u8]) -> Vec<(String, String)> {
    let mut files = tar::Archive::new(GzDecoder::new(bundle));
    let entries = files.entries().expect("a tar");
    let file = |entry: std::io::Result<tar::Entry<'_, GzDecoder<&[u8]>>>| {
        let mut entry = entry.expect("a file");
        let path = entry.path().expect("a name").into_owned();
        let name = path.components().skip(1).collect::<std::path::PathBuf>();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (name.display().to_string(), text)
    };
    entries.map(file).collect()
}

fn file<'f>(files: &'f [(String, String)], name: &str) -> &'f str {
    let found = files.iter().find(|(other, _)| other == name);
    &found.unwrap_or_else(|| panic!("{name} is missing")).1
}

#[test]
fn a_bundle_for_support_has_what_there_is_and_says_what_there_is_not() {
    let stage = Stage::new();
    let _ctld = Ctld::with(
        &stage,
        "[user.admin]\npassword = \"$6$salt$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n",
    );
    let _supervisor = stage.shows("supervisor", events(3));
    let output = stage
        .fourfold()
        .args(["request", "support"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(0));
    let files = unpacked(&output.stdout);
    assert!(file(&files, "events.txt").contains("event 3"));
    assert!(file(&files, "show/events.json").contains("event 3"));
    assert!(file(&files, "history.txt").contains("admin"));
    assert!(file(&files, "host/meminfo").contains("MemTotal"));
    let configuration = file(&files, "configuration.toml");
    assert!(configuration.contains("[user.admin]"), "{configuration}");
    let missing = file(&files, "missing.txt");
    assert!(
        missing.contains("show/bond.json: bondd is not running"),
        "{missing}"
    );
    assert!(!missing.contains("events"), "{missing}");
    for (name, text) in &files {
        assert!(!text.contains("$6$salt"), "{name} tells a secret");
    }
}

#[test]
fn a_bundle_can_be_had_with_every_daemon_dead_and_a_person_gets_a_file() {
    let stage = Stage::new();
    let mut terminal = Terminal::new(&stage, SERIAL);
    let told = terminal.does("request support");
    assert!(
        told.contains("missing: configuration.toml: ctld is not running"),
        "{told}"
    );
    let folder = fs::read_dir(stage.data_dir().join("support")).expect("a folder");
    let paths: Vec<_> = folder.map(|entry| entry.expect("a file").path()).collect();
    let [path] = &paths[..] else {
        panic!("{paths:?}");
    };
    assert!(told.contains(&path.display().to_string()), "{told}");
    let files = unpacked(&fs::read(path).expect("a bundle"));
    assert!(file(&files, "missing.txt").lines().count() > 10);
}

#[test]
fn counters_begin_anew_in_every_daemon_that_counts() {
    let clears = |call: Call| match call.request {
        Request::Clear => {
            let (packet, _) = call.take_over();
            tokio::spawn(async move { packet.send(br#""done""#, &[]).await });
        }
        _ => show(call, &[]),
    };
    let stage = Stage::new();
    let _lvsd = stage.daemon("lvsd", clears);
    let done = stage.run(&["clear", "counters"]);
    assert_eq!(done.code, Some(1), "vrrpd is dead: {done:?}");
    assert_eq!(done.out, "lvsd: counts from here on\n");
    assert!(done.err.contains("vrrpd is not running"), "{}", done.err);
    let _vrrpd = stage.daemon("vrrpd", clears);
    let done = stage.run(&["cl", "co"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert_eq!(done.out.lines().count(), 2);
}

#[test]
fn ping_is_given_only_what_it_is_to_have() {
    let stage = Stage::new();
    let ping = stage.data_dir().join("ping");
    fs::write(&ping, "#!/bin/sh\necho \"$@\"\n[ \"$3\" = 10.0.0.1 ]\n").expect("a program");
    fs::set_permissions(&ping, fs::Permissions::from_mode(0o755)).expect("a program");
    let run = |words: &[&str]| {
        let mut command = stage.fourfold();
        let path = format!("{}:/usr/bin:/bin", stage.data_dir().display());
        command.env("PATH", path).args(words);
        crate::stage::Done::from(command.output().expect("runs"))
    };
    let done = run(&["ping", "10.0.0.1", "count", "3"]);
    assert_eq!((done.code, done.out.as_str()), (Some(0), "-c 3 10.0.0.1\n"));
    let done = run(&["ping", "10.0.0.2"]);
    assert_eq!((done.code, done.out.as_str()), (Some(1), "-c 5 10.0.0.2\n"));
    assert_eq!(done.err, "fourfold: ping 10.0.0.2: no answer\n");
    for words in [
        &["ping", "-f"][..],
        &["ping", "10.0.0.1", "count", "0"],
        &["ping", "a b"],
    ] {
        let done = run(words);
        assert_eq!((done.code, done.out.as_str()), (Some(2), ""), "{words:?}");
    }
}
