//! The connection to lvsd: we get its pulse, the egress tables, and the memory of the leases.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use control::cli::socket_in;
use control::ipc::{Answer, Request, VrrpAnswer, VrrpRequest};
use sys::memory::SharedMemory;
use sys::packet::AsyncPacket;
use tokio::sync::mpsc;

use crate::inbox::Seen;

/// How often lvsd is looked for while it is not there.
const RETRY: Duration = Duration::from_millis(50);
/// After so long without lvsd the log says what that means.
const PATIENCE: Duration = Duration::from_millis(500);

/// What lvsd gives.
#[derive(Debug)]
pub struct Attachment {
    /// The leases, which only this process writes.
    pub leases: SharedMemory,
    /// The bonds, in the order that the leases have them in.
    pub bonds: Vec<BondMemory>,
}

/// What is known of a bond.
#[derive(Debug)]
pub struct BondMemory {
    /// Its name.
    pub name: String,
    /// The workers' pulses.
    pub feedback: SharedMemory,
    /// bondd's table.
    pub egress: SharedMemory,
}

/// Stays attached to lvsd for ever: again at once when lvsd ends the connection, then every 50 ms.
pub async fn attach(run_dir: PathBuf, sender: mpsc::Sender<Seen>) {
    let path = socket_in(&run_dir, "lvsd");
    let started = tokio::time::Instant::now();
    let mut complaint = Complaint::default();
    loop {
        let exchanged = match AsyncPacket::connect(&path) {
            Ok(packet) => exchange(&packet)
                .await
                .map(|attachment| (packet, attachment)),
            Err(error) => Err(error),
        };
        let (packet, attachment) = match exchanged {
            Ok(attached) => attached,
            Err(error) => {
                if started.elapsed() >= PATIENCE {
                    complaint.make(&error);
                }
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        complaint = Complaint::default();
        if sender.send(Seen::Attached(attachment)).await.is_err() {
            return;
        }
        // lvsd says no more; its end ends the connection.
        while packet.recv().await.is_ok() {}
        if sender.send(Seen::Detached).await.is_err() {
            return;
        }
    }
}

/// What was last said of lvsd's absence.
#[derive(Debug, Default)]
struct Complaint {
    said: Option<String>,
}

impl Complaint {
    /// One line for each new reason.
    fn make(&mut self, error: &io::Error) {
        let reason = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => "not running".to_owned(),
            _ => error.to_string(),
        };
        if self.said.as_ref() != Some(&reason) {
            eprintln!("lvsd: {reason}: no virtual router becomes Active without it");
            self.said = Some(reason);
        }
    }
}

async fn exchange(packet: &AsyncPacket) -> io::Result<Attachment> {
    let request = Request::Vrrp(VrrpRequest::Attach);
    packet.send(&serde_json::to_vec(&request)?, &[]).await?;
    let (record, fds) = packet.recv().await?;
    match serde_json::from_slice(&record)? {
        Answer::<()>::Vrrp(VrrpAnswer::Attached(names)) => attachment(names, fds),
        Answer::Error(reason) => Err(io::Error::other(reason)),
        _ => Err(misunderstood()),
    }
}

/// Sorts the descriptors: the leases, then feedback and egress of each bond.
fn attachment(names: Vec<String>, fds: Vec<OwnedFd>) -> io::Result<Attachment> {
    let mut fds = fds.into_iter();
    let mut next = || fds.next().ok_or_else(misunderstood);
    let leases = SharedMemory::from_fd(next()?)?;
    let mut bonds = Vec::new();
    for name in names {
        bonds.push(BondMemory {
            name,
            feedback: SharedMemory::from_fd_readonly(next()?)?,
            egress: SharedMemory::from_fd_readonly(next()?)?,
        });
    }
    Ok(Attachment { leases, bonds })
}

fn misunderstood() -> io::Error {
    io::Error::other("an answer that is none")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(words: usize) -> OwnedFd {
        let memory = SharedMemory::create("test", words * 8).expect("memory");
        memory.as_fd().try_clone_to_owned().expect("a duplicate")
    }

    #[test]
    fn the_descriptors_are_the_leases_and_then_feedback_and_egress_of_each_bond() {
        let names = vec!["bond0".to_owned(), "bond1".to_owned()];
        let fds = (1..=5).map(memory).collect();
        let attachment = attachment(names, fds).expect("as agreed");
        assert_eq!(attachment.leases.words().len(), 1);
        let bonds = attachment.bonds.iter();
        let sizes: Vec<_> = bonds
            .map(|bond| {
                let [feedback, egress] = [&bond.feedback, &bond.egress].map(SharedMemory::len);
                (bond.name.as_str(), feedback / 8, egress / 8)
            })
            .collect();
        assert_eq!(sizes, [("bond0", 2, 3), ("bond1", 4, 5)]);
    }

    #[test]
    fn an_answer_with_too_few_descriptors_is_none() {
        let names = vec!["bond0".to_owned()];
        assert!(attachment(names, (1..=2).map(memory).collect()).is_err());
        assert!(attachment(Vec::new(), Vec::new()).is_err());
    }
}
