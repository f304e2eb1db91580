//! A daemon's half of a transaction, driven over a real socket by a hand-written coordinator.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use control::cli::socket_in;
use control::ipc::{Effect, Request, Server};
use control::transaction::{Participant, Word};
use sys::packet::AsyncPacket;
use sys::sealed::seal;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

const LEGAL: &str = "[bond.bond0]\nmode = 4\nmembers = [\"eth1\", \"eth2\"]\n";
const PATIENCE: Duration = Duration::from_secs(20);

/// How a daemon under test votes.
#[derive(Clone, Copy)]
enum Way {
    Accept,
    Refuse,
    Hang,
}

struct Daemon {
    run: TempDir,
    heard: mpsc::UnboundedReceiver<&'static str>,
}

impl Daemon {
    /// On the test's own runtime.
    fn start(way: Way) -> Self {
        let run = tempfile::tempdir().expect("a directory");
        let (say, heard) = mpsc::unbounded_channel();
        let mut server = Server::bind(&socket_in(run.path(), "lvsd")).expect("a socket");
        let mut participant = Participant::new("lvsd", run.path());
        tokio::spawn(async move {
            let mut owed = Vec::new();
            loop {
                tokio::select! {
                    call = server.next() => match call.request {
                        Request::Transaction(_) => participant.take(call),
                        _ => call.refuse("not this one's"),
                    },
                    word = participant.next() => match word {
                        Word::Prepare { config, vote } => {
                            assert_eq!(config.bonds.len(), 1);
                            say.send("prepare").expect("a listener");
                            match way {
                                Way::Accept => vote.accept(Effect::Live),
                                Way::Refuse => vote.refuse("no room"),
                                Way::Hang => owed.push(vote),
                            }
                        }
                        Word::Commit(done) => {
                            say.send("commit").expect("a listener");
                            done.done().await;
                            say.send("told").expect("a listener");
                        }
                        Word::Abort => say.send("abort").expect("a listener"),
                    },
                }
            }
        });
        Self { run, heard }
    }

    fn call(&self) -> AsyncPacket {
        AsyncPacket::connect(socket_in(self.run.path(), "lvsd")).expect("a daemon")
    }

    async fn hears(&mut self, word: &str) {
        let heard = timeout(PATIENCE, self.heard.recv()).await;
        assert_eq!(heard.expect("in time"), Some(word));
    }
}

fn text(text: &str) -> OwnedFd {
    seal("configuration", text.as_bytes()).expect("a memfd")
}

async fn say(call: &AsyncPacket, word: &str) {
    let record = format!(r#"{{"transaction":{word}}}"#);
    call.send(record.as_bytes(), &[]).await.expect("sent");
}

async fn prepare(call: &AsyncPacket, id: u64, config: &str) {
    let record = format!(r#"{{"transaction":{{"prepare":{id}}}}}"#);
    let text = text(config);
    let sent = call.send(record.as_bytes(), &[text.as_fd()]).await;
    sent.expect("sent");
}

async fn answer(call: &AsyncPacket) -> String {
    let answer = timeout(PATIENCE, call.recv()).await.expect("in time");
    String::from_utf8(answer.expect("an answer").0).expect("text")
}

#[tokio::test]
async fn a_transaction_that_is_accepted_is_committed() {
    let mut daemon = Daemon::start(Way::Accept);
    for id in [7, 8] {
        let call = daemon.call();
        prepare(&call, id, LEGAL).await;
        daemon.hears("prepare").await;
        let voted = format!(r#"{{"transaction":{{"prepared":{{"id":{id},"effect":"live"}}}}}}"#);
        assert_eq!(answer(&call).await, voted);
        say(&call, &format!(r#"{{"commit":{id}}}"#)).await;
        daemon.hears("commit").await;
        let committed = format!(r#"{{"transaction":{{"committed":{id}}}}}"#);
        assert_eq!(answer(&call).await, committed);
        daemon.hears("told").await;
    }
}

#[tokio::test]
async fn what_is_aborted_or_abandoned_after_the_vote_is_forgotten() {
    let mut daemon = Daemon::start(Way::Accept);
    let call = daemon.call();
    prepare(&call, 1, LEGAL).await;
    answer(&call).await;
    say(&call, r#"{"abort":1}"#).await;
    assert_eq!(answer(&call).await, r#"{"transaction":{"aborted":1}}"#);
    for word in ["prepare", "abort"] {
        daemon.hears(word).await;
    }
    for nonsense in [r#"{"commit":3}"#, r#"{"prepare":2}"#] {
        let call = daemon.call();
        prepare(&call, 2, LEGAL).await;
        answer(&call).await;
        say(&call, nonsense).await;
        assert_eq!(answer(&call).await, r#"{"transaction":{"aborted":2}}"#);
        for word in ["prepare", "abort"] {
            daemon.hears(word).await;
        }
    }
    let call = daemon.call();
    prepare(&call, 3, LEGAL).await;
    answer(&call).await;
    drop(call);
    for word in ["prepare", "abort"] {
        daemon.hears(word).await;
    }
}

#[tokio::test]
async fn a_refusal_ends_the_transaction_with_its_reason() {
    let mut daemon = Daemon::start(Way::Refuse);
    let call = daemon.call();
    prepare(&call, 1, LEGAL).await;
    assert_eq!(answer(&call).await, r#"{"error":"no room"}"#);
    daemon.hears("prepare").await;
    assert!(call.recv().await.is_err(), "the connection is still there");
}

#[tokio::test]
async fn a_faulty_text_is_refused_before_the_daemon_hears_of_it() {
    let mut daemon = Daemon::start(Way::Accept);
    let call = daemon.call();
    prepare(&call, 1, &LEGAL.replace("4", "44")).await;
    let said = answer(&call).await;
    assert!(
        said.contains(r#"{"error":"configuration:2: bond.bond0.mode = 44:"#),
        "{said}"
    );
    let call = daemon.call();
    say(&call, r#"{"prepare":1}"#).await;
    assert!(answer(&call).await.contains("one descriptor"));
    let call = daemon.call();
    say(&call, r#"{"commit":1}"#).await;
    assert!(answer(&call).await.contains("begins with prepare"));
    drop(call);
    let call = daemon.call();
    prepare(&call, 2, LEGAL).await;
    daemon.hears("prepare").await;
}

#[tokio::test]
async fn who_comes_second_waits_for_its_turn_and_is_refused_when_it_does_not_come() {
    let mut daemon = Daemon::start(Way::Hang);
    let first = daemon.call();
    prepare(&first, 1, LEGAL).await;
    daemon.hears("prepare").await;
    let second = daemon.call();
    prepare(&second, 2, LEGAL).await;
    assert!(answer(&second).await.contains("under way"));
    let third = daemon.call();
    prepare(&third, 3, LEGAL).await;
    drop(first);
    for word in ["abort", "prepare"] {
        daemon.hears(word).await;
    }
    drop(third);
    daemon.hears("abort").await;
}
