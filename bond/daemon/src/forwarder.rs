//! The connection to lvsd: it gets the egress table, we get its pulse.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use control::cli::socket_in;
use control::ipc::{Answer, BondAnswer, BondRequest, Request};
use sys::memory::SharedMemory;
use sys::packet::AsyncPacket;
use tokio::sync::mpsc;

use crate::inbox::Seen;

/// How often lvsd is looked for while it is not there.
const RETRY: Duration = Duration::from_millis(50);

/// What lvsd gets of a bond.
#[derive(Debug)]
pub struct Attachment {
    /// The bond's name.
    pub bond: String,
    /// The egress table's memory.
    pub egress: OwnedFd,
}

/// Keeps a bond attached to lvsd for ever: again at once when lvsd goes, then every 50 ms.
pub async fn attach(
    bond: usize,
    attachment: Attachment,
    run_dir: PathBuf,
    sender: mpsc::Sender<Seen>,
) {
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
        let seen = |feedback| Seen::Forwarder { bond, feedback };
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
    let request = Request::Bond(BondRequest::Attach(attachment.bond.clone()));
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
