//! One console: its terminal, and where it finds what it must know.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sys::clock::monotonic_nanos;

use crate::banner::banner;
use crate::door::Door;
use crate::penalty::Penalty;
use crate::record;
use crate::terminal::Terminal;

/// How often a configuration that cannot be read is looked at.
const AGAIN: Duration = Duration::from_secs(2);

/// Where everything is.
#[derive(Debug)]
pub struct Places {
    /// The running configuration.
    pub config: PathBuf,
    /// The daemons' sockets.
    pub run_dir: PathBuf,
    /// The notices.
    pub notices: PathBuf,
    /// The release.
    pub release: PathBuf,
    /// What wrong passwords cost, a file for each console.
    pub state: PathBuf,
}

/// The console.
#[derive(Debug)]
pub struct Console {
    /// Where somebody sits.
    pub terminal: Terminal,
    /// Where everything is.
    pub places: Places,
    /// The terminal's name.
    pub name: String,
}

impl Console {
    /// The console on this terminal.
    pub fn new(terminal: Terminal, places: Places) -> Self {
        let name = terminal.name();
        Self {
            terminal,
            places,
            name,
        }
    }

    /// Who may come in, as soon as that can be known.
    ///
    /// # Errors
    /// When nobody is there any more.
    pub fn door(&self) -> io::Result<Door> {
        let mut told = String::new();
        loop {
            match Door::find(&self.places.config, &self.places.run_dir) {
                Ok(door) => return Ok(door),
                Err(why) if why == told => {}
                Err(why) => {
                    let text = format!("Nobody can log in yet: {why}\n");
                    self.terminal.say(&text)?;
                    told = why;
                }
            }
            self.terminal.wait(AGAIN)?;
        }
    }

    /// What is said before the first question, and after the last answer.
    ///
    /// # Errors
    /// When nobody is there any more.
    pub fn greet(&self, door: &Door) -> io::Result<()> {
        let places = &self.places;
        let text = banner(door.host(), &places.release, &places.notices);
        self.terminal.say(&text)
    }

    /// Puts a line into the log.
    pub fn record(&self, text: &str) {
        record::say(&self.places.run_dir, &format!("{text} on {}", self.name));
    }

    /// What wrong passwords cost here, also those that another process has seen.
    pub fn penalty(&self) -> Penalty {
        let kept = fs::read(self.penalty_file()).unwrap_or_default();
        serde_json::from_slice(&kept).unwrap_or_default()
    }

    /// Keeps what wrong passwords cost here: who hangs up does not get around it.
    pub fn keep(&self, penalty: &Penalty) {
        let kept = serde_json::to_vec(penalty)
            .map_err(io::Error::from)
            .and_then(|text| {
                fs::create_dir_all(&self.places.state)?;
                let file = self.penalty_file();
                let new = file.with_extension("new");
                fs::write(&new, text)?;
                fs::rename(new, file)
            });
        if let Err(error) = kept {
            self.record(&format!(
                "cannot keep what a wrong password costs ({error})"
            ));
        }
    }

    /// Waits until what wrong passwords cost is paid.
    ///
    /// # Errors
    /// When nobody is there any more.
    pub fn pay(&self, penalty: &Penalty) -> io::Result<()> {
        self.terminal.wait(penalty.left(monotonic_nanos()))
    }

    fn penalty_file(&self) -> PathBuf {
        self.places.state.join(self.name.replace('/', "-"))
    }
}
