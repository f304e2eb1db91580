//! The supervisor's socket: the descriptor store of the daemons, and `show daemons` for the operator.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::json;
use sys::packet::{AsyncListener, AsyncPacket};
use sys::store::{Answer, Request};

use crate::keeper::Shared;

/// What an operator asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Question {
    Show(Topic),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Topic {
    Daemons,
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
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(peer: AsyncPacket, shared: Rc<Shared>) {
    while let Ok((record, fds)) = peer.recv().await {
        for answer in answers(&peer, &shared, &record, fds) {
            if answer.send(&peer).await.is_err() {
                return;
            }
        }
    }
}

fn answers(peer: &AsyncPacket, shared: &Shared, record: &[u8], fds: Vec<OwnedFd>) -> Vec<Answer> {
    if let Ok(Question::Show(Topic::Daemons)) = serde_json::from_slice(record) {
        return daemons(shared);
    }
    let request = match Request::parse(record) {
        Ok(request) => request,
        Err(e) => return vec![Answer::refusal(&e.to_string())],
    };
    // Only the daemon itself: nobody else takes its descriptors, and what a process that has died since
    // had still asked for does not slip in behind a cold start.
    match peer.peer_pid() {
        Ok(pid) if shared.board.is(request.daemon(), pid) => {
            shared.store.borrow_mut().answer(request, fds)
        }
        Ok(pid) => {
            let why = format!("process {pid} is not {}", request.daemon());
            vec![Answer::refusal(&why)]
        }
        Err(e) => vec![Answer::refusal(&e.to_string())],
    }
}

fn daemons(shared: &Shared) -> Vec<Answer> {
    let all = shared.board.all();
    let begin = json!({"begin": "daemons"});
    let end = json!({"end": all.len()});
    let items = all.iter().map(|daemon| json!({"item": daemon}));
    let records = std::iter::once(begin)
        .chain(items)
        .chain(std::iter::once(end));
    records
        .map(|record| Answer::record(record.to_string().into_bytes()))
        .collect()
}
