//! A test at the other end of a NIC's cable: it sends the frames that the NIC receives, and the other way.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::qemu::Wire;

/// Longer than any frame.
const FRAME: usize = 1 << 16;

/// This end of a cable.
#[derive(Debug)]
pub struct Port {
    socket: UnixDatagram,
    local: PathBuf,
    guest: PathBuf,
}

impl Port {
    /// A cable whose sockets lie in `room` and are called `name`.
    pub fn open(room: &Path, name: &str) -> Result<Self> {
        let [local, guest] = ["test", "guest"].map(|end| room.join(format!("{name}.{end}")));
        let socket = UnixDatagram::bind(&local)
            .with_context(|| format!("making the socket {}", local.display()))?;
        Ok(Self {
            socket,
            local,
            guest,
        })
    }

    /// The NIC's end.
    pub fn wire(&self) -> Wire {
        Wire::Switch {
            local: self.guest.clone(),
            remote: self.local.clone(),
        }
    }

    /// Sends a frame to the guest.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        let sent = self.socket.send_to(frame, &self.guest);
        sent.map(|_| ()).context("sending a frame to the guest")
    }

    /// The next frame that the guest has sent; none within `bound` is `None`.
    pub fn receive(&self, bound: Duration) -> Result<Option<Vec<u8>>> {
        self.socket
            .set_read_timeout(Some(bound))
            .context("a bound for the guest's frames")?;
        let mut frame = vec![0; FRAME];
        match self.socket.recv(&mut frame) {
            Ok(length) => {
                frame.truncate(length);
                Ok(Some(frame))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error).context("receiving a frame from the guest"),
        }
    }
}
