//! Daemons that hang, and daemons that ask to be started anew.

use crate::stage::Stage;

#[tokio::test]
async fn a_daemon_whose_main_loop_stands_still_is_killed_and_started_again_with_that_reason() {
    let stage = Stage::of_helpers();
    let mut supervisor = stage.start();
    assert!(supervisor.ready().await);
    stage.tell("bondd", "keep 3");
    stage.tell("bondd", "be hung");
    supervisor
        .until("supervisor: bondd: its main loop stood still for 10 s: killed")
        .await;
    supervisor.up("bondd").await;
    supervisor.until("bondd: has 3").await;
    let daemons = supervisor.show();
    assert_eq!(daemons[1]["restarts"], 1);
    let reason = daemons[1]["last_exit"].as_str().expect("a reason");
    assert!(reason.starts_with("its main loop stood still for 10 s"));
    for other in [0, 2, 3, 4, 5] {
        assert_eq!(daemons[other]["restarts"], 0, "{}", daemons[other]);
    }
}

#[tokio::test]
async fn a_daemon_that_asks_is_started_anew_at_once_whoever_has_started_it() {
    let stage = Stage::of_helpers();
    let mut supervisor = stage.start();
    assert!(supervisor.ready().await);
    stage.tell("bondd", "keep 4");
    supervisor.until("bondd: kept 4").await;
    for turn in 1..=3 {
        stage.tell("bondd", "be anew");
        supervisor
            .until("supervisor: bondd: is started anew, as it asks")
            .await;
        supervisor.up("bondd").await;
        // Warm each time, though the one before it was young.
        supervisor.until("bondd: has 4").await;
        assert_eq!(supervisor.show()[1]["restarts"], turn);
        let how = supervisor.show()[1]["last_exit"].clone();
        let how = how.as_str().expect("a reason");
        assert!(how.starts_with("asked to be started anew"), "{how}");
        if turn == 2 {
            supervisor.signal(nix::sys::signal::Signal::SIGKILL);
            supervisor.end().await;
            supervisor = stage.start();
            assert!(supervisor.ready().await);
        }
    }
}

#[tokio::test]
async fn a_daemon_that_asks_again_and_again_dies() {
    let stage = Stage::new();
    stage.script("lvsd", "exit 75");
    let mut supervisor = stage.start();
    for _ in 0..10 {
        supervisor
            .until("supervisor: lvsd: is started anew, as it asks")
            .await;
    }
    supervisor
        .until("supervisor: lvsd: cold start: 0 stored items dropped")
        .await;
}
