//! A stand-in for lvsd: takes the egress table as bondd publishes it, and gives its pulse.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bond::{egress, feedback};
use sys::memory::SharedMemory;
use sys::packet::{Listener, Packet};

/// A forwarder of one worker; dropping it is its death.
pub struct Forwarder {
    table: SharedMemory,
    _connection: Packet,
    done: Arc<AtomicBool>,
    heart: Option<JoinHandle<()>>,
}

impl Forwarder {
    /// Waits for bondd to attach `bond0`, and begins to beat.
    pub fn attach(run_directory: &Path) -> Result<Self> {
        let listener = Listener::bind(run_directory.join("lvsd.sock"))?;
        let connection = listener.accept()?;
        let (record, mut fds) = connection.recv()?;
        ensure!(record == br#"{"bond":{"attach":"bond0"}}"#, "{record:?}");
        let table = fds.pop().context("no egress table")?;
        let table = SharedMemory::from_fd_readonly(table)?;
        let memory = SharedMemory::create("feedback", feedback::WORDS * 8)?;
        feedback::set_workers(memory.words(), 1);
        let answer = br#"{"bond":{"attached":"bond0"}}"#;
        connection.send(answer, &[memory.as_fd()])?;
        let done = Arc::new(AtomicBool::new(false));
        let heart = std::thread::spawn({
            let done = Arc::clone(&done);
            move || beat(&memory, &done)
        });
        Ok(Self {
            table,
            _connection: connection,
            done,
            heart: Some(heart),
        })
    }

    /// The members that frames leave by.
    pub fn usable(&self) -> Vec<u8> {
        egress::read(self.table.words()).map_or(Vec::new(), |table| table.usable.to_vec())
    }
}

fn beat(memory: &SharedMemory, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        feedback::beat(memory.words(), 0, 2);
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(heart) = self.heart.take() {
            drop(heart.join());
        }
    }
}
