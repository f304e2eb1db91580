//! Copies of the frames that lvsd takes and sends.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use control::ipc::record::{CaptureAnswer, CaptureRequest, CapturedFrame};
use control::ipc::{Answer, ClientError, Request, client::PATIENCE};

use super::frame::Frame;
use crate::order::{Asked, send};

const DAEMON: &str = "lvsd";

/// A capture that lvsd has begun. It ends with this value.
#[derive(Debug)]
pub(super) struct Stream {
    asked: Asked,
    /// The interfaces whose frames come.
    pub(super) members: Vec<String>,
}

impl Stream {
    /// Asks for the frames of a member, or of a bond's members.
    pub(super) fn open(
        run_dir: &Path,
        interface: &str,
        snap_length: u32,
    ) -> Result<Self, ClientError> {
        let request = Request::Capture(CaptureRequest {
            interface: interface.to_owned(),
            snap_length,
        });
        let asked = send(run_dir, DAEMON, &request, PATIENCE)?;
        match asked.answer()? {
            Answer::Capture(CaptureAnswer::Begun(members)) => Ok(Self { asked, members }),
            other => Err(asked.misunderstood(format!("{other:?}"))),
        }
    }

    /// The next frame, of which there is at least the begin.
    pub(super) fn next(&self) -> Result<Frame, ClientError> {
        let CapturedFrame {
            unix_ns,
            interface,
            sent,
            length,
            lost,
        } = match self.asked.answer()? {
            Answer::Capture(CaptureAnswer::Frame(frame)) => frame,
            other => return Err(self.asked.misunderstood(format!("{other:?}"))),
        };
        let bytes = self.asked.bytes()?;
        if usize::from(interface) >= self.members.len() {
            let what = format!("a frame of interface {interface}");
            return Err(self.asked.misunderstood(what));
        }
        Ok(Frame {
            unix_ns,
            interface: interface.into(),
            sent,
            length,
            lost,
            bytes,
        })
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.asked.as_fd()
    }
}
