//! What is wrong with the box as a whole: a file for each thing, one line each, for `show version` and for
//! who logs in; and once on the consoles.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::log::Log;

const NOTICES: &str = "/run/notices";

/// Which of them have been on the consoles.
#[derive(Debug, Default)]
pub struct Notices {
    said: HashSet<String>,
}

impl Notices {
    /// Notes what is wrong and what helps.
    pub fn write(&mut self, name: &str, line: &str, log: &Log) {
        log.info(line);
        let directory = Path::new(NOTICES);
        let written = fs::create_dir_all(directory)
            .and_then(|()| fs::write(directory.join(name), format!("{line}\n")));
        if let Err(e) = written {
            log.warn(&format!("{NOTICES}/{name}: {e}"));
        }
        self.say(log);
    }

    /// Says those that have come since the last time, whoever wrote them.
    pub fn say(&mut self, log: &Log) {
        let Ok(entries) = fs::read_dir(NOTICES) else {
            return;
        };
        for entry in entries.flatten() {
            let line = fs::read_to_string(entry.path()).unwrap_or_default();
            let line = line.trim_end();
            if !line.is_empty() && self.said.insert(line.to_owned()) {
                log.say(&format!("notice: {line}"));
            }
        }
    }
}
