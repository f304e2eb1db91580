//! A daemon's tie to its supervisors: two of them, one after the other, played by the test.
#![expect(clippy::expect_used, reason = "a test may fail by panic")]

mod common;

use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::Scratch;
use nix::sys::signal::Signal;
use sys::memory::SharedMemory;
use sys::packet::{Listener, Packet};
use sys::spawn::{Child, OUTPUT_BYTES, Output, Spawn};
use sys::store::{DAEMON, FD_STORE, FdStore};
use sys::supervised::{ANEW, Word};

const GENEROUS: Duration = Duration::from_secs(60);

/// One supervisor.
struct Supervisor(Listener);

impl Supervisor {
    fn at(path: &Path) -> Self {
        Self(Listener::bind(path).expect("listening"))
    }

    fn accept(&self) -> Packet {
        let peer = self.0.accept().expect("a daemon");
        peer.set_timeout(Some(GENEROUS)).expect("limit");
        peer
    }
}

fn hear(peer: &Packet) -> (Word, Vec<OwnedFd>) {
    let (record, fds) = peer.recv().expect("a word");
    (Word::parse(&record).expect("a word"), fds)
}

fn agree(peer: &Packet) {
    peer.send(br#"{"end":1}"#, &[]).expect("agreed");
}

fn helper(name: &str, socket: &Path) -> Child {
    Spawn::new(std::env::current_exe().expect("this test"))
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env(FD_STORE, socket)
        .env(DAEMON, "helper")
        .start()
        .expect("the helper")
}

/// Reads on until a line begins so.
async fn until(output: &Output, line: &str) -> String {
    let (mut text, mut bytes) = (String::new(), [0; 4096]);
    while !text.contains(&format!("{line}\n")) {
        let len = output.read(&mut bytes).await.expect("output");
        assert!(len > 0, "no {line:?} in {text:?}");
        text.push_str(&String::from_utf8_lossy(&bytes[..len]));
    }
    text
}

#[tokio::test]
async fn a_daemon_hands_each_supervisor_its_output_and_what_it_has_stored() {
    let scratch = Scratch::new();
    let socket = scratch.path("s");
    let mut child = helper("helper_that_stores_and_turns", &socket);
    drop(child.output().expect("pipe"));
    let readiness = child.readiness().expect("pipe").expect("first");
    assert!(readiness.wait().await.expect("readiness"));

    let mut laps = 0;
    for turn in 0..2 {
        let supervisor = Supervisor::at(&socket);
        let peer = supervisor.accept();
        assert_eq!(peer.peer_pid().expect("pid"), child.pid());
        let (word, fds) = hear(&peer);
        let daemon = "helper".to_owned();
        assert_eq!(word, Word::Register { daemon });
        let output = Output::reopen(&fds[0]).expect("its output");
        agree(&peer);
        assert_eq!(item(&peer), 0xF0F0);
        agree(&peer);
        // What it wrote while there was no supervisor is there, and its main loop turned meanwhile.
        if turn == 0 {
            until(&output, "stored").await;
        }
        let Word::Beat {
            laps: now,
            ready: true,
            ..
        } = hear(&peer).0
        else {
            panic!("no beat after the items")
        };
        assert!(now > laps, "{now} after {laps}");
        laps = now;
    }
    child.signal(Signal::SIGKILL).expect("killed");
    child.wait().await.expect("dead");
}

/// The one item, and what is in its memory.
fn item(peer: &Packet) -> u64 {
    let (item, mut fds) = peer.recv().expect("an item");
    let expected =
        r#"{"store":{"daemon":"helper","name":"kept","meta":"{\"words\":1}","durable":true}}"#;
    assert_eq!(String::from_utf8_lossy(&item), expected);
    let memory = SharedMemory::from_fd(fds.remove(0)).expect("memory");
    memory.words()[0].load(Ordering::Acquire)
}

#[test]
#[ignore = "run as a daemon by a test of this file"]
fn helper_that_stores_and_turns() {
    let supervised = sys::supervised::begin();
    let Some(store) = FdStore::from_env() else {
        return;
    };
    let memory = SharedMemory::create("kept", 8).expect("memory");
    memory.words()[0].store(0xF0F0, Ordering::Release);
    store
        .store("gone", "{}", &[memory.as_fd()], true)
        .expect("also without a supervisor");
    store.forget("gone").expect("also without a supervisor");
    store
        .store("kept", r#"{"words":1}"#, &[memory.as_fd()], true)
        .expect("also without a supervisor");
    println!("stored");
    sys::ready::notify();
    loop {
        supervised.beat();
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_daemon_that_nobody_reads_goes_on_writing_and_says_later_what_was_lost() {
    let scratch = Scratch::new();
    let socket = scratch.path("s");
    let mut child = helper("helper_that_writes_more_than_the_pipe_holds", &socket);
    let output = child.output().expect("pipe").expect("first");
    let readiness = child.readiness().expect("pipe").expect("first");
    assert!(readiness.wait().await.expect("readiness"), "it hung");
    let supervisor = Supervisor::at(&socket);
    let peer = supervisor.accept();
    hear(&peer);
    agree(&peer);
    hear(&peer);
    let text = until(&output, " lines lost: nobody read them").await;
    let lost = text.lines().filter_map(|line| {
        let rest = line.strip_prefix("helper: ")?;
        rest.strip_suffix(" lines lost: nobody read them")?
            .parse::<usize>()
            .ok()
    });
    let lost: usize = lost.sum();
    assert!(lost > 0, "the pipe holds them all");
    let there = text
        .lines()
        .filter(|line| line.starts_with("line "))
        .count();
    // The test's own harness said a few lines before the first.
    assert!(
        (LINES..LINES + 5).contains(&(lost + there)),
        "{lost} {there}"
    );
    child.signal(Signal::SIGKILL).expect("killed");
    child.wait().await.expect("dead");
}

const LINES: usize = 40_000;

#[test]
#[ignore = "run as a daemon by a test of this file"]
fn helper_that_writes_more_than_the_pipe_holds() {
    if std::env::var_os(FD_STORE).is_none() {
        return;
    }
    sys::supervised::begin();
    assert!(LINES * 100 > 2 * usize::try_from(OUTPUT_BYTES).expect("size"));
    for n in 0..LINES {
        // One write each, that no other line comes between.
        let line = format!("line {n:95}\n");
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("written");
    }
    sys::ready::notify();
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn a_daemon_that_wants_to_be_started_anew_says_so_and_ends_in_75() {
    let scratch = Scratch::new();
    let socket = scratch.path("s");
    let supervisor = Supervisor::at(&socket);
    let mut child = helper("helper_that_wants_to_start_anew", &socket);
    let asked = std::thread::spawn(move || {
        loop {
            let peer = supervisor.accept();
            let (word, _) = hear(&peer);
            if let Word::Anew { daemon } = word {
                agree(&peer);
                return daemon;
            }
        }
    });
    let status = child.wait().await.expect("dead");
    assert_eq!(status.code(), Some(i32::from(ANEW)));
    assert_eq!(asked.join().expect("asked"), "helper");
}

#[test]
#[ignore = "run as a daemon by a test of this file"]
fn helper_that_wants_to_start_anew() {
    if std::env::var_os(FD_STORE).is_none() {
        return;
    }
    let code = sys::supervised::begin().anew();
    assert_eq!(code, std::process::ExitCode::from(ANEW));
    std::process::exit(ANEW.into());
}

#[test]
fn a_daemon_that_runs_alone_is_tied_to_nobody() {
    let supervised = sys::supervised::begin();
    supervised.beat();
    assert_eq!(supervised.anew(), std::process::ExitCode::from(ANEW));
}
