//! A stand-in for lvsd: hands out leases, a pulse that beats, and the egress table of a bond of one
//! member. The whole box is the demo's to test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use bond::egress::{self, MemberEntry, Table};
use bond::feedback;
use nix::net::if_::if_nametoindex;
use sys::memory::SharedMemory;
use sys::packet::{Listener, Packet};
use tests::namespace::Namespace;
use vrrp::{Family, Vrid, lease};
use wire::{Instant, Mac};

use super::segment::MEMBER;
use crate::heart::Heart;

/// What lvsd shares.
#[derive(Debug)]
struct Memory {
    leases: SharedMemory,
    feedback: SharedMemory,
    egress: SharedMemory,
    is_done: AtomicBool,
    connections: Mutex<Vec<Packet>>,
}

/// A forwarder of one worker; dropping it is its death.
#[derive(Debug)]
pub struct StandIn {
    memory: Arc<Memory>,
    path: PathBuf,
    ifindex: u32,
    generation: u64,
    heart: Heart,
    server: Option<JoinHandle<()>>,
}

impl StandIn {
    /// Serves whoever attaches in this directory, and beats. Its one member may send and receive.
    pub fn start(run_directory: &Path, namespace: &Namespace) -> Result<Self> {
        let create = |name: &str, words: usize| SharedMemory::create(name, words * 8);
        let memory = Arc::new(Memory {
            leases: create("leases", lease::WORDS)?,
            feedback: create("feedback", feedback::WORDS)?,
            egress: create("egress", egress::WORDS)?,
            is_done: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        feedback::set_workers(memory.feedback.words(), 1);
        let path = run_directory.join("lvsd.sock");
        let listener = Listener::bind(&path)?;
        let heart = Heart::start({
            let memory = Arc::clone(&memory);
            move || feedback::beat(memory.feedback.words(), 0, 2)
        });
        let server = std::thread::spawn({
            let memory = Arc::clone(&memory);
            move || memory.serve(&listener)
        });
        let mut standin = Self {
            memory,
            path,
            ifindex: namespace.inside(|| if_nametoindex(MEMBER).context("our member"))?,
            generation: 0,
            heart,
            server: Some(server),
        };
        standin.publish(true, true);
        Ok(standin)
    }

    /// Publishes a table in which the one member receives and sends, or not.
    pub fn publish(&mut self, receives: bool, sends: bool) {
        self.generation += 2;
        let entry = MemberEntry {
            ifindex: self.ifindex,
            number: 1,
            mac: Mac([2, 0, 0, 0, 0, 1]),
            rx_enabled: receives,
            tx_enabled: sends,
            unicast_only: false,
            carrier: true,
            weight: 1,
        };
        let table = Table {
            generation: self.generation,
            members: [entry].into_iter().collect(),
            usable: sends.then_some(0).into_iter().collect(),
            buckets: [0; bond::BUCKETS],
            ..Table::default()
        };
        egress::publish(self.memory.egress.words(), &table);
    }

    /// Whether the worker beats from now on.
    pub fn set_beating(&self, is_beating: bool) {
        self.heart.set_beating(is_beating);
    }

    /// Since when the lease of VRID 51 has been held, if it is.
    pub fn lease(&self, family: Family) -> Option<Instant> {
        let now = Instant::from_nanos(sys::clock::monotonic_nanos());
        let words = self.memory.leases.words();
        let word = lease::word(0, family, Vrid::new(51)?);
        lease::is_held(words, word, now).then(|| lease::since(words, word))
    }
}

impl Memory {
    fn serve(&self, listener: &Listener) {
        while let Ok(connection) = listener.accept() {
            if self.is_done.load(Ordering::Relaxed) {
                return;
            }
            let served = connection.recv().and_then(|(record, _)| {
                assert_eq!(record, br#"{"vrrp":"attach"}"#);
                let shared = [&self.leases, &self.feedback, &self.egress];
                let answer = br#"{"vrrp":{"attached":["bond0"]}}"#;
                connection.send(answer, &shared.map(SharedMemory::as_fd))
            });
            if served.is_ok() {
                let mut connections = self
                    .connections
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                connections.push(connection);
            }
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.memory.is_done.store(true, Ordering::Relaxed);
        // The server waits for somebody to come.
        Packet::connect(&self.path).ok();
        if let Some(server) = self.server.take() {
            server.join().ok();
        }
        let mut connections = self
            .memory
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        connections.clear();
    }
}
