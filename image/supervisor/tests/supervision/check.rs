//! The check before the start.

use std::fs;

use crate::stage::Stage;

#[tokio::test]
async fn a_configuration_that_a_daemon_refuses_starts_nothing() {
    let stage = Stage::new();
    let refuse = "#!/bin/bash\n# DIR\n[[ $3 == --check ]] && \
         { echo canonical; echo \"$2: bond.bond0.members: eth1 twice\" >&2; exit 2; }\n";
    stage.raw_script("bondd", refuse);
    let (lines, status) = stage.start().end().await;
    let fault = format!(
        "{}: bond.bond0.members: eth1 twice",
        stage.path("fourfold.toml").display()
    );
    assert_eq!((lines, status.code()), (vec![fault], Some(2)));
    assert!(!stage.path("run").exists(), "something was started");
}

#[tokio::test]
async fn a_daemon_that_is_not_there_starts_nothing() {
    let stage = Stage::new();
    fs::remove_file(stage.path("hostd")).expect("removed");
    let (lines, status) = stage.start().end().await;
    assert_eq!(status.code(), Some(2));
    assert!(lines.concat().contains("hostd: No such file"), "{lines:?}");
    assert!(!stage.path("run").exists(), "something was started");
}
