//! The thread: registers, beats, and registers again.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::output::Output;
use super::{BEAT, Word};
use crate::packet::Packet;
use crate::ready;
use crate::store::{Held, TIME_LIMIT, acknowledged};

/// How often the next supervisor is looked for while there is none.
const RETRY: Duration = Duration::from_millis(50);
/// How often one that refuses is asked again.
const RETRY_REFUSED: Duration = Duration::from_secs(1);

/// Between this process and its supervisor.
#[derive(Debug)]
pub(super) struct Link {
    socket: PathBuf,
    daemon: String,
    laps: AtomicU64,
    held: Held,
}

impl Link {
    pub(super) fn new(socket: PathBuf, daemon: String) -> Self {
        Self {
            socket,
            daemon,
            laps: AtomicU64::new(0),
            held: Held::default(),
        }
    }

    pub(super) fn daemon(&self) -> &str {
        &self.daemon
    }

    pub(super) const fn laps(&self) -> &AtomicU64 {
        &self.laps
    }

    pub(super) fn held_for(&self, socket: &Path, daemon: &str) -> Option<&Held> {
        (self.socket == socket && self.daemon == daemon).then_some(&self.held)
    }

    /// For ever.
    pub(super) fn keep(&self) {
        let mut output = Output::of_this_process();
        let mut refusal = None;
        loop {
            let pause = match self.register(output.as_ref()) {
                Ok(peer) => {
                    refusal = None;
                    // What comes out is why the tie ended; the supervisor is gone, most likely.
                    drop(self.stay(&peer, &mut output));
                    RETRY
                }
                Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                    let why = e.to_string();
                    if refusal.as_ref() != Some(&why) {
                        let line = format!("{}: {why}", self.daemon);
                        match &mut output {
                            Some(output) => drop(output.line(&line)),
                            None => eprintln!("{line}"),
                        }
                        refusal = Some(why);
                    }
                    RETRY_REFUSED
                }
                Err(_) => RETRY,
            };
            if let Some(output) = &mut output {
                output.relieve();
            }
            sleep(pause);
        }
    }

    fn register(&self, output: Option<&Output>) -> io::Result<Packet> {
        let peer = Packet::connect(&self.socket)?;
        peer.set_timeout(Some(TIME_LIMIT))?;
        let word = Word::Register {
            daemon: self.daemon.clone(),
        };
        let stderr = io::stderr();
        let pipe: Vec<_> = output.map(|_| stderr.as_fd()).into_iter().collect();
        peer.send(&serde_json::to_vec(&word)?, &pipe)?;
        acknowledged(&peer)?;
        self.held.hand_over(&peer, &self.daemon)?;
        Ok(peer)
    }

    /// Beats until the connection ends.
    fn stay(&self, peer: &Packet, output: &mut Option<Output>) -> io::Result<()> {
        loop {
            let word = Word::Beat {
                daemon: self.daemon.clone(),
                laps: self.laps.load(Ordering::Relaxed),
                ready: ready::is_said(),
            };
            peer.send(&serde_json::to_vec(&word)?, &[])?;
            if let Some(output) = output {
                output.relieve();
                output.confess(&self.daemon);
            }
            if is_readable_within(peer, BEAT)? {
                // Nothing is to be said to a daemon: its end, or something to be left out.
                peer.recv()?;
            }
        }
    }

    pub(super) fn say_anew(&self) -> io::Result<()> {
        let peer = Packet::connect(&self.socket)?;
        peer.set_timeout(Some(TIME_LIMIT))?;
        let daemon = self.daemon.clone();
        peer.send(&serde_json::to_vec(&Word::Anew { daemon })?, &[])?;
        acknowledged(&peer)
    }
}

fn is_readable_within(peer: &Packet, limit: Duration) -> io::Result<bool> {
    let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
    match poll(&mut [PollFd::new(peer.as_fd(), PollFlags::POLLIN)], limit) {
        Ok(n) => Ok(n > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(e) => Err(e.into()),
    }
}
