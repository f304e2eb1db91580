//! Children: readiness, output, death, and life after their parent's interest.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

use std::io::{ErrorKind, Read};
use std::os::unix::process::ExitStatusExt;

use nix::sys::signal::Signal;
use sys::spawn::{Child, Output, Spawn};

fn shell(script: &str) -> Child {
    Spawn::new("/bin/sh")
        .args(["-c", script])
        .start()
        .expect("a shell")
}

async fn all(output: &Output) -> String {
    let mut text = Vec::new();
    let mut bytes = [0; 4096];
    loop {
        match output.read(&mut bytes).await.expect("output") {
            0 => return String::from_utf8(text).expect("text"),
            len => text.extend_from_slice(&bytes[..len]),
        }
    }
}

#[tokio::test]
async fn a_newline_on_ready_fd_is_readiness() {
    let mut child = shell("echo >/proc/self/fd/$READY_FD");
    let readiness = child.readiness().expect("pipe").expect("the first time");
    assert!(readiness.wait().await.expect("readiness"));
    assert!(
        child.readiness().expect("pipe").is_none(),
        "given out twice"
    );
    child.wait().await.expect("dead");
}

#[tokio::test]
async fn a_child_that_dies_before_it_is_ready_was_never_ready() {
    for script in [
        "exit 0",
        "printf almost >/proc/self/fd/$READY_FD",
        "kill -9 $$",
    ] {
        let mut child = shell(script);
        let readiness = child.readiness().expect("pipe").expect("the first time");
        assert!(!readiness.wait().await.expect("readiness"), "{script}");
        child.wait().await.expect("dead");
    }
}

#[tokio::test]
async fn both_streams_come_through_one_pipe_which_ends_with_the_child() {
    let mut child = shell("echo out; echo err >&2; printf tail");
    let output = child.output().expect("pipe").expect("the first time");
    assert_eq!(all(&output).await, "out\nerr\ntail");
    assert_eq!(child.wait().await.expect("dead").code(), Some(0));
}

#[tokio::test]
async fn the_environment_and_the_arguments_reach_the_child() {
    let child = Spawn::new("/bin/sh")
        .args(["-c", "echo \"$DAEMON $1\"", "sh", "an argument"])
        .env("DAEMON", "lvsd");
    let mut child = child.start().expect("a shell");
    let output = child.output().expect("pipe").expect("the first time");
    assert_eq!(all(&output).await, "lvsd an argument\n");
    child.wait().await.expect("dead");
}

#[tokio::test]
async fn a_signal_ends_a_child_and_the_status_says_which() {
    let mut child = shell("kill -STOP $$");
    assert!(child.try_wait().expect("status").is_none());
    child.signal(Signal::SIGKILL).expect("sent");
    let status = child.wait().await.expect("dead");
    assert_eq!(status.signal(), Some(9));
    child
        .signal(Signal::SIGKILL)
        .expect("to the dead: no error");
    assert_eq!(child.try_wait().expect("status"), Some(status));
}

#[tokio::test]
async fn a_wait_may_be_cancelled_and_taken_up_again() {
    let mut child = shell("kill -STOP $$; exit 3");
    tokio::select! {
        biased;
        status = child.wait() => panic!("a stopped child ended: {status:?}"),
        () = std::future::ready(()) => {}
    }
    // Stopped or on its way there; continue it until it is dead.
    loop {
        child.signal(Signal::SIGCONT).expect("sent");
        if let Some(status) = child.try_wait().expect("status") {
            assert_eq!(status.code(), Some(3));
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_an_error_with_its_name() {
    let refused = Spawn::new("/nowhere/lvsd").start().expect_err("started");
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert!(refused.to_string().contains("/nowhere/lvsd"), "{refused}");
}

#[tokio::test]
async fn a_child_whose_output_nobody_reads_any_more_goes_on_writing() {
    // An ordinary pipe would end the shell by SIGPIPE at its first line.
    let mut child =
        shell("trap 'echo one; echo two >&2; exit 7' TERM; echo ready; while :; do :; done");
    let output = child.output().expect("pipe").expect("the first time");
    assert_eq!(output.read(&mut [0; 16]).await.expect("output"), 6);
    drop(output);
    child.signal(Signal::SIGTERM).expect("sent");
    assert_eq!(child.wait().await.expect("dead").code(), Some(7));
}

#[tokio::test]
async fn a_child_inherits_nothing_else_that_its_parent_has_open() {
    let (mut reader, writer) = std::io::pipe().expect("pipe");
    let mut child = shell("kill -STOP $$");
    drop(writer);
    // A child that held the writer would keep this read waiting.
    assert_eq!(reader.read(&mut [0]).expect("read"), 0);
    assert!(child.try_wait().expect("status").is_none());
    child.signal(Signal::SIGKILL).expect("sent");
    child.wait().await.expect("dead");
}

#[tokio::test]
async fn a_daemons_word_reaches_who_started_it_and_closes_the_pipe() {
    let this = std::env::current_exe().expect("this test");
    let mut child = Spawn::new(this)
        .args(["--exact", "helper_that_says_ready_twice", "--ignored"])
        .start()
        .expect("the helper");
    let readiness = child.readiness().expect("pipe").expect("the first time");
    assert!(readiness.wait().await.expect("readiness"));
    assert!(
        !readiness.wait().await.expect("the end"),
        "said twice, or left open"
    );
    assert!(child.wait().await.expect("dead").success());
}

#[test]
#[ignore = "run by a_daemons_word_reaches_who_started_it_and_closes_the_pipe"]
fn helper_that_says_ready_twice() {
    sys::ready::notify();
    sys::ready::notify();
}
