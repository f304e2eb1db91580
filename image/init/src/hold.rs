//! For tests of the running box: a daemon that is held at a step (`sys::step`), told on the consoles.

use std::fs;
use std::path::Path;
use std::time::Duration;

use sys::step::{HELD, HOLD};

use crate::log::Log;
use crate::supervisor::RUN_DIR;

const LOOK: Duration = Duration::from_millis(200);

/// What `fourfold.hold=` asked for, until it has been told.
#[derive(Debug)]
pub struct Hold {
    step: Option<String>,
}

impl Hold {
    /// Names the step to the daemons.
    pub fn new(step: Option<String>, log: &Log) -> Self {
        let written = step
            .as_ref()
            .map(|step| fs::write(Path::new(RUN_DIR).join(HOLD), step));
        if let Some(Err(e)) = written {
            log.warn(&format!("{RUN_DIR}/{HOLD}: {e}"));
        }
        Self { step }
    }

    /// When to look again; `None` when there is nothing to look for.
    pub fn due(&self, now: Duration) -> Option<Duration> {
        self.step.as_ref().map(|_| now + LOOK)
    }

    /// Tells once that a daemon stands there.
    pub fn look(&mut self, log: &Log) {
        let Some(step) = &self.step else {
            return;
        };
        let held = fs::read_to_string(Path::new(RUN_DIR).join(HELD));
        if held.is_ok_and(|held| held == *step) {
            log.say(&format!("held at {step}"));
            self.step = None;
        }
    }
}
