//! A stand-in for lvsd: takes the egress table as bondd publishes it, and gives its pulse.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use bond::{egress, feedback};
use sys::memory::SharedMemory;
use sys::packet::{Listener, Packet};

use crate::heart::Heart;

/// A forwarder of one worker; dropping it is its death.
pub struct Forwarder {
    table: SharedMemory,
    _connection: Packet,
    _heart: Heart,
}

impl Forwarder {
    /// Waits for bondd to attach `bond0`, and begins to beat.
    pub fn attach(run_directory: &Path) -> Result<Self> {
        let listener = Listener::bind(run_directory.join("lvsd.sock"))?;
        let connection = listener.accept()?;
        let (record, mut fds) = connection.recv()?;
        let wanted = br#"{"bond":{"attach":{"bond":"bond0","members":["eth1","eth2"]}}}"#;
        ensure!(record == wanted, "{}", String::from_utf8_lossy(&record));
        let table = fds.pop().context("no egress table")?;
        let table = SharedMemory::from_fd_readonly(table)?;
        let memory = SharedMemory::create("feedback", feedback::WORDS * 8)?;
        feedback::set_workers(memory.words(), 1);
        let answer = br#"{"bond":{"attached":"bond0"}}"#;
        connection.send(answer, &[memory.as_fd()])?;
        Ok(Self {
            table,
            _connection: connection,
            _heart: Heart::start(move || feedback::beat(memory.words(), 0, 2)),
        })
    }

    /// The members that frames leave by.
    pub fn usable(&self) -> Vec<u8> {
        egress::read(self.table.words()).map_or(Vec::new(), |table| table.usable.to_vec())
    }
}
