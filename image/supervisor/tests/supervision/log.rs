//! The log on disk, and the lines of programs that are no daemons.

use std::fs::{self, File};
use std::io::Read;
use std::time::Duration;

use control::show::EventItem;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::json;
use tokio::time::timeout;

use crate::stage::{Stage, Supervisor};

fn shown(supervisor: &Supervisor, noun: &str) -> Vec<EventItem> {
    let items = supervisor.items(noun).into_iter();
    items
        .map(|item| serde_json::from_value(item).expect("an event"))
        .collect()
}

fn log_of(stage: &Stage) -> [std::path::PathBuf; 2] {
    ["--log".into(), stage.path("log/messages")]
}

#[tokio::test]
async fn every_line_is_in_the_file_and_shown_after_a_reboot() {
    let stage = Stage::new();
    let mut first = stage.start_with(log_of(&stage));
    assert!(first.ready().await);
    first.until("ctld: ready").await;
    first.signal(Signal::SIGTERM);
    first.end().await;
    // An orderly stop leaves nothing in the run directory: as after a reboot.
    let text = fs::read_to_string(stage.path("log/messages")).expect("a log");
    for line in [" lvsd: ready\n", " ctld: ready\n", " lvsd: down\n"] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
    let mut next = stage.start_with(log_of(&stage));
    assert!(next.ready().await);
    next.until("ctld: ready").await;
    let log = shown(&next, "log");
    let ups = |items: &[EventItem]| {
        let up = |item: &&EventItem| item.daemon == "hostd" && item.text.starts_with("up ");
        items.iter().filter(up).count()
    };
    assert_eq!((ups(&log), ups(&shown(&next, "events"))), (2, 1));
    assert_eq!(log.last().expect("lines").text, "ready");
    assert!(log.is_sorted_by_key(|item| item.unix_ms));
    assert!(log[0].unix_ms > 1_600_000_000_000, "{:?}", log[0]);
}

#[tokio::test]
async fn the_last_lines_are_waited_for() {
    let stage = Stage::new();
    // More than a pipe holds; a pipe is as good as a disk that is slow.
    let lines = "for n in {1..100}; do printf %01500d\\\\n $n; done; echo last; exit 0";
    stage.script("lvsd", &format!("trap '{lines}' TERM; ready; idle"));
    mkfifo(&stage.path("pipe"), Mode::S_IRWXU).expect("fifo");
    let mut supervisor = stage.start_with(["--log".into(), stage.path("pipe")]);
    assert!(supervisor.ready().await);
    let mut pipe = File::open(stage.path("pipe")).expect("opened");
    supervisor.signal(Signal::SIGTERM);
    supervisor.until("lvsd: last").await;
    let early = timeout(Duration::from_millis(300), supervisor.end()).await;
    assert!(early.is_err(), "it did not wait: {early:?}");
    let mut text = String::new();
    pipe.read_to_string(&mut text).expect("read");
    assert!(text.ends_with(" lvsd: last\n"), "{} bytes", text.len());
}

#[tokio::test]
async fn without_a_file_the_log_is_what_was_said_lately() {
    let stage = Stage::new();
    let mut supervisor = stage.start();
    assert!(supervisor.ready().await);
    supervisor.until("ctld: ready").await;
    let log = shown(&supervisor, "log");
    assert!(!log.is_empty());
    assert_eq!(log, shown(&supervisor, "events"));
}

#[tokio::test]
async fn a_full_disk_costs_lines_and_one_line_that_says_so_and_nothing_else() {
    let stage = Stage::new();
    let mut supervisor = stage.start_with(["--log", "/dev/full"]);
    assert!(supervisor.ready().await);
    let said = supervisor.until("supervisor: log /dev/full: ").await;
    assert!(said.ends_with(": lines are lost"), "{said}");
    let daemons = supervisor.show();
    assert!(daemons.iter().all(|daemon| daemon["state"] == "ready"));
    supervisor.signal(Signal::SIGTERM);
    let (lines, status) = supervisor.end().await;
    assert_eq!(status.code(), Some(0));
    let again = lines.iter().any(|line| line.contains("are lost"));
    assert!(!again, "said twice: {lines:?}");
}

#[tokio::test]
async fn a_faulty_configuration_is_in_the_log_though_nothing_is_started() {
    let stage = Stage::new();
    stage.raw_script("bondd", "#!/bin/bash\necho 'x:1: no' >&2\nexit 2\n");
    let (_, status) = stage.start_with(log_of(&stage)).end().await;
    assert_eq!(status.code(), Some(2));
    let text = fs::read_to_string(stage.path("log/messages")).expect("a log");
    assert!(text.ends_with(" bondd: x:1: no\n"), "{text}");
}

#[tokio::test]
async fn root_may_say_something_and_nobody_else() {
    let stage = Stage::new();
    let mut supervisor = stage.start();
    assert!(supervisor.ready().await);
    let say = json!({"say": {"who": "login", "text": "admin on ttyS0"}});
    let answer = supervisor.ask(say.to_string().as_bytes());
    if nix::unistd::geteuid().is_root() {
        assert_eq!(answer, [json!("done")]);
        supervisor.until("login: admin on ttyS0").await;
        let events = shown(&supervisor, "events");
        let said = events.iter().find(|event| event.daemon == "login");
        assert_eq!(said.expect("the line").text, "admin on ttyS0");
    } else {
        let why = answer[0]["error"].as_str().expect("a refusal");
        assert!(why.starts_with("the log is root's to write"), "{why}");
    }
}
