//! Death, and what follows.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::stage::{PLAIN, Stage, kill_now};

#[tokio::test]
async fn a_killed_daemon_is_started_again_at_once_and_no_other_is_touched() {
    let stage = Stage::new();
    let mut supervisor = stage.start();
    assert!(supervisor.ready().await);
    let before = supervisor.show();
    let bondd = before[1]["pid"].as_i64().expect("pid");
    kill_now(i32::try_from(bondd).expect("pid"));
    supervisor
        .until("supervisor: bondd: died: signal: 9 (SIGKILL)")
        .await;
    let again = supervisor.up("bondd").await;
    supervisor.until("bondd: ready").await;

    let after = supervisor.show();
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));
    assert_eq!(after[1]["pid"], again);
    assert_eq!(after[1]["restarts"], 1);
    assert_eq!(after[1]["last_exit"], "signal: 9 (SIGKILL): ready");
}

#[tokio::test]
async fn a_crash_loop_ends_in_maintenance_with_its_reason_and_the_others_go_on() {
    let stage = Stage::new();
    stage.script("lvsd", "echo 'lvsd: eth1: no such device' >&2; exit 1");
    let mut supervisor = stage.start();
    supervisor
        .until("supervisor: lvsd: died too often: in maintenance")
        .await;
    supervisor.up("bondd").await;
    supervisor.until("supervisor: not ready: lvsd").await;

    let daemons = supervisor.show();
    assert_eq!(daemons[0]["state"], "maintenance");
    assert_eq!(daemons[0]["restarts"], 10);
    assert_eq!(
        daemons[0]["last_exit"],
        "exit status: 1: lvsd: eth1: no such device"
    );
    assert!(daemons[0]["pid"].is_null());
    assert_eq!(daemons[1]["state"], "ready");
    supervisor.signal(Signal::SIGTERM);
    let (lines, status) = supervisor.end().await;
    assert!(
        lines.ends_with(&["hostd: down".to_owned(), "bondd: down".to_owned()]),
        "{lines:?}"
    );
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_daemon_in_maintenance_is_tried_again_with_another_configuration() {
    let stage = Stage::new();
    stage.script("lvsd", "exit 1");
    let mut supervisor = stage.start();
    supervisor
        .until("supervisor: lvsd: died too often: in maintenance")
        .await;
    stage.script("lvsd", PLAIN);
    stage.replace_configuration();
    supervisor
        .until("supervisor: lvsd: the configuration is another one: tried again")
        .await;
    supervisor.until("lvsd: ready").await;
    assert_eq!(supervisor.show()[0]["state"], "ready");
}

#[tokio::test]
async fn daemons_outlive_their_supervisor_also_when_they_write() {
    let stage = Stage::new();
    stage.script(
        "lvsd",
        "trap 'echo one; echo two >&2; echo alive > $dir/gate' USR1; ready; idle",
    );
    let mut supervisor = stage.start();
    let lvsd = supervisor.up("lvsd").await;
    assert!(supervisor.ready().await);
    supervisor.signal(Signal::SIGKILL);
    supervisor.end().await;
    drop(supervisor);

    kill(Pid::from_raw(lvsd), Signal::SIGUSR1).expect("alive");
    let word = tokio::task::spawn_blocking(move || fs::read_to_string(stage.path("gate")));
    assert_eq!(word.await.expect("thread").expect("gate"), "alive\n");
}

#[tokio::test]
async fn a_daemon_that_recovers_is_started_until_it_is_ready() {
    let stage = Stage::new();
    stage.script("hostd", "exit 1");
    let mut supervisor = stage.start();
    supervisor
        .until("supervisor: hostd: cold start: 0 stored items dropped")
        .await;
    stage.script("hostd", PLAIN);
    supervisor.until("hostd: ready").await;
    assert!(supervisor.ready().await);
    assert_eq!(supervisor.show()[2]["state"], "ready");
}
