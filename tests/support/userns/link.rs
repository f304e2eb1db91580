//! The owner's end of the socket to the helper.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::socket::{Shutdown, shutdown};
use std::os::fd::AsRawFd;
use sys::packet::Packet;

use super::request::{Answer, Request};

/// No wish takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The socket; one wish at a time.
#[derive(Debug)]
pub(super) struct Link(Mutex<Packet>);

impl Link {
    /// Takes the socket, and the helper's word that it is there.
    pub(super) fn new(socket: Packet) -> Result<Self> {
        socket
            .set_timeout(Some(PATIENCE))
            .context("the helper's time limit")?;
        answer(&socket).context("making an unprivileged world")?;
        Ok(Self(Mutex::new(socket)))
    }

    /// Has a wish fulfilled; with the answer may come a descriptor.
    pub(super) fn ask(
        &self,
        request: &Request,
        fds: &[BorrowedFd<'_>],
    ) -> Result<(Answer, Option<OwnedFd>)> {
        let socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let record = serde_json::to_vec(request)?;
        socket.send(&record, fds).context("the helper is gone")?;
        answer(&socket)
    }

    /// As [`Link::ask`], for a wish that is answered by a descriptor.
    pub(super) fn open(&self, request: &Request) -> Result<OwnedFd> {
        let (_, fd) = self.ask(request, &[])?;
        fd.context("the helper sent no descriptor")
    }

    /// There are no further wishes.
    pub(super) fn close(&self) {
        let socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The helper may be gone already.
        shutdown(socket.as_fd().as_raw_fd(), Shutdown::Both).ok();
    }
}

fn answer(socket: &Packet) -> Result<(Answer, Option<OwnedFd>)> {
    let (record, mut fds) = socket.recv().context("the helper is gone")?;
    match serde_json::from_slice(&record).context("an answer of the helper's")? {
        Answer::Refused { why } => bail!(why),
        answer @ (Answer::Done | Answer::Running { .. }) => Ok((answer, fds.pop())),
    }
}
