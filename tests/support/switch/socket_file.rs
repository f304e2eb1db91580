//! The file of a Unix socket that is to be made.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Makes room for a socket: the file that a dead process left goes, anything else stays and is an error.
///
/// # Errors
/// When a process has a socket there, or something that is no socket is there.
pub fn clear(path: &Path) -> Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        bail!("{} exists and is no socket", path.display());
    }
    let probe = UnixDatagram::unbound().context("making a socket")?;
    // Of whichever type it is: only a dead one refuses.
    match probe.connect(path).map_err(|error| error.kind()) {
        Err(ErrorKind::ConnectionRefused) => {
            fs::remove_file(path).with_context(|| format!("removing {}", path.display()))
        }
        Ok(()) | Err(_) => bail!("{} is the socket of a running process", path.display()),
    }
}
