//! What is different where process 1 has started the supervisor.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::stage::{DAEMONS, Stage};

/// Makes `daemon` refuse the configuration.
fn refuse(stage: &Stage, daemon: &str) -> String {
    let script = "#!/bin/bash\n# @STAGE@\n[[ $3 == --check ]] && \
         { echo \"$2:3: bond.bond0.mode = 9: 0 to 6\" >&2; echo more >&2; exit 2; }\nexit 2\n";
    stage.raw_script(daemon, script);
    let file = stage.path("fourfold.toml");
    format!("{}:3: bond.bond0.mode = 9: 0 to 6", file.display())
}

#[tokio::test]
async fn who_refuses_the_configuration_is_in_maintenance_with_its_fault_and_the_others_run() {
    let stage = Stage::new();
    let fault = refuse(&stage, "bondd");
    refuse(&stage, "ctld");
    let mut supervisor = stage.start_on_the_appliance();
    supervisor.until(&fault).await;
    supervisor
        .until("supervisor: bondd: does not accept the configuration: in maintenance")
        .await;
    supervisor.until("supervisor: not ready: bondd, ctld").await;
    let daemons = supervisor.show();
    let states: Vec<_> = daemons.iter().map(|d| d["state"].as_str()).collect();
    let (ready, maintenance) = (Some("ready"), Some("maintenance"));
    let expected = [ready, maintenance, ready, ready, ready, maintenance];
    assert_eq!(states, expected);
    assert_eq!(daemons[1]["last_exit"], *fault);
    assert_eq!(daemons[1]["restarts"], 0, "it was never started");
    assert!(daemons[1]["pid"].is_null());

    stage.script("bondd", crate::stage::PLAIN);
    stage.replace_configuration();
    supervisor
        .until("supervisor: bondd: the configuration is another one: tried again")
        .await;
    supervisor.until("bondd: ready").await;
}

#[tokio::test]
async fn a_wish_is_answered_then_all_stop_in_reverse_order_and_the_status_tells_process_1() {
    for (wish, status) in [("reboot", 64), ("power_off", 65), ("factory_reset", 66)] {
        let stage = Stage::new();
        let mut supervisor = stage.start_on_the_appliance();
        assert!(supervisor.ready().await);
        supervisor.until("ctld: ready").await;
        let unknown = supervisor.ask(br#"{"request":"halt"}"#);
        assert!(unknown[0]["error"].is_string(), "{unknown:?}");
        let answer = supervisor.ask(json!({ "request": wish }).to_string().as_bytes());
        assert_eq!(answer, [json!("done")]);
        let (lines, ended) = supervisor.end().await;
        let words = match wish {
            "power_off" => "power off".to_owned(),
            other => format!("a {}", other.replace('_', " ")),
        };
        let mut expected = vec![format!("supervisor: user 0 wants {words}: all stop")];
        expected.extend(DAEMONS.iter().rev().map(|name| format!("{name}: down")));
        assert_eq!(lines, expected);
        assert_eq!(ended.code(), Some(status));
    }
}

#[tokio::test]
async fn a_wish_during_the_start_stops_what_was_started() {
    let stage = Stage::new();
    stage.script("lvsd", "idle");
    let mut supervisor = stage.start_on_the_appliance();
    supervisor.up("lvsd").await;
    assert_eq!(supervisor.ask(br#"{"request":"reboot"}"#), [json!("done")]);
    let (lines, status) = supervisor.end().await;
    assert_eq!(lines[1..], ["lvsd: down"]);
    assert_eq!(status.code(), Some(64));
}

#[tokio::test]
async fn a_signal_is_no_wish() {
    let stage = Stage::new();
    stage.script("ctld", "ready; read -r < $dir/gate; kill -TERM $PPID; idle");
    let mut supervisor = stage.start_on_the_appliance();
    assert!(supervisor.ready().await);
    fs::write(stage.path("gate"), "open\n").expect("gate");
    let (_, status) = supervisor.end().await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn on_a_host_a_wish_is_refused_with_the_reason_and_nothing_stops() {
    let stage = Stage::new();
    let mut supervisor = stage.start();
    assert!(supervisor.ready().await);
    let before = supervisor.show();
    for wish in ["reboot", "power_off", "factory_reset"] {
        let answer = supervisor.ask(json!({ "request": wish }).to_string().as_bytes());
        let why = answer[0]["error"].as_str().expect("a refusal");
        let reason = " is the appliance's: this supervisor was not started by process 1";
        assert!(why.ends_with(reason), "{why}");
    }
    assert_eq!(supervisor.show(), before);
    supervisor.signal(Signal::SIGTERM);
    let (_, status) = supervisor.end().await;
    assert_eq!(status.code(), Some(0));
}
