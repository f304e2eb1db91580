//! A listening socket at a path.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::socket::{Backlog, SockFlag, accept4, bind, listen};
use nix::sys::stat::{Mode, fchmod};

use super::{Packet, address, at, new_socket};

const MODE: u32 = 0o660;

/// A listening socket; its file goes when the value does.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    path: PathBuf,
    /// Device and inode of the socket file, to remove no successor's.
    identity: (u64, u64),
}

impl Listener {
    /// Listens at `path`, mode 0660. A socket file that nobody listens at any more is replaced.
    ///
    /// # Errors
    /// `AddrInUse` when another process listens there; `AlreadyExists` when the path is no socket; else
    /// what the kernel says. The message names the path.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let address = address(path)?;
        // Until it listens: or two that come at once both take the same file for stale.
        let _turn = turn(path)?;
        remove_stale(path)?;
        let named = |e: Errno| at(path, "listen at", e.into());
        let fd = new_socket()?;
        // Before the bind, so that the file never stands there with more than this.
        fchmod(&fd, Mode::from_bits_truncate(MODE))?;
        bind(fd.as_raw_fd(), &address).map_err(named)?;
        let file = fs::symlink_metadata(path)?;
        let identity = (file.dev(), file.ino());
        let listener = Self {
            fd,
            path: path.to_owned(),
            identity,
        };
        // After it, because the umask had its say.
        fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
        listen(&listener.fd, Backlog::MAXCONN).map_err(named)?;
        Ok(listener)
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    /// What the kernel says, for example that the process is out of descriptors.
    pub fn accept(&self) -> io::Result<Packet> {
        loop {
            match accept4(self.fd.as_raw_fd(), SockFlag::SOCK_CLOEXEC) {
                // SAFETY: the kernel has just made it for this call.
                Ok(raw) => return Ok(Packet::from(unsafe { OwnedFd::from_raw_fd(raw) })),
                Err(Errno::EINTR | Errno::ECONNABORTED) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|file| (file.dev(), file.ino()) == self.identity);
        if ours {
            // Nobody to tell; the next one to bind replaces it.
            drop(fs::remove_file(&self.path));
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// A lock on the path's directory, which ends with the value.
fn turn(path: &Path) -> io::Result<File> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let lock = || {
        let directory = File::open(directory)?;
        directory.lock()?;
        Ok(directory)
    };
    lock().map_err(|e| at(path, "listen at", e))
}

fn remove_stale(path: &Path) -> io::Result<()> {
    let file = match fs::symlink_metadata(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(at(path, "listen at", e)),
    };
    let occupied = |kind, why: &str| at(path, "listen at", io::Error::new(kind, why.to_owned()));
    if !file.file_type().is_socket() {
        return Err(occupied(
            io::ErrorKind::AlreadyExists,
            "there is a file that is no socket",
        ));
    }
    match Packet::connect(path) {
        Ok(_) => Err(occupied(
            io::ErrorKind::AddrInUse,
            "another process listens there",
        )),
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(e) => Err(e),
    }
}
