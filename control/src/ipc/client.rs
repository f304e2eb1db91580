//! The asking side, without an async runtime: what the console and the lab use.

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use sys::packet::Packet;

use super::record::{Answer, Request};
use crate::cli::{socket_in, too_long};
use crate::show::Noun;

/// How long a daemon may take for each record before it counts as silent.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Why no answer came; each is one line for an operator.
#[derive(Debug)]
pub enum ClientError {
    /// The daemon's socket takes no connection.
    Unreachable {
        /// The daemon.
        daemon: &'static str,
        /// Its socket.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The daemon was there, but its answer did not come or did not end.
    Broken {
        /// The daemon.
        daemon: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The daemon said no.
    Refused {
        /// The daemon.
        daemon: &'static str,
        /// Its reason.
        reason: String,
    },
    /// The daemon said something else than agreed: its version differs, most likely.
    Misunderstood {
        /// The daemon.
        daemon: &'static str,
        /// What is wrong with the record.
        what: String,
    },
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { daemon, source, .. } => match source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                    write!(f, "{daemon} is not running ({source})")
                }
                _ => write!(f, "{daemon} cannot be reached ({source})"),
            },
            Self::Broken { daemon, source } if source.kind() == io::ErrorKind::WouldBlock => {
                write!(f, "{daemon} did not answer in time")
            }
            Self::Broken { daemon, source } => write!(f, "{daemon} broke off: {source}"),
            Self::Refused { daemon, reason } => write!(f, "{daemon} refused: {reason}"),
            Self::Misunderstood { daemon, what } => {
                write!(f, "{daemon} answered something unknown: {what}")
            }
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable { source, .. } | Self::Broken { source, .. } => Some(source),
            Self::Refused { .. } | Self::Misunderstood { .. } => None,
        }
    }
}

/// The items of one answer, as they come.
#[derive(Debug)]
pub struct Items<T> {
    packet: Packet,
    daemon: &'static str,
    taken: u64,
    done: bool,
    item: std::marker::PhantomData<T>,
}

/// Asks the daemon in `run_dir` that knows about `noun` for all items of it.
///
/// # Errors
/// When the daemon is not running, silent for longer than `patience`, or refuses.
pub fn show<T: DeserializeOwned>(
    run_dir: &Path,
    noun: Noun,
    patience: Duration,
) -> Result<Items<T>, ClientError> {
    ask(run_dir, &Request::Show(noun), &[], noun, patience)
}

/// As [`show`], of a daemon that is one of several that know about `noun` ([`Noun::also`]).
///
/// # Errors
/// As [`show`].
pub fn show_of<T: DeserializeOwned>(
    run_dir: &Path,
    daemon: &'static str,
    noun: Noun,
    patience: Duration,
) -> Result<Items<T>, ClientError> {
    ask_daemon(run_dir, daemon, &Request::Show(noun), &[], noun, patience)
}

/// Sends the daemon in `run_dir` that knows about `noun` a request, with descriptors, whose answer
/// begins with `noun`.
///
/// # Errors
/// As [`show`].
pub fn ask<T: DeserializeOwned>(
    run_dir: &Path,
    request: &Request,
    fds: &[BorrowedFd<'_>],
    noun: Noun,
    patience: Duration,
) -> Result<Items<T>, ClientError> {
    ask_daemon(run_dir, noun.daemon(), request, fds, noun, patience)
}

fn ask_daemon<T: DeserializeOwned>(
    run_dir: &Path,
    daemon: &'static str,
    request: &Request,
    fds: &[BorrowedFd<'_>],
    noun: Noun,
    patience: Duration,
) -> Result<Items<T>, ClientError> {
    let packet = connect(run_dir, daemon)?;
    let broken = |source| ClientError::Broken { daemon, source };
    packet.set_timeout(Some(patience)).map_err(broken)?;
    let record = serde_json::to_vec(request).map_err(|error| ClientError::Misunderstood {
        daemon,
        what: error.to_string(),
    })?;
    packet.send(&record, fds).map_err(broken)?;
    let items = Items {
        packet,
        daemon,
        taken: 0,
        done: false,
        item: std::marker::PhantomData,
    };
    match items.record()? {
        Answer::Begin(begun) if begun == noun => Ok(items),
        Answer::Error(reason) => Err(ClientError::Refused { daemon, reason }),
        Answer::Begin(_)
        | Answer::Item(_)
        | Answer::End(_)
        | Answer::Bond(_)
        | Answer::Vrrp(_)
        | Answer::Transaction(_)
        | Answer::Capture(_)
        | Answer::Done => Err(items.misunderstood("the answer does not begin with its noun")),
    }
}

fn connect(run_dir: &Path, daemon: &'static str) -> Result<Packet, ClientError> {
    let path = socket_in(run_dir, daemon);
    let unreachable = |source| ClientError::Unreachable {
        daemon,
        path: path.clone(),
        source,
    };
    if let Some(fault) = too_long(&path) {
        let source = io::Error::new(io::ErrorKind::InvalidInput, fault);
        return Err(unreachable(source));
    }
    Packet::connect(&path).map_err(unreachable)
}

impl<T: DeserializeOwned> Items<T> {
    fn record(&self) -> Result<Answer<T>, ClientError> {
        let daemon = self.daemon;
        let broken = |source| ClientError::Broken { daemon, source };
        let (bytes, _) = self.packet.recv().map_err(broken)?;
        serde_json::from_slice(&bytes).map_err(|error| self.misunderstood(&error.to_string()))
    }

    fn misunderstood(&self, what: &str) -> ClientError {
        ClientError::Misunderstood {
            daemon: self.daemon,
            what: what.to_owned(),
        }
    }

    fn step(&mut self) -> Result<Option<T>, ClientError> {
        match self.record()? {
            Answer::Item(item) => {
                self.taken += 1;
                Ok(Some(item))
            }
            Answer::End(count) if count == self.taken => Ok(None),
            Answer::Error(reason) => Err(ClientError::Refused {
                daemon: self.daemon,
                reason,
            }),
            Answer::Begin(_)
            | Answer::End(_)
            | Answer::Bond(_)
            | Answer::Vrrp(_)
            | Answer::Transaction(_)
            | Answer::Capture(_)
            | Answer::Done => {
                Err(self.misunderstood("items are missing, or the answer begins twice"))
            }
        }
    }
}

impl<T: DeserializeOwned> Iterator for Items<T> {
    type Item = Result<T, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}
