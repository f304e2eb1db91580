//! Workers asking the slow path to have the kernel resolve a neighbour.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};

use nix::sys::eventfd::{EfdFlags, EventFd};

/// A neighbour to resolve: on which interface, and whom.
pub type Request = (u32, IpAddr);

/// A bounded set of requests: what does not fit is asked for again by the next frame.
#[derive(Debug)]
pub struct Requests {
    wanted: Mutex<heapless::Vec<Request, 64>>,
    wake: EventFd,
}

impl Requests {
    /// An empty set.
    ///
    /// # Errors
    /// When the kernel grants no eventfd.
    pub fn new() -> io::Result<Self> {
        let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        Ok(Self {
            wanted: Mutex::default(),
            wake,
        })
    }

    /// Asks for a neighbour; asking twice before the slow path looked is asking once.
    pub fn ask(&self, request: Request) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let news = !wanted.contains(&request) && wanted.push(request).is_ok();
        drop(wanted);
        if news {
            self.wake.write(1).ok();
        }
    }

    /// Everything asked for since the last call.
    pub fn take(&self) -> heapless::Vec<Request, 64> {
        self.wake.read().ok();
        std::mem::take(&mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Readable while requests wait.
    pub fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_asked_for_once_until_the_slow_path_looked() {
        let requests = Requests::new().unwrap();
        let wanted = (3, "10.0.0.1".parse().unwrap());
        requests.ask(wanted);
        requests.ask(wanted);
        assert_eq!(requests.take().as_slice(), [wanted]);
        assert!(requests.take().is_empty());
        requests.ask(wanted);
        assert_eq!(requests.take().as_slice(), [wanted]);
    }
}
