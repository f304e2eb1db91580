//! Who sent which advert when, as a third station on the network hears it.

use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use netio::Port;
use netio::packet::PacketSocket;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tests::namespace::Namespace;
use tests::wait;
use wire::Mac;

use super::segment::INTERFACE;

/// Longer than any election here takes; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(15);

/// A frame that was heard.
#[derive(Clone, Debug)]
pub struct Heard {
    /// When.
    pub at: Instant,
    /// Who sent it, by its Ethernet header.
    pub mac: Mac,
    /// The advert in it, if it is one.
    pub advert: Option<Advert>,
    /// All of it.
    pub frame: Vec<u8>,
}

/// An advert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advert {
    /// The sender.
    pub source: IpAddr,
    /// Its priority.
    pub priority: u8,
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    heard: Arc<Mutex<Vec<Heard>>>,
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Begins to listen.
    pub fn start(namespace: &Namespace) -> Result<Self> {
        let socket = namespace.inside(|| {
            let socket = PacketSocket::open(INTERFACE, PacketSocket::ALL)?;
            socket.join_promiscuous()?;
            Ok(socket)
        })?;
        let (heard, done) = (
            Arc::<Mutex<Vec<Heard>>>::default(),
            Arc::<AtomicBool>::default(),
        );
        let thread = std::thread::spawn({
            let (heard, done) = (Arc::clone(&heard), Arc::clone(&done));
            move || listen(&socket, &heard, &done)
        });
        Ok(Self {
            heard,
            done,
            thread: Some(thread),
        })
    }

    /// Everything heard so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The adverts heard since then, with their times.
    pub fn adverts(&self, since: Instant) -> Vec<(Instant, Advert)> {
        let heard = self.heard();
        let adverts = heard.iter().filter(|one| one.at >= since);
        adverts
            .filter_map(|one| Some((one.at, one.advert?)))
            .collect()
    }

    /// Waits for an advert since then that is as wanted; when it came, and what it was.
    pub fn wait(
        &self,
        what: &str,
        since: Instant,
        wanted: impl Fn(&Advert) -> bool,
    ) -> Result<(Instant, Advert)> {
        wait::until(what, LIMIT, || {
            self.adverts(since)
                .into_iter()
                .find(|(_, advert)| wanted(advert))
        })
    }

    /// When the last advert that is as wanted came before then.
    pub fn last_before(&self, until: Instant, wanted: impl Fn(&Advert) -> bool) -> Result<Instant> {
        let heard = self.heard();
        let adverts = heard.iter().filter(|one| one.at < until);
        let mut wanted = adverts.filter(|one| one.advert.is_some_and(|advert| wanted(&advert)));
        Ok(wanted.next_back().context("no such advert")?.at)
    }
}

fn listen(socket: &PacketSocket, heard: &Mutex<Vec<Heard>>, done: &AtomicBool) {
    let mut buffer = [0; 2_048];
    while !done.load(Ordering::Relaxed) {
        let mut set = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        poll(&mut set, PollTimeout::from(50_u16)).ok();
        while let Ok(len) = socket.recv(&mut buffer) {
            let one = meaning(Instant::now(), &buffer[..len]);
            heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(one);
        }
    }
}

fn meaning(at: Instant, frame: &[u8]) -> Heard {
    let received = vrrp::receive(frame).ok();
    let advert = received.map(|received| Advert {
        source: received.source,
        priority: received.advertisement.priority,
    });
    let mac = frame.get(6..12).and_then(|mac| mac.try_into().ok());
    Heard {
        at,
        mac: Mac(mac.unwrap_or_default()),
        advert,
        frame: frame.to_vec(),
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
