//! Requests and answers over real sockets, each test in a directory of its own.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::time::Duration;

use control::cli::socket_in;
use control::ipc::{self, Answer, BondAnswer, BondRequest, Call, ClientError, Request};
use control::show::{DropItem, Fate, Noun};
use sys::packet::Packet;
use tempfile::TempDir;
use tests::standin::StandIn;

/// More than any answer takes, so that a hang ends as a failure.
const PATIENCE: Duration = Duration::from_secs(20);

fn run_directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn socket(run: &TempDir) -> PathBuf {
    socket_in(run.path(), "lvsd")
}

/// An lvsd that answers every call with a function.
fn lvsd(run: &TempDir, answer: impl FnMut(Call) + Send + 'static) -> StandIn {
    StandIn::start(&socket(run), answer).expect("a stand-in")
}

fn drops(count: u64) -> Vec<DropItem> {
    (0..count)
        .map(|count| DropItem {
            reason: format!("reason_{count}"),
            layer: "lvs".into(),
            fate: Fate::Drop,
            count,
        })
        .collect()
}

fn ask(run: &TempDir) -> Result<Vec<DropItem>, ClientError> {
    ipc::show(run.path(), Noun::Drops, PATIENCE)?.collect()
}

#[test]
fn every_item_comes_in_its_order() {
    let run = run_directory();
    let _daemon = lvsd(&run, |call| {
        assert_eq!(call.request, Request::Show(Noun::Drops));
        call.answer(Noun::Drops, drops(1000));
    });
    assert_eq!(ask(&run).expect("an answer"), drops(1000));
    assert_eq!(
        ask(&run).expect("another connection, another answer"),
        drops(1000)
    );
}

#[test]
fn no_items_are_an_answer_too() {
    let run = run_directory();
    let _daemon = lvsd(&run, |call| call.answer(Noun::Drops, drops(0)));
    assert_eq!(ask(&run).expect("an answer"), []);
}

#[test]
fn an_answer_may_be_made_bit_by_bit() {
    let run = run_directory();
    let _daemon = lvsd(&run, |call| {
        let mut reply = call.reply();
        tokio::spawn(async move {
            reply.begin(Noun::Drops).await.expect("begin");
            for item in drops(3) {
                reply.item(&item).await.expect("item");
            }
            reply.end().await.expect("end");
        });
    });
    assert_eq!(ask(&run).expect("an answer"), drops(3));
}

#[test]
fn a_daemon_that_is_not_there_is_one_line() {
    let run = run_directory();
    let error = ask(&run).expect_err("nobody listens");
    let text = error.to_string();
    let expected = format!("lvsd is not running (connect {}: ", socket(&run).display());
    assert!(
        text.starts_with(&expected) && !text.contains('\n'),
        "{text}"
    );
}

#[test]
fn a_refusal_comes_with_its_reason() {
    let run = run_directory();
    let _daemon = lvsd(&run, |call| call.refuse("not today"));
    assert_eq!(
        ask(&run).expect_err("refused").to_string(),
        "lvsd refused: not today"
    );
}

#[test]
fn a_daemon_that_does_not_answer_is_given_up() {
    let run = run_directory();
    let mut kept = Vec::new();
    let _daemon = lvsd(&run, move |call| kept.push(call));
    let soon = Duration::from_millis(50);
    let error = ipc::show::<DropItem>(run.path(), Noun::Drops, soon).expect_err("silence");
    assert_eq!(error.to_string(), "lvsd did not answer in time");
}

#[test]
fn a_daemon_that_hangs_up_is_not_an_empty_answer() {
    let run = run_directory();
    let _daemon = lvsd(&run, drop);
    let error = ask(&run).expect_err("no answer");
    assert!(
        matches!(error, ClientError::Broken { daemon: "lvsd", .. }),
        "{error}"
    );
}

#[test]
fn an_answer_cut_short_is_an_error() {
    let run = run_directory();
    let _daemon = lvsd(&run, |call| {
        let mut reply = call.reply();
        tokio::spawn(async move {
            reply.begin(Noun::Drops).await.expect("begin");
            reply.item(&drops(1)[0]).await.expect("item");
        });
    });
    assert!(matches!(
        ask(&run),
        Err(ClientError::Broken { .. } | ClientError::Misunderstood { .. })
    ));
}

#[test]
fn an_item_larger_than_a_record_is_an_error_and_not_a_hang() {
    let run = run_directory();
    let _daemon = lvsd(&run, |call| {
        call.answer(Noun::Drops, ["x".repeat(ipc::RECORD_BYTES)]);
    });
    let error = ask(&run).expect_err("too large");
    assert!(
        error.to_string().contains("larger than a record"),
        "{error}"
    );
}

#[test]
fn a_request_that_nobody_knows_is_refused() {
    let run = run_directory();
    let _daemon = lvsd(&run, |call| panic!("{call:?}"));
    for request in [r#"{"show":"weather"}"#, "no JSON", "{}"] {
        let packet = Packet::connect(socket(&run)).expect("a connection");
        packet.set_timeout(Some(PATIENCE)).expect("a limit");
        packet.send(request.as_bytes(), &[]).expect("sent");
        let (answer, _) = packet.recv().expect("an answer");
        match serde_json::from_slice(&answer).expect("a record") {
            Answer::<()>::Error(reason) => {
                assert!(reason.starts_with("no such request"), "{reason}")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_client_that_does_not_read_holds_up_no_other() {
    let run = run_directory();
    let _daemon = lvsd(&run, |call| call.answer(Noun::Drops, drops(20_000)));
    let slow = ipc::show::<DropItem>(run.path(), Noun::Drops, PATIENCE).expect("begun");
    assert_eq!(ask(&run).expect("an answer").len(), 20_000);
    drop(slow);
}

#[test]
fn a_connection_can_be_taken_over_with_its_descriptors() {
    let run = run_directory();
    let (mut seen, written) = std::io::pipe().expect("a pipe");
    let _daemon = lvsd(&run, |call| {
        assert_eq!(
            call.request,
            Request::Bond(BondRequest::Attach {
                bond: "bond0".into(),
                members: vec!["eth1".into()],
            })
        );
        let (connection, mut fds) = call.take_over();
        let mut theirs = File::from(fds.pop().expect("the descriptor came along"));
        std::io::Write::write_all(&mut theirs, b"mapped").expect("a pipe");
        tokio::spawn(async move {
            let attached = Answer::<()>::Bond(BondAnswer::Attached("bond0".into()));
            let record = serde_json::to_vec(&attached).expect("a record");
            connection
                .send(&record, &[theirs.as_fd()])
                .await
                .expect("sent");
            assert!(connection.recv().await.is_err(), "the client goes");
        });
    });
    let packet = Packet::connect(socket(&run)).expect("a connection");
    packet.set_timeout(Some(PATIENCE)).expect("a limit");
    packet
        .send(
            br#"{"bond":{"attach":{"bond":"bond0","members":["eth1"]}}}"#,
            &[written.as_fd()],
        )
        .expect("sent");
    drop(written);
    let (answer, fds) = packet.recv().expect("an answer");
    assert_eq!(answer, br#"{"bond":{"attached":"bond0"}}"#);
    assert_eq!(fds.len(), 1);
    drop(fds);
    let mut text = [0; 6];
    seen.read_exact(&mut text).expect("what the daemon wrote");
    assert_eq!(&text, b"mapped");
}
