//! The thread that finds drivers for devices: for those that are there (`Plugged::Settled` says when that
//! is done), then for each one that comes. A thread, because a driver may take its time to look for its
//! device, and process 1 has a supervisor to listen to.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::path::{Path, PathBuf};
use std::thread;

use crate::load::Loader;
use crate::log::Log;
use crate::module::Step;
use crate::uevent::{Uevent, Uevents};

const DEVICES: &str = "/sys/devices";

/// Needed on every box, and no device asks for it.
const ALWAYS: &str = "tun";

/// The drivers that make a platform device of a chip set's watchdog.
const WATCHDOGS_PARENTS: [&str; 2] = ["lpc_ich", "i2c_i801"];

/// What has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plugged {
    /// All devices that were there have their drivers.
    Settled,
    /// A network interface.
    Net,
    /// A disk or a partition.
    Block,
    /// A watchdog.
    Watchdog,
}

impl Plugged {
    const ALL: [Self; 4] = [Self::Settled, Self::Net, Self::Block, Self::Watchdog];

    const fn byte(self) -> u8 {
        self as u8
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.byte() == byte)
    }
}

/// Loads the drivers of watchdogs, and nothing else yet.
pub fn watchdogs(loader: &mut Loader) -> Vec<String> {
    let is_watchdog = |step: &Step<'_>| {
        step.path.contains("/watchdog/") || WATCHDOGS_PARENTS.contains(&step.name)
    };
    settle(|modalias| loader.load_if(modalias, is_watchdog))
}

/// Starts the thread. What has come is read from the pipe: [`read`].
///
/// # Errors
/// What the kernel says.
pub fn start(loader: Loader) -> io::Result<PipeReader> {
    let (reader, words) = pipe()?;
    // Before the first look, so that nothing comes in between.
    let uevents = Uevents::open()?;
    thread::Builder::new()
        .name("plug".to_owned())
        .spawn(move || {
            let log = Log::open();
            let end = run(loader, &uevents, words, &log);
            if let Err(e) = end {
                log.warn(&format!("devices that come from now on are not seen: {e}"));
            }
        })?;
    Ok(reader)
}

/// What has come, without waiting when `pipe` is readable; nothing more when the thread is gone.
pub fn read(pipe: &mut PipeReader) -> Vec<Plugged> {
    let mut bytes = [0; 64];
    let len = pipe.read(&mut bytes).unwrap_or(0);
    let bytes = bytes.iter().take(len);
    bytes.filter_map(|byte| Plugged::from_byte(*byte)).collect()
}

fn run(mut loader: Loader, uevents: &Uevents, words: PipeWriter, log: &Log) -> io::Result<()> {
    let say = |word: Plugged| (&words).write_all(&[word.byte()]);
    let mut load = |word: &str| {
        let faults = loader.load(word);
        faults.iter().for_each(|fault| log.info(fault));
        faults
    };
    settle(&mut load);
    load(ALWAYS);
    say(Plugged::Settled)?;
    loop {
        let Some(uevent) = uevents.next()? else {
            settle(&mut load);
            say(Plugged::Net)?;
            say(Plugged::Block)?;
            continue;
        };
        if uevent.action != "add" {
            continue;
        }
        if let Some(modalias) = &uevent.modalias {
            load(modalias);
        }
        if let Some(word) = word(&uevent) {
            say(word)?;
        }
    }
}

fn word(uevent: &Uevent) -> Option<Plugged> {
    match uevent.subsystem.as_str() {
        "net" => Some(Plugged::Net),
        "block" => Some(Plugged::Block),
        "watchdog" => Some(Plugged::Watchdog),
        _ => None,
    }
}

/// Calls `load` for the modalias of every device, until a round brings none that is new.
fn settle(mut load: impl FnMut(&str) -> Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut faults = Vec::new();
    loop {
        let found = modaliases(Path::new(DEVICES));
        let new: Vec<&String> = found.iter().filter(|one| !seen.contains(*one)).collect();
        if new.is_empty() {
            return faults;
        }
        faults.extend(new.into_iter().flat_map(|modalias| load(modalias)));
        seen.extend(found);
    }
}

/// The modaliases below a directory, each once and in order; a device that goes meanwhile has none.
fn modaliases(directory: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut directories: Vec<PathBuf> = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.flatten() {
            // The type of the entry itself: links lead in circles.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                directories.push(entry.path());
            } else if entry.file_name() == "modalias" {
                let modalias = fs::read_to_string(entry.path()).unwrap_or_default();
                found.insert(modalias.trim_end().to_owned());
            }
        }
    }
    found
}
