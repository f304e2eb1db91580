//! A server that accepts and never answers.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::namespace::Namespace;
use crate::plan::{NAT_REAL_PORTS, VIP_PORT};

const TICK: Duration = Duration::from_millis(2);

/// A connection that it accepted.
#[derive(Debug)]
pub struct Accepted {
    /// When.
    pub at: Instant,
    /// Whose.
    pub client: IpAddr,
    _stream: TcpStream,
}

/// Takes connections at the ports of a real, and holds them until it is dropped.
#[derive(Debug)]
pub struct Hanging {
    accepted: Arc<Mutex<Vec<Accepted>>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hanging {
    /// Listens in the namespace of a real whose own server does not run.
    pub fn start(namespace: &Namespace) -> Result<Self> {
        let ports = || [VIP_PORT].into_iter().chain(NAT_REAL_PORTS);
        let listeners: Vec<TcpListener> = namespace.inside(|| ports().map(listen).collect())?;
        let accepted = Arc::new(Mutex::new(Vec::new()));
        let ending = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new()
            .name("hanging".to_owned())
            .spawn({
                let (accepted, ending) = (Arc::clone(&accepted), Arc::clone(&ending));
                move || take(&listeners, &accepted, &ending)
            })
            .context("starting a server that hangs")?;
        Ok(Self {
            accepted,
            ending,
            thread: Some(thread),
        })
    }

    /// When it last accepted a connection of one of `clients`.
    pub fn last_of(&self, clients: &[IpAddr]) -> Option<Instant> {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = accepted.iter().filter(|one| clients.contains(&one.client));
        theirs.map(|one| one.at).max()
    }

    /// How many connections of one of `clients` it has accepted.
    pub fn count_of(&self, clients: &[IpAddr]) -> usize {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = accepted.iter().filter(|one| clients.contains(&one.client));
        theirs.count()
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        // It holds nothing that its end could spoil.
        self.thread.take().map(JoinHandle::join);
    }
}

/// Both families: IPv4 clients come with mapped addresses.
fn listen(port: u16) -> Result<TcpListener> {
    let all = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, port));
    let listener = TcpListener::bind(all).with_context(|| format!("listening at port {port}"))?;
    listener
        .set_nonblocking(true)
        .context("a listener's mode")?;
    Ok(listener)
}

fn take(listeners: &[TcpListener], accepted: &Mutex<Vec<Accepted>>, ending: &AtomicBool) {
    while !ending.load(Ordering::Acquire) {
        for listener in listeners {
            while let Ok((stream, peer)) = listener.accept() {
                let one = Accepted {
                    at: Instant::now(),
                    client: peer.ip().to_canonical(),
                    _stream: stream,
                };
                accepted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(one);
            }
        }
        std::thread::sleep(TICK);
    }
}
