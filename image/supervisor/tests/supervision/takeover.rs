//! A supervisor dies, and the next one goes on with the daemons that live.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use sys::process::{Process, started};

use crate::stage::{DAEMONS, PLAIN, Stage, Supervisor, kill_now};

/// SIGKILL, and its end.
async fn killed(mut supervisor: Supervisor) {
    supervisor.signal(Signal::SIGKILL);
    supervisor.end().await;
}

fn pid_of(supervisor: &Supervisor, place: usize) -> i32 {
    let pid = supervisor.show()[place]["pid"].as_i64().expect("pid");
    i32::try_from(pid).expect("pid")
}

#[tokio::test]
async fn daemons_outlive_their_supervisor_and_go_on_under_the_next_one_with_what_they_stored() {
    let stage = Stage::of_helpers();
    let mut first = stage.start();
    assert!(first.ready().await);
    stage.tell("bondd", "keep-durable 7");
    first.until("bondd: kept 7").await;
    let before = first.show();
    killed(first).await;
    // Also what it stores and says while there is none.
    stage.tell("lvsd", "keep-durable 9");
    stage.tell("lvsd", "say alone");

    let mut next = stage.start();
    next.until("lvsd: alone").await;
    assert!(next.ready().await);
    assert_eq!(next.show(), before);

    // The death of one that another has started is seen, and a restart works as ever.
    for (place, name, kept) in [(0, "lvsd", 9), (1, "bondd", 7)] {
        let old = pid_of(&next, place);
        kill_now(old);
        next.until(&format!(
            "supervisor: {name}: died: under another supervisor"
        ))
        .await;
        assert_ne!(next.up(name).await, old);
        next.until(&format!("{name}: has {kept}")).await;
    }
    assert_eq!(next.show()[2..], before[2..]);
    // And of one that it has started itself.
    kill_now(pid_of(&next, 0));
    next.until("supervisor: lvsd: died: signal: 9 (SIGKILL)")
        .await;
    next.up("lvsd").await;
}

#[tokio::test]
async fn a_daemon_that_died_while_there_was_no_supervisor_is_started_by_the_next() {
    let stage = Stage::of_helpers();
    let mut first = stage.start();
    assert!(first.ready().await);
    stage.tell("hostd", "keep 5");
    first.until("hostd: kept 5").await;
    let before = first.show();
    let hostd = pid_of(&first, 2);
    killed(first).await;
    let pid = u32::try_from(hostd).expect("a process id");
    let process = Process::open(pid, started(pid).expect("a process"));
    kill_now(hostd);
    // It dies in its own time.
    let mut process = process.expect("a descriptor").expect("a process");
    process.wait().await.expect("its death");

    let mut next = stage.start();
    next.until("supervisor: hostd: died while there was no supervisor")
        .await;
    assert_ne!(next.up("hostd").await, hostd);
    next.until("hostd: has 0").await;
    assert!(next.ready().await);
    let after = next.show();
    assert_eq!((&after[1], &after[3]), (&before[1], &before[3]));
    assert_eq!(after[2]["restarts"], 1);
    assert_eq!(after[2]["last_exit"], "while there was no supervisor");
}

#[tokio::test]
async fn a_daemon_that_lives_and_does_not_register_is_hung() {
    let stage = Stage::of_helpers();
    let first = stage.start();
    assert!(first.ready().await);
    let vrrpd = pid_of(&first, 3);
    killed(first).await;
    kill(Pid::from_raw(vrrpd), Signal::SIGSTOP).expect("stopped");
    let mut next = stage.start();
    next.until("supervisor: vrrpd: not registered within 5 s: killed")
        .await;
    next.up("vrrpd").await;
    assert!(next.ready().await);
    assert_eq!(next.show()[3]["last_exit"], "not registered within 5 s");
}

