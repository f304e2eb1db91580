//! The supervisor's socket: the descriptor store and the words of the daemons; for the operator
//! `show daemons`, `show events`, `show log`, and what is wanted of the whole box; for root a line of the log.
//!
//! ```text
//! {"show":"log"}                          → {"begin":"log"}, {"item":{…}} …, {"end":n}
//! {"request":"reboot"}                    → "done", then the orderly stop
//! {"say":{"who":"login","text":"…"}}      → "done"
//! ```

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sys::packet::{AsyncListener, AsyncPacket};
use sys::spawn::Output;
use sys::store::{Answer, Request};
use sys::supervised::Word;
use tokio::time::timeout;

use crate::desk::Said;
use crate::say::Say;
use crate::shared::Shared;
use crate::wish::Wish;

/// How long who asked may take to make room for the next record of the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an operator asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Question {
    Show(Topic),
    Request(Wish),
    Say(Say),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Topic {
    Daemons,
    Events,
    Log,
}

/// Serves every connection, until it is dropped. Runs within a local task set.
pub async fn serve(listener: AsyncListener, shared: Rc<Shared>) {
    loop {
        match listener.accept().await {
            Ok(peer) => {
                tokio::task::spawn_local(converse(peer, Rc::clone(&shared)));
            }
            Err(e) => {
                shared
                    .log
                    .line("supervisor", &format!("{}: {e}", listener.path().display()));
                // Out of descriptors, most likely: let those who hold some finish first.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(peer: AsyncPacket, shared: Rc<Shared>) {
    while let Ok((record, fds)) = peer.recv().await {
        for answer in answers(&peer, &shared, &record, fds).await {
            let sent = timeout(PATIENCE, answer.send(&peer)).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    }
}

async fn answers(
    peer: &AsyncPacket,
    shared: &Shared,
    record: &[u8],
    fds: Vec<OwnedFd>,
) -> Vec<Answer> {
    if let Ok(question) = serde_json::from_slice(record) {
        return answer(peer, shared, question).await;
    }
    if let Ok(word) = Word::parse(record) {
        return match own(peer, shared, word.daemon()) {
            Ok(()) => heard(shared, word, fds).await,
            Err(refusal) => vec![refusal],
        };
    }
    match Request::parse(record) {
        Ok(request) => match own(peer, shared, request.daemon()) {
            Ok(()) => shared.store.borrow_mut().answer(request, fds),
            Err(refusal) => vec![refusal],
        },
        Err(e) => vec![Answer::refusal(&e.to_string())],
    }
}

async fn answer(peer: &AsyncPacket, shared: &Shared, question: Question) -> Vec<Answer> {
    let outcome = match question {
        Question::Show(Topic::Daemons) => {
            return stream(Topic::Daemons, shared.board.all().iter());
        }
        Question::Show(Topic::Events) => {
            return stream(Topic::Events, shared.log.events.borrow().all());
        }
        Question::Show(Topic::Log) => return stream(Topic::Log, shared.log.tail().await.iter()),
        Question::Request(wish) => wish
            .may_be(shared.place)
            .map(|wish| wished(peer, shared, wish)),
        Question::Say(say) => {
            let names: Vec<String> = shared.board.all().into_iter().map(|d| d.name).collect();
            let uid = peer.peer_uid().map_err(|e| e.to_string());
            uid.and_then(|uid| say.log(uid, &names, &shared.log))
        }
    };
    match outcome {
        Ok(()) => vec![Answer::record(br#""done""#.to_vec())],
        Err(why) => vec![Answer::refusal(&why)],
    }
}

/// The stop takes longer than the answer: it waits for daemons.
fn wished(peer: &AsyncPacket, shared: &Shared, wish: Wish) {
    let user = peer.peer_uid();
    let user = user.map_or_else(|e| e.to_string(), |uid| format!("user {uid}"));
    let text = format!("{user} wants {}: all stop", wish.words());
    shared.log.line("supervisor", &text);
    shared.wish.send_replace(Some(wish));
}

/// Only the daemon itself: nobody else takes its descriptors or speaks for it, and what a process that has
/// died since had still asked for does not slip in behind a cold start.
fn own(peer: &AsyncPacket, shared: &Shared, daemon: &str) -> Result<(), Answer> {
    match peer.peer_pid() {
        Ok(pid) if shared.board.is(daemon, pid) => Ok(()),
        Ok(pid) => Err(Answer::refusal(&format!("process {pid} is not {daemon}"))),
        Err(e) => Err(Answer::refusal(&e.to_string())),
    }
}

/// Passes a daemon's word to who keeps it.
async fn heard(shared: &Shared, word: Word, fds: Vec<OwnedFd>) -> Vec<Answer> {
    match word {
        Word::Register { daemon } => {
            let output = match fds.first().map(Output::reopen).transpose() {
                Ok(output) => output,
                Err(e) => return vec![Answer::refusal(&format!("its output: {e}"))],
            };
            shared.desk.pass(&daemon, Said::Register { output }).await;
            vec![Answer::done()]
        }
        Word::Beat {
            daemon,
            laps,
            ready,
        } => {
            shared.desk.pass(&daemon, Said::Beat { laps, ready }).await;
            Vec::new()
        }
        Word::Anew { daemon } => {
            shared.desk.pass(&daemon, Said::Anew).await;
            vec![Answer::done()]
        }
    }
}

fn stream<T: Serialize>(topic: Topic, items: impl ExactSizeIterator<Item = T>) -> Vec<Answer> {
    let begin = json!({"begin": topic});
    let end = json!({"end": items.len()});
    let records = std::iter::once(begin)
        .chain(items.map(|item| json!({"item": item})))
        .chain(std::iter::once(end));
    records
        .map(|record| Answer::record(record.to_string().into_bytes()))
        .collect()
}
