//! When the slot that runs has proved itself.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use crate::boot_partition;
use crate::grubenv::{GrubEnv, Slot};
use crate::log::Log;

/// The daemons have been ready for this long.
const PROVED: Duration = Duration::from_secs(10);

/// A slot that could not be marked is tried again.
const AGAIN: Duration = Duration::from_secs(10);
const TRIES: u32 = 6;

/// How the slot of this start fares.
#[derive(Debug)]
pub struct Trial {
    place: Option<(PathBuf, Slot)>,
    due: Option<Duration>,
    tries: u32,
    writer: Option<Receiver<io::Result<()>>>,
    is_marked: bool,
}

impl Trial {
    /// Of the slot, on the boot partition `device`. Without either there is nothing to mark.
    pub fn new(device: Option<PathBuf>, slot: Option<Slot>) -> Self {
        Self {
            place: device.zip(slot),
            due: None,
            tries: TRIES,
            writer: None,
            is_marked: false,
        }
    }

    /// The supervisor says that all daemons are ready.
    pub fn ready(&mut self, now: Duration) {
        if self.due.is_none() {
            self.due = Some(now + PROVED);
        }
    }

    /// The supervisor has died.
    pub fn died(&mut self) {
        self.due = None;
    }

    /// When to look again.
    pub fn due(&self) -> Option<Duration> {
        self.due.filter(|_| self.place.is_some() && !self.is_marked)
    }

    /// Marks the slot when it is due: on a thread of its own, because a disk may take its time.
    pub fn turn(&mut self, now: Duration, log: &Log) {
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        let Some((device, slot)) = self.place.clone() else {
            return;
        };
        let Some(writer) = &self.writer else {
            let (done, writer) = channel();
            let work = move || {
                let marked = boot_partition::edit(&device, slot, GrubEnv::mark_ok);
                // Who waits for it may be at the end already.
                drop(done.send(marked));
            };
            let thread = thread::Builder::new().name("slot".to_owned()).spawn(work);
            if let Err(e) = thread {
                log.warn(&format!(
                    "slot {} cannot be marked good: {e}",
                    slot.letter()
                ));
            }
            self.writer = Some(writer);
            self.due = Some(now + Duration::from_secs(1));
            return;
        };
        let outcome = match writer.try_recv() {
            Ok(outcome) => outcome,
            Err(TryRecvError::Empty) => {
                self.due = Some(now + Duration::from_secs(1));
                return;
            }
            Err(TryRecvError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        };
        self.writer = None;
        self.finish(outcome, slot, now, log);
    }

    fn finish(&mut self, outcome: io::Result<()>, slot: Slot, now: Duration, log: &Log) {
        let slot = slot.letter();
        match outcome {
            Ok(()) => {
                self.is_marked = true;
                log.info(&format!("slot {slot} is good"));
            }
            Err(e) => {
                self.tries = self.tries.saturating_sub(1);
                self.due = (self.tries > 0).then_some(now + AGAIN);
                log.warn(&format!("slot {slot} cannot be marked good: {e}"));
            }
        }
    }

    /// The machine is stopped in order: a slot that has not proved itself yet has not failed either.
    ///
    /// # Errors
    /// What the disk or the kernel says.
    pub fn give_back(&self) -> io::Result<()> {
        match &self.place {
            Some((device, slot)) if !self.is_marked => {
                boot_partition::edit(device, *slot, GrubEnv::give_back)
            }
            Some(_) | None => Ok(()),
        }
    }
}
