//! Requests that wait behind another one.

use std::os::fd::AsFd as _;
use std::thread::JoinHandle;

use control::configure::{self, Commit, ConfigureError};
use control::ipc::{ConfigureRequest, Request};
use sys::packet::Packet;
use sys::sealed;
use tests::wait;

use crate::crowd::Way;
use crate::stage::{BOUND, Stage, text};

type Answer = Result<Commit, ConfigureError>;

fn commit(stage: &Stage, weight: u32) -> JoinHandle<Answer> {
    let folder = stage.folder.path().to_owned();
    std::thread::spawn(move || configure::commit(&folder, "x", &text(weight), None, None))
}

/// A commit that healthd keeps waiting; what comes after it would be accepted.
fn slow(stage: &mut Stage) -> JoinHandle<Answer> {
    let asked = stage.daemon("healthd").asked();
    stage.daemon("healthd").behave(Way::Hang);
    let slow = commit(stage, 3);
    wait::until("healthd to be asked", BOUND, || {
        (stage.daemon("healthd").asked() > asked).then_some(())
    })
    .expect("a commit under way");
    stage.daemon("healthd").behave(Way::Accept);
    slow
}

/// A commit whose text ctld has, and what its answer comes by.
fn sent(stage: &Stage, weight: u32) -> Packet {
    let peer = Packet::connect(stage.path("ctld.sock")).expect("ctld");
    peer.set_timeout(Some(BOUND)).expect("a limit");
    let request = ConfigureRequest::Commit {
        file: "x".into(),
        confirmed: None,
        comment: None,
        base: None,
    };
    let record = serde_json::to_vec(&Request::Configure(request)).expect("a record");
    let text = sealed::seal("x", text(weight).as_bytes()).expect("memory");
    peer.send(&record, &[text.as_fd()]).expect("sent");
    // Requests are taken as they come: this one is answered when that one waits.
    assert_eq!(stage.shown(), crate::stage::text(2));
    peer
}

#[test]
fn one_whose_operator_gave_up_is_not_made() {
    let mut stage = Stage::new();
    let slow = slow(&mut stage);
    drop(sent(&stage, 4));
    assert!(slow.join().expect("no panic").is_err());
    stage.settled(); // answered after the one before it
    stage.runs(&text(2));
    assert!(!stage.path("history/0002.toml").exists());
}

#[test]
fn an_orderly_end_begins_none_of_them() {
    let mut stage = Stage::new();
    let slow = slow(&mut stage);
    let waiting = sent(&stage, 4);
    stage.terminate();
    assert!(slow.join().expect("no panic").is_err());
    let (answer, _) = waiting.recv().expect("an answer");
    assert_eq!(answer, br#"{"error":"it is about to end"}"#);
    assert_eq!(stage.file(), text(2));
}
