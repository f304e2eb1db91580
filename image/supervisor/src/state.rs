//! `RUN/supervisor.state`: what the next supervisor must know of the daemons that outlive this one.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sys::process::Process;

use crate::status::Record;

/// The file's content.
#[derive(Debug, Serialize, Deserialize)]
struct Content<R> {
    /// Process ids, start times and clocks are of one boot.
    boot: String,
    /// The daemons.
    daemons: R,
}

/// The file.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    boot: String,
    complained: Cell<bool>,
}

impl StateFile {
    /// The file in this run directory.
    pub fn new(run_dir: &Path) -> Self {
        Self {
            path: run_dir.join("supervisor.state"),
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default(),
            complained: Cell::new(false),
        }
    }

    /// What a predecessor left in this boot. A process that is gone is left out of its record.
    ///
    /// # Errors
    /// When there is something that cannot be understood.
    pub fn read(&self) -> io::Result<Vec<Record>> {
        let named = |e: io::Error| {
            let path = self.path.display();
            io::Error::new(e.kind(), format!("{path}: {e}"))
        };
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(named(e)),
        };
        let content: Content<Vec<Record>> =
            serde_json::from_slice(&text).map_err(|e| named(e.into()))?;
        if content.boot != self.boot {
            return Ok(Vec::new());
        }
        Ok(content.daemons)
    }

    /// Whole or not at all: a reader sees the old content or the new.
    pub fn write(&self, records: &[Record]) {
        let content = Content {
            boot: self.boot.clone(),
            daemons: records,
        };
        let new = self.path.with_extension("state.new");
        let written = serde_json::to_vec(&content)
            .map_err(io::Error::from)
            .and_then(|text| fs::write(&new, text))
            .and_then(|()| fs::rename(&new, &self.path));
        if let (Err(e), false) = (&written, self.complained.get()) {
            eprintln!("supervisor: {}: {e}", self.path.display());
        }
        self.complained.set(written.is_err());
    }

    /// Removes it.
    pub fn remove(&self) {
        fs::remove_file(&self.path).ok();
    }
}

/// The process of a record, if it lives.
pub fn living(record: &Record) -> Option<Process> {
    let process = Process::open(record.daemon.pid?, record.started?);
    process.ok().flatten()
}
