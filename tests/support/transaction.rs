//! A commit, as one daemon hears of it.

use std::os::fd::AsFd as _;

use anyhow::{Result, bail, ensure};
use control::ipc::{Answer, Effect, TransactionAnswer};
use sys::packet::Packet;

/// Takes a daemon through one transaction; what it said to Prepare.
pub fn transact(daemon: &Packet, text: &str) -> Result<Effect> {
    let memfd = sys::sealed::seal("configuration", text.as_bytes())?;
    daemon.send(br#"{"transaction":{"prepare":7}}"#, &[memfd.as_fd()])?;
    let answer: Answer<()> = serde_json::from_slice(&daemon.recv()?.0)?;
    let Answer::Transaction(TransactionAnswer::Prepared { id: 7, effect }) = answer else {
        bail!("{answer:?}");
    };
    daemon.send(br#"{"transaction":{"commit":7}}"#, &[])?;
    let answer: Answer<()> = serde_json::from_slice(&daemon.recv()?.0)?;
    ensure!(
        answer == Answer::Transaction(TransactionAnswer::Committed(7)),
        "{answer:?}"
    );
    Ok(effect)
}
