//! The connection to lvsd: it gets the egress table, we get its pulse.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use control::cli::socket_in;
use control::ipc::{Answer, BondAnswer, BondRequest, Request};
use sys::memory::SharedMemory;
use sys::packet::AsyncPacket;
use tokio::task::JoinHandle;

use crate::inbox::{Host, Seen};

/// How often lvsd is looked for while it is not there.
const RETRY: Duration = Duration::from_millis(50);

/// What lvsd gets of a bond.
#[derive(Debug)]
pub struct Attachment {
    /// The bond's name.
    pub bond: String,
    /// Its members in the table's order.
    pub members: Vec<String>,
    /// The egress table's memory.
    pub egress: OwnedFd,
}

/// Whose attachment it is: the bond by its place, and which of the tables that it has had.
#[derive(Clone, Copy, Debug)]
pub struct Attached {
    /// The bond.
    pub bond: usize,
    /// The table.
    pub table: u32,
}

/// A bond kept attached to lvsd for as long as this lives: again at once when lvsd goes, then every
/// 50 ms.
#[derive(Debug)]
pub struct Link(JoinHandle<()>);

impl Link {
    /// Begins.
    pub fn new(of: Attached, attachment: Attachment, host: Host) -> Self {
        Self(tokio::spawn(attach(of, attachment, host)))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn attach(of: Attached, attachment: Attachment, host: Host) {
    let Host { run_dir, sender } = host;
    let path = socket_in(&run_dir, "lvsd");
    let mut refused = None;
    loop {
        let attached = match AsyncPacket::connect(&path) {
            Ok(packet) => match exchange(&packet, &attachment).await {
                Ok(feedback) => Some((packet, feedback)),
                Err(error) => {
                    let reason = error.to_string();
                    if refused.as_ref() != Some(&reason) {
                        eprintln!("{}: lvsd: {reason}", attachment.bond);
                        refused = Some(reason);
                    }
                    None
                }
            },
            // Not there yet.
            Err(_) => None,
        };
        let Some((packet, feedback)) = attached else {
            tokio::time::sleep(RETRY).await;
            continue;
        };
        refused = None;
        let Attached { bond, table } = of;
        let seen = |feedback| Seen::Forwarder {
            bond,
            table,
            feedback,
        };
        if sender.send(seen(Some(feedback))).await.is_err() {
            return;
        }
        // lvsd says no more; its end ends the connection.
        while packet.recv().await.is_ok() {}
        if sender.send(seen(None)).await.is_err() {
            return;
        }
    }
}

async fn exchange(packet: &AsyncPacket, attachment: &Attachment) -> io::Result<SharedMemory> {
    let request = Request::Bond(BondRequest::Attach {
        bond: attachment.bond.clone(),
        members: attachment.members.clone(),
    });
    packet
        .send(&serde_json::to_vec(&request)?, &[attachment.egress.as_fd()])
        .await?;
    let (record, mut fds) = packet.recv().await?;
    match (serde_json::from_slice(&record)?, fds.pop()) {
        (Answer::<()>::Bond(BondAnswer::Attached(name)), Some(feedback))
            if name == attachment.bond =>
        {
            SharedMemory::from_fd_readonly(feedback)
        }
        (Answer::Error(reason), _) => Err(io::Error::other(reason)),
        _ => Err(io::Error::other("an answer that is none")),
    }
}
