//! The check before the start.

use std::fs;

use crate::stage::Stage;

#[tokio::test]
async fn a_configuration_that_a_daemon_refuses_starts_nothing() {
    let stage = Stage::new();
    let refuse = "#!/bin/bash\n# @STAGE@\n[[ $3 == --check ]] && \
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

#[tokio::test]
async fn a_run_directory_whose_sockets_would_have_too_long_paths_is_one_line_with_the_path() {
    let stage = Stage::new();
    let run_dir = "r".repeat(100);
    let (lines, status) = stage.start_in(&run_dir).end().await;
    assert_eq!((lines.len(), status.code()), (1, Some(1)));
    let path = stage.path(&run_dir).join("supervisor.sock");
    let start = format!(
        "supervisor: {}: a socket's path has at most 107 bytes",
        path.display()
    );
    assert!(lines[0].starts_with(&start), "{lines:?}");
    assert!(!stage.path(&run_dir).exists(), "something was made");
}
