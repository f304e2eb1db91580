//! The serial console: what the machine says, and what is typed.

use std::fs::File;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::wait;

/// One end of the cable.
#[derive(Debug)]
pub struct Serial {
    stream: UnixStream,
    heard: Arc<Heard>,
    /// Bytes of the text that [`Serial::expect`] has gone past.
    read: usize,
}

#[derive(Debug, Default)]
struct Heard {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What was said, without escape sequences and carriage returns.
    text: String,
    escape: Escape,
    has_ended: bool,
}

/// Where in an escape sequence the last byte was (ECMA-48).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    Begun,
    Control,
}

impl Serial {
    /// Connects as soon as there is something to connect to, as long as `is_alive`; what is said is
    /// also written to `log` as it comes.
    pub(super) fn connect(
        path: &Path,
        log: &Path,
        bound: Duration,
        mut is_alive: impl FnMut() -> bool,
    ) -> Result<Self> {
        let stream = wait::until_ok(bound, || {
            if !is_alive() {
                return Ok(None);
            }
            let stream = UnixStream::connect(path);
            stream
                .map(Some)
                .with_context(|| format!("connecting to {}", path.display()))
        })?;
        let stream = stream.context("QEMU ended at once")?;
        let mut log = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        let heard = Arc::new(Heard::default());
        let mut from = stream
            .try_clone()
            .context("a second descriptor of the console")?;
        let for_thread = Arc::clone(&heard);
        let listen = move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                let said = bytes.get(..count).unwrap_or_default();
                log.write_all(said).ok(); // only for who reads it later
                for_thread.add(said);
            }
            for_thread.end();
        };
        std::thread::Builder::new()
            .name("serial".to_owned())
            .spawn(listen)
            .context("starting the console's reader")?;
        Ok(Self {
            stream,
            heard,
            read: 0,
        })
    }

    /// Types `text` as it is.
    pub fn send(&mut self, text: &str) -> Result<()> {
        self.stream
            .write_all(text.as_bytes())
            .context("typing at the console")
    }

    /// Types a line: what was said before it is not looked at any more.
    pub fn send_line(&mut self, text: &str) -> Result<()> {
        self.read = self.heard.lock().text.len();
        self.send(&format!("{text}\r"))
    }

    /// Waits until the machine has said one of `wanted`, at most for `bound`, and returns which one
    /// and what came before it. Later calls look behind it only.
    pub fn expect_any(&mut self, wanted: &[&str], bound: Duration) -> Result<(usize, String)> {
        let found = self.expect_where(bound, |new| {
            let found = wanted.iter().enumerate();
            let first =
                found.filter_map(|(which, what)| Some((new.find(what)?, which, what.len())));
            let (at, which, length) = first.min()?;
            let before = new.get(..at).unwrap_or_default().to_owned();
            Some((at + length, (which, before)))
        });
        found.with_context(|| format!("waiting for {wanted:?}"))
    }

    /// Waits until `find` finds something in what was said since the last call, at most for `bound`.
    /// It answers how many bytes of that it is done with, and a value.
    pub fn expect_where<T>(
        &mut self,
        bound: Duration,
        mut find: impl FnMut(&str) -> Option<(usize, T)>,
    ) -> Result<T> {
        let end = Instant::now() + bound;
        let mut state = self.heard.lock();
        loop {
            let new = state.text.get(self.read..).unwrap_or_default();
            if let Some((bytes, value)) = find(new) {
                self.read += bytes;
                return Ok(value);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || state.has_ended {
                let why = if state.has_ended {
                    "the machine ended"
                } else {
                    "in vain"
                };
                bail!("waited {bound:?}, {why}; it said:\n{new}");
            }
            let again = self.heard.more.wait_timeout(state, left);
            state = again.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// As [`Serial::expect_any`] for one text.
    pub fn expect(&mut self, wanted: &str, bound: Duration) -> Result<String> {
        self.expect_any(&[wanted], bound).map(|(_, before)| before)
    }

    /// All that was said since the machine was switched on.
    pub fn transcript(&self) -> String {
        self.heard.lock().text.clone()
    }
}

impl Drop for Serial {
    fn drop(&mut self) {
        // Ends the reader; the other end may have gone already.
        self.stream.shutdown(Shutdown::Both).ok();
    }
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, bytes: &[u8]) {
        let mut state = self.lock();
        for &byte in bytes {
            state.add(byte);
        }
        drop(state);
        self.more.notify_all();
    }

    fn end(&self) {
        self.lock().has_ended = true;
        self.more.notify_all();
    }
}

impl State {
    fn add(&mut self, byte: u8) {
        self.escape = match (self.escape, byte) {
            (Escape::None, 0x1b) => Escape::Begun,
            (Escape::None, b'\r') => Escape::None,
            (Escape::None, byte) => {
                // Boxes speak ASCII here; what else comes is shown as it would be on a terminal
                // that knows no more.
                self.text
                    .push(if byte.is_ascii() { byte.into() } else { '?' });
                Escape::None
            }
            (Escape::Begun, b'[') => Escape::Control,
            (Escape::Begun, _) => Escape::None,
            (Escape::Control, 0x40..=0x7e) => Escape::None,
            (Escape::Control, _) => Escape::Control,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_carriage_returns_are_left_out_and_the_rest_is_not() {
        let mut state = State::default();
        for byte in b"\x1b[?25h\x1b[2J\x1b[01;01Hbox login: \r\n\x1bcok [1]" {
            state.add(*byte);
        }
        assert_eq!(state.text, "box login: \nok [1]");
    }

    #[test]
    fn what_was_expected_is_gone_past_and_what_never_comes_is_an_error() {
        let heard = Arc::new(Heard::default());
        let (stream, _other) = UnixStream::pair().unwrap();
        let mut serial = Serial {
            stream,
            heard: Arc::clone(&heard),
            read: 0,
        };
        heard.add(b"one two three");
        let (which, before) = serial
            .expect_any(&["three", "two"], Duration::ZERO)
            .unwrap();
        assert_eq!((which, before.as_str()), (1, "one "));
        assert!(
            serial.expect("one", Duration::ZERO).is_err(),
            "it is behind"
        );
        assert!(serial.expect("three", Duration::ZERO).is_ok());
    }
}
