//! One running daemon, as events: ready, late, dead. Its output becomes log lines on the way.

use std::io;
use std::path::Path;
use std::process::ExitStatus;

use nix::sys::signal::Signal;
use sys::spawn::{Child, OUTPUT_BYTES, Output, Readiness, Spawn};
use sys::store::{DAEMON, FD_STORE};
use tokio::time::{Instant, sleep_until};

use crate::log::{Log, MAX_LINE};
use crate::service::Service;

/// What happens to a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It said that it is ready.
    Ready,
    /// It did not say so in time.
    Late,
    /// It is dead, and its last words have been logged.
    Died(ExitStatus),
}

/// A daemon from its start to its death.
#[derive(Debug)]
pub struct Running {
    name: &'static str,
    child: Child,
    output: Option<Output>,
    readiness: Option<Readiness>,
    ready_by: Instant,
    words: Words,
}

impl Running {
    /// Starts it, with the descriptor store at `store`.
    pub fn start(service: &Service, store: &Path) -> io::Result<Self> {
        let ready_by = Instant::now() + service.ready_within;
        let mut child = Spawn::new(&service.program)
            .args(service.args())
            .env(FD_STORE, store)
            .env(DAEMON, service.name)
            .start()?;
        let output = child.output()?;
        let readiness = child.readiness()?;
        Ok(Self {
            name: service.name,
            child,
            output,
            readiness,
            ready_by,
            words: Words::default(),
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// The last line that it wrote, if any.
    pub fn last_line(&self) -> Option<&str> {
        self.words.last.as_deref()
    }

    /// Sends it a signal; the dead take no harm.
    pub fn signal(&self, signal: Signal, log: &Log) {
        if let Err(e) = self.child.signal(signal) {
            log.line("supervisor", &format!("{}: {signal}: {e}", self.name));
        }
    }

    /// Waits for the next event. May be cancelled and called again. `Died` is the last one.
    pub async fn event(&mut self, log: &Log) -> io::Result<Event> {
        let mut bytes = [0; 4096];
        loop {
            tokio::select! {
                biased;
                status = self.child.wait() => {
                    let status = status?;
                    self.last_words(log)?;
                    return Ok(Event::Died(status));
                }
                said = ready(self.readiness.as_ref()) => {
                    self.readiness = None;
                    // Closed without a word: it will not say it any more, and the time limit is gone with
                    // it; a death follows, or the daemon runs as one that never becomes ready.
                    if said? { return Ok(Event::Ready) }
                }
                () = sleep_until(self.ready_by), if self.readiness.is_some() => {
                    self.readiness = None;
                    return Ok(Event::Late);
                }
                len = read(self.output.as_ref(), &mut bytes) => match len? {
                    0 => self.output = None,
                    len => self.words.hear(&bytes[..len], |line| log.line(self.name, line)),
                },
            }
        }
    }

    /// Logs what it left in the pipe. Others may hold the pipe open and go on writing: no more than it holds.
    fn last_words(&mut self, log: &Log) -> io::Result<()> {
        if let Some(output) = self.output.take() {
            let mut left = usize::try_from(OUTPUT_BYTES).unwrap_or(0);
            let mut bytes = [0; 4096];
            while left > 0 {
                let Some(len @ 1..) = output.try_read(&mut bytes)? else {
                    break;
                };
                self.words
                    .hear(&bytes[..len], |line| log.line(self.name, line));
                left = left.saturating_sub(len);
            }
        }
        self.words.end(|line| log.line(self.name, line));
        Ok(())
    }
}

async fn ready(readiness: Option<&Readiness>) -> io::Result<bool> {
    match readiness {
        Some(readiness) => readiness.wait().await,
        None => std::future::pending().await,
    }
}

async fn read(output: Option<&Output>, bytes: &mut [u8]) -> io::Result<usize> {
    match output {
        Some(output) => output.read(bytes).await,
        None => std::future::pending().await,
    }
}

/// Bytes into lines.
#[derive(Debug, Default)]
struct Words {
    line: Vec<u8>,
    last: Option<String>,
}

impl Words {
    fn hear(&mut self, bytes: &[u8], mut say: impl FnMut(&str)) {
        for &byte in bytes {
            if byte == b'\n' || self.line.len() >= MAX_LINE {
                self.end(&mut say);
            }
            if byte != b'\n' {
                self.line.push(byte);
            }
        }
    }

    fn end(&mut self, mut say: impl FnMut(&str)) {
        if !self.line.is_empty() {
            let text = String::from_utf8_lossy(&self.line).into_owned();
            say(&text);
            self.last = Some(text);
            self.line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    /// A shell as daemon.
    fn run(script: &str, ready_within: Duration) -> Running {
        let ready_by = Instant::now() + ready_within;
        let mut child = Spawn::new("/bin/sh")
            .args(["-c", script])
            .start()
            .expect("a shell");
        let output = child.output().expect("output");
        let readiness = child.readiness().expect("readiness");
        Running {
            name: "test",
            child,
            output,
            readiness,
            ready_by,
            words: Words::default(),
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_daemon_is_ready_and_then_dies_with_its_last_line_known() {
        let mut running = run(
            "echo >/proc/self/fd/$READY_FD; echo one; printf two >&2; exit 3",
            LONG,
        );
        let log = Log::default();
        let first = running.event(&log).await.expect("event");
        if first == Event::Ready {
            let Event::Died(status) = running.event(&log).await.expect("event") else {
                panic!("alive after its exit")
            };
            assert_eq!(status.code(), Some(3));
        } else {
            // Dead before the loop first looked: death has precedence.
            assert!(matches!(first, Event::Died(status) if status.code() == Some(3)));
        }
        assert_eq!(running.last_line(), Some("two"));
    }

    #[tokio::test]
    async fn a_daemon_that_does_not_become_ready_is_late_once() {
        let mut running = run("kill -STOP $$", Duration::from_millis(1));
        let log = Log::default();
        assert_eq!(running.event(&log).await.expect("event"), Event::Late);
        running.signal(Signal::SIGKILL, &log);
        assert!(matches!(
            running.event(&log).await.expect("event"),
            Event::Died(_)
        ));
        assert_eq!(running.last_line(), None);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_does_not_start() {
        let service = Service {
            name: "test",
            program: PathBuf::from("/nowhere/test"),
            config: PathBuf::new(),
            socket: PathBuf::new(),
            ready_within: LONG,
        };
        let refused = Running::start(&service, Path::new("/nowhere")).expect_err("started");
        assert!(refused.to_string().contains("/nowhere/test"), "{refused}");
    }

    #[test]
    fn bytes_become_lines_and_a_line_without_end_is_cut() {
        let mut words = Words::default();
        let mut said = Vec::new();
        for bytes in [&b"one\ntw"[..], b"o\n\nthr", b"ee"] {
            words.hear(bytes, |line| said.push(line.to_owned()));
        }
        assert_eq!(said, ["one", "two"]);
        words.end(|line| said.push(line.to_owned()));
        words.hear(&[b'x'; 2 * MAX_LINE + 1], |line| {
            said.push(line.len().to_string())
        });
        assert_eq!(
            said[2..],
            [
                "three".to_owned(),
                MAX_LINE.to_string(),
                MAX_LINE.to_string()
            ]
        );
        assert_eq!(words.last.map(|line| line.len()), Some(MAX_LINE));
    }
}
