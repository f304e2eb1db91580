//! A request to a daemon that is answered by one record, or by a stream of the daemon's own.

use std::io;
use std::path::Path;
use std::time::Duration;

use control::cli::socket_in;
use control::ipc::{Answer, ClientError};
use serde::Serialize;
use sys::packet::Packet;

/// A connection on which a request was sent.
#[derive(Debug)]
pub(crate) struct Asked {
    packet: Packet,
    daemon: &'static str,
}

/// Sends `request` to the daemon in `run_dir`, which may take `patience` for each of its records.
pub(crate) fn send(
    run_dir: &Path,
    daemon: &'static str,
    request: &impl Serialize,
    patience: Duration,
) -> Result<Asked, ClientError> {
    let path = socket_in(run_dir, daemon);
    let packet = Packet::connect(&path).map_err(|source| ClientError::Unreachable {
        daemon,
        path,
        source,
    })?;
    let asked = Asked { packet, daemon };
    let broken = |source| ClientError::Broken { daemon, source };
    let timeout = asked.packet.set_timeout(Some(patience));
    timeout.map_err(broken)?;
    let record = serde_json::to_vec(request);
    let record = record.map_err(|error| asked.misunderstood(error.to_string()))?;
    asked.packet.send(&record, &[]).map_err(broken)?;
    Ok(asked)
}

/// Sends `request` and waits until the daemon says that it is done.
pub(crate) fn order(
    run_dir: &Path,
    daemon: &'static str,
    request: &impl Serialize,
    patience: Duration,
) -> Result<(), ClientError> {
    let asked = send(run_dir, daemon, request, patience)?;
    match asked.answer()? {
        Answer::Done => Ok(()),
        other => Err(asked.misunderstood(format!("{other:?}"))),
    }
}

impl Asked {
    /// The next record, unless it is a refusal.
    pub(crate) fn answer(&self) -> Result<Answer<()>, ClientError> {
        let bytes = self.bytes()?;
        let answer = serde_json::from_slice(&bytes);
        match answer.map_err(|error| self.misunderstood(error.to_string()))? {
            Answer::Error(reason) => Err(ClientError::Refused {
                daemon: self.daemon,
                reason,
            }),
            answer => Ok(answer),
        }
    }

    /// The next packet as it is.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, ClientError> {
        match self.packet.recv() {
            Ok((bytes, _)) => Ok(bytes),
            Err(source) => Err(self.broken(source)),
        }
    }

    pub(crate) fn misunderstood(&self, what: String) -> ClientError {
        ClientError::Misunderstood {
            daemon: self.daemon,
            what,
        }
    }

    fn broken(&self, source: io::Error) -> ClientError {
        ClientError::Broken {
            daemon: self.daemon,
            source,
        }
    }
}

impl std::os::fd::AsFd for Asked {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.packet.as_fd()
    }
}
