//! Waiting on tokio for any descriptor, without `unsafe` at the caller.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A descriptor that tokio watches. What it refers to should be non-blocking.
#[derive(Debug)]
pub struct Watch {
    inner: AsyncFd<OwnedFd>,
}

impl Watch {
    /// Watches a descriptor and owns it. Needs a tokio runtime with I/O.
    ///
    /// # Errors
    /// `PermissionDenied` (EPERM) for what cannot be polled, such as a plain file.
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        // SAFETY: `inner` is private and never given out mutably, so that the descriptor stays open and
        // the same one until the registration ends with it.
        let inner = unsafe { AsyncFd::register(fd) }?;
        Ok(Self { inner })
    }

    /// Watches the same file (socket, TAP, pidfd …) through a duplicate, so that its owner keeps it.
    ///
    /// # Errors
    /// As [`new`](Self::new), or when the process is out of descriptors.
    pub fn of(file: impl AsFd) -> io::Result<Self> {
        Self::new(file.as_fd().try_clone_to_owned()?)
    }

    /// Runs `read` whenever the descriptor is readable, until it gives something else than
    /// `WouldBlock`. May be cancelled between two runs.
    ///
    /// # Errors
    /// What `read` gives.
    pub async fn read<R>(
        &self,
        mut read: impl FnMut(BorrowedFd<'_>) -> io::Result<R>,
    ) -> io::Result<R> {
        self.inner
            .async_io(Interest::READABLE, |fd| read(fd.as_fd()))
            .await
    }

    /// Runs `write` whenever the descriptor is writable, until it gives something else than
    /// `WouldBlock`. May be cancelled between two runs.
    ///
    /// # Errors
    /// What `write` gives.
    pub async fn write<R>(
        &self,
        mut write: impl FnMut(BorrowedFd<'_>) -> io::Result<R>,
    ) -> io::Result<R> {
        self.inner
            .async_io(Interest::WRITABLE, |fd| write(fd.as_fd()))
            .await
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.get_ref().as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;

    use crate::packet::Packet;

    use super::*;

    #[tokio::test]
    async fn a_watch_through_a_duplicate_sees_what_arrives_and_leaves_the_owner_in_place() {
        let (here, there) = Packet::pair().expect("pair");
        let watch = Watch::of(&here).expect("watch");
        there.send(b"x", &[]).expect("sent");
        let (record, _) = watch.read(|_| here.recv()).await.expect("record");
        assert_eq!(record, b"x");
        drop(watch);
        there.send(b"y", &[]).expect("sent");
        assert_eq!(here.recv().expect("record").0, b"y");
    }

    #[tokio::test]
    async fn a_plain_file_cannot_be_watched() {
        let mut file = File::open("/proc/self/exe").expect("a file");
        assert!(Watch::of(&file).is_err());
        assert_eq!(
            file.read(&mut [0; 4]).expect("read"),
            4,
            "the owner lost it"
        );
    }
}
