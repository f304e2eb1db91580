//! Start in order on readiness, stop in reverse order.

use std::fs;

use nix::sys::signal::Signal;
use sys::packet::Listener;

use crate::stage::{DAEMONS, Stage};

#[tokio::test]
async fn daemons_start_in_order_each_when_the_one_before_it_is_ready() {
    let stage = Stage::new();
    stage.script("lvsd", "read -r < $dir/gate; ready; idle");
    let mut supervisor = stage.start();
    let lvsd = supervisor.up("lvsd").await;

    let daemons = supervisor.show();
    let states: Vec<_> = daemons
        .iter()
        .map(|d| d["state"].as_str().expect("state"))
        .collect();
    assert_eq!(states[0], "starting");
    assert_eq!(states[1..], ["waiting"; 5]);
    assert_eq!(daemons[0]["pid"], lvsd);
    assert!(daemons[1]["pid"].is_null());

    fs::write(stage.path("gate"), "open\n").expect("gate");
    supervisor.until("lvsd: ready").await;
    for daemon in &DAEMONS[1..] {
        supervisor.up(daemon).await;
    }
    assert!(supervisor.ready().await);
    for daemon in supervisor.show() {
        assert_eq!(daemon["state"], "ready", "{daemon}");
        assert_eq!(daemon["restarts"], 0);
        assert!(daemon["last_exit"].is_null());
        assert!(daemon["since_ns"].as_u64().expect("since") <= sys::clock::monotonic_nanos());
    }
}

#[tokio::test]
async fn an_orderly_stop_goes_in_reverse_order_and_leaves_no_socket() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let stage = Stage::new();
        let mut supervisor = stage.start();
        assert!(supervisor.ready().await);
        supervisor.until("ctld: ready").await;
        fs::write(stage.path("run/lvsd.sock"), "").expect("left by a killed lvsd");
        supervisor.signal(signal);
        let (lines, status) = supervisor.end().await;
        let down = DAEMONS.iter().rev().map(|name| format!("{name}: down"));
        assert_eq!(lines, down.collect::<Vec<_>>());
        assert_eq!(status.code(), Some(0));
        assert_eq!(
            fs::read_dir(stage.path("run"))
                .expect("run directory")
                .count(),
            0
        );
    }
}

#[tokio::test]
async fn a_stop_leaves_the_socket_of_a_daemon_that_another_supervisor_has_started() {
    let stage = Stage::new();
    let mut supervisor = stage.start();
    assert!(supervisor.ready().await);
    let path = stage.path("run/lvsd.sock");
    let living = Listener::bind(&path).expect("a daemon that outlived its supervisor");
    drop(Listener::bind(stage.path("run/bondd.sock")).expect("another"));
    supervisor.signal(Signal::SIGTERM);
    let (_, status) = supervisor.end().await;
    assert_eq!(status.code(), Some(0));
    assert!(path.exists(), "nobody reaches {living:?} any more");
}

#[tokio::test]
async fn a_stop_during_the_start_stops_only_what_was_started() {
    let stage = Stage::new();
    stage.script("lvsd", "idle");
    let mut supervisor = stage.start();
    supervisor.up("lvsd").await;
    supervisor.signal(Signal::SIGTERM);
    let (lines, status) = supervisor.end().await;
    assert_eq!(
        (lines, status.code()),
        (vec!["lvsd: down".to_owned()], Some(0))
    );
}

#[tokio::test]
async fn a_daemon_that_does_not_stop_is_killed_and_the_others_still_stop_in_order() {
    let stage = Stage::new();
    stage.script("bondd", "trap '' TERM; ready; idle");
    let mut supervisor = stage.start();
    assert!(supervisor.ready().await);
    supervisor.until("ctld: ready").await;
    supervisor.signal(Signal::SIGTERM);
    let (lines, status) = supervisor.end().await;
    let killed = "supervisor: bondd: not stopped within 5 s: killed";
    let last = ["hostd: down", killed, "lvsd: down"];
    assert_eq!(lines[lines.len() - 3..], last);
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_second_supervisor_in_the_same_run_directory_ends_and_the_first_goes_on() {
    let stage = Stage::new();
    let first = stage.start();
    assert!(first.ready().await);
    let before = first.show();
    let (lines, status) = stage.start().end().await;
    assert_eq!(status.code(), Some(1));
    let why = format!(
        "supervisor: another supervisor runs in {}",
        stage.path("run").display()
    );
    assert_eq!(lines, [why]);
    assert_eq!(first.show(), before);
}
