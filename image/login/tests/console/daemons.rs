//! What login-console asks of daemons, answered.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::{Value, json};
use sys::packet::{Listener, Packet};
use sys::sealed;

/// A supervisor that takes lines for the log.
pub fn supervisor(run_dir: &Path) -> Receiver<Value> {
    let listener = Listener::bind(run_dir.join("supervisor.sock")).expect("a socket");
    let (sender, said) = channel();
    thread::spawn(move || {
        while let Ok(peer) = listener.accept() {
            let Ok((record, _)) = peer.recv() else {
                continue;
            };
            let record: Value = serde_json::from_slice(&record).expect("JSON");
            peer.send(br#""done""#, &[]).expect("answered");
            if sender.send(record["say"].clone()).is_err() {
                return;
            }
        }
    });
    said
}

/// A ctld that takes every commit; what was asked comes out at the end.
pub fn ctld(run_dir: &Path, config: &Path) -> Receiver<Value> {
    let listener = Listener::bind(run_dir.join("ctld.sock")).expect("a socket");
    let (sender, asked) = channel();
    let config = config.to_owned();
    thread::spawn(move || {
        while let Ok(peer) = listener.accept() {
            commit(&peer, &config, &sender);
        }
    });
    asked
}

fn commit(peer: &Packet, config: &PathBuf, sender: &Sender<Value>) {
    let Ok((record, mut fds)) = peer.recv() else {
        return;
    };
    let record: Value = serde_json::from_slice(&record).expect("JSON");
    let commit = record["configure"]["commit"].clone();
    assert!(commit.is_object(), "{record}");
    let text = sealed::unseal(fds.remove(0), 1 << 20).expect("a text");
    fs::write(config, text).expect("written");
    let committed = json!({"id": 2, "added": 1, "removed": 0, "confirm_by": null});
    for answer in [
        json!({"begin": "configuration"}),
        json!({"item": {"committed": committed}}),
        json!({"end": 1}),
    ] {
        peer.send(answer.to_string().as_bytes(), &[])
            .expect("answered");
    }
    sender.send(commit).ok();
}