#[tokio::test]
async fn a_start_that_was_cut_off_is_finished_by_the_next_supervisor() {
    let stage = Stage::of_helpers();
    stage.helper("lvsd", "HELPER_SLOW=1");
    let mut first = stage.start();
    first.until("lvsd: has 0").await;
    let lvsd = pid_of(&first, 0);
    killed(first).await;

    let mut next = stage.start();
    next.until(&format!("supervisor: lvsd: process {lvsd} goes on"))
        .await;
    let daemons = next.show();
    assert_eq!(daemons[0]["state"], "starting");
    assert_eq!(daemons[1]["state"], "waiting");
    stage.tell("lvsd", "be ready");
    next.up("bondd").await;
    assert!(next.ready().await);
    assert_eq!(pid_of(&next, 0), lvsd);
}

#[tokio::test]
async fn a_configuration_with_faults_stops_nothing_that_runs() {
    let stage = Stage::of_helpers();
    let first = stage.start();
    assert!(first.ready().await);
    let before = first.show();
    killed(first).await;
    let refuse = "#!/bin/bash\necho 'no good' >&2; exit 2\n";
    stage.raw_script("bondd", refuse);
    let mut next = stage.start();
    next.until("no good").await;
    next.until("supervisor: the configuration has faults").await;
    assert!(next.ready().await);
    assert_eq!(next.show(), before);
    let fault = |item: &Value| item["daemon"] == "bondd" && item["text"] == "no good";
    assert!(next.items("events").iter().any(fault));
}

#[tokio::test]
async fn more_faults_than_anybody_reads_do_not_hold_the_supervisor_up() {
    let stage = Stage::of_helpers();
    let first = stage.start();
    assert!(first.ready().await);
    killed(first).await;
    // Twice what the pipe of its log holds.
    let refuse =
        "#!/bin/bash\nfor ((n = 0; n < 1024; n++)); do printf '%2047d\\n' $n; done >&2; exit 2\n";
    stage.raw_script("bondd", refuse);
    let next = stage.start();
    assert!(next.ready().await);
    let said = |item: &Value| {
        item["text"]
            .as_str()
            .is_some_and(|text| text.ends_with(" 1023"))
    };
    // It answers all the time, until the last fault was heard.
    while !next.items("events").iter().any(said) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn daemons_that_nobody_knows_any_more_make_room() {
    let stage = Stage::of_helpers();
    let first = stage.start();
    assert!(first.ready().await);
    let healthd = pid_of(&first, 4);
    killed(first).await;
    fs::write(stage.path("run/supervisor.state"), "{").expect("written");
    let mut next = stage.start();
    next.until(&format!(
        "supervisor: {}: ",
        stage.path("run/supervisor.state").display()
    ))
    .await;
    next.until(&format!(
        "supervisor: healthd: process {healthd} is left over: killed"
    ))
    .await;
    assert_ne!(next.up("healthd").await, healthd);
    assert!(next.ready().await);
}

#[tokio::test]
async fn an_orderly_stop_ends_those_that_another_supervisor_has_started_and_leaves_nothing() {
    let stage = Stage::of_helpers();
    let first = stage.start();
    assert!(first.ready().await);
    let pids = (0..DAEMONS.len()).map(|place| pid_of(&first, place).unsigned_abs());
    let pids: Vec<_> = pids
        .map(|pid| (pid, started(pid).expect("alive")))
        .collect();
    killed(first).await;
    let mut next = stage.start();
    assert!(next.ready().await);
    next.signal(Signal::SIGTERM);
    let (_, status) = next.end().await;
    assert_eq!(status.code(), Some(0));
    for (pid, started) in pids {
        let living = Process::open(pid, started).expect("asked");
        assert!(living.is_none(), "{living:?}");
    }
    let left = fs::read_dir(stage.path("run")).expect("run directory");
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn the_next_supervisor_still_counts_the_deaths() {
    let stage = Stage::of_helpers();
    stage.script("ctld", "exit 1");
    let mut first = stage.start();
    first
        .until("supervisor: ctld: cold start: 0 stored items dropped")
        .await;
    let before = first.show()[5]["restarts"].as_u64().expect("restarts");
    killed(first).await;
    stage.script("ctld", PLAIN);
    let next = stage.start();
    assert!(next.ready().await);
    assert!(next.show()[5]["restarts"].as_u64().expect("restarts") >= before);
}
