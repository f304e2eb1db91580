//! A login-console on each console, again when it ends.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::Pid;
use sys::program::Program;

use crate::backoff::Backoff;
use crate::tool::{PATH, process};

const PROGRAM: &str = "login-console";

const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The logins of all consoles.
#[derive(Debug)]
pub struct Logins {
    consoles: Vec<Console>,
}

#[derive(Debug)]
struct Console {
    device: PathBuf,
    terminal: &'static str,
    /// As the kernel set it up: who had it before may have left it otherwise.
    settings: Option<Termios>,
    running: Option<(Pid, Duration)>,
    next: Duration,
    backoff: Backoff,
}

impl Logins {
    /// On these consoles, from `first` on. Times are since the machine's start.
    pub fn new(consoles: &[String], first: Duration) -> Self {
        let console = |name: &String| {
            // tty0 is whatever terminal is on the screen; a login is on the first one.
            let is_screen = name == "tty0";
            let device = if is_screen { "tty1" } else { name };
            Console {
                device: PathBuf::from("/dev").join(device),
                terminal: if is_screen { "linux" } else { "vt220" },
                settings: None,
                running: None,
                next: first,
                backoff: Backoff::new(LONGEST_WAIT),
            }
        };
        Self {
            consoles: consoles.iter().map(console).collect(),
        }
    }

    /// From now on at the latest.
    pub fn begin(&mut self, now: Duration) {
        for console in &mut self.consoles {
            console.next = console.next.min(now);
        }
    }

    /// When the next one is to be started.
    pub fn due(&self) -> Option<Duration> {
        let waiting = self.consoles.iter().filter(|one| one.running.is_none());
        waiting.map(|one| one.next).min()
    }

    /// Starts those that are due. Returns a line for each that cannot be, which is tried again.
    pub fn start(&mut self, now: Duration) -> Vec<String> {
        let mut faults = Vec::new();
        for console in &mut self.consoles {
            if console.running.is_none()
                && console.next <= now
                && let Err(e) = console.start(now)
            {
                faults.push(format!("{}: {e}", console.device.display()));
                console.next = now + console.backoff.after(Duration::ZERO);
            }
        }
        faults
    }

    /// Whether `pid` was one of them.
    pub fn ended(&mut self, pid: Pid, now: Duration) -> bool {
        let is_it = |one: &&mut Console| one.running.is_some_and(|(running, _)| running == pid);
        let Some(console) = self.consoles.iter_mut().find(is_it) else {
            return false;
        };
        if let Some((_, since)) = console.running.take() {
            console.next = now + console.backoff.after(now.saturating_sub(since));
        }
        true
    }
}

impl Console {
    fn start(&mut self, now: Duration) -> io::Result<()> {
        let terminal = self.open()?;
        let pid = Program::new(PROGRAM)
            .env("PATH", PATH)
            .env("TERM", self.terminal)
            .env("HOME", "/")
            .terminal(terminal)?
            .start()?;
        self.running = Some((process(pid)?, now));
        Ok(())
    }

    /// The terminal as it was at first.
    fn open(&mut self) -> io::Result<File> {
        // A serial line without a carrier would not open else.
        let terminal = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
            .open(&self.device)?;
        match &self.settings {
            Some(settings) => tcsetattr(&terminal, SetArg::TCSANOW, settings)?,
            None => self.settings = Some(tcgetattr(&terminal)?),
        }
        fcntl(&terminal, FcntlArg::F_SETFL(OFlag::empty()))?;
        Ok(terminal)
    }
}
