//! Commands from a program: a line each, without a prompt, until the first that fails.

use std::io::{self, BufRead, Write as _};

use control::grammar::{Nothing, complete};

use crate::edit::Edit;
use crate::failure::Failure;
use crate::grammar::{OPERATIONAL, offers};
use crate::session::{Flow, Places, Session};

/// A failure, and where.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) failure: Failure,
    /// The line, from 1, and what it said; none when it is the only one, or after the last.
    pub(crate) at: Option<(usize, String)>,
}

/// Does every line of `text`.
pub(crate) fn run(places: Places, text: impl BufRead) -> Result<(), Stopped> {
    let mut session = Session::new(places, None, true);
    for (place, line) in text.lines().enumerate() {
        let stopped = |failure, line: &str| Stopped {
            failure,
            at: Some((place + 1, line.trim().to_owned())),
        };
        let line = line.map_err(|error| stopped(unreadable(&error), ""))?;
        match session.line(&line) {
            Ok(Flow::Stay) => {}
            Ok(Flow::Leave) => return Ok(()),
            Err(failure) => return Err(stopped(failure, &line)),
        }
    }
    end(&session).map_err(|failure| Stopped { failure, at: None })
}

/// Does the one command that `line` says.
pub(crate) fn command(places: Places, line: &str) -> Result<(), Failure> {
    let mut session = Session::new(places, None, false);
    session.line(line).map(|_| ())
}

/// Does the one command that the words say.
pub(crate) fn words(places: Places, words: Vec<String>) -> Result<(), Failure> {
    let mut session = Session::new(places, None, false);
    session.command(words, &[]).map(|_| ())
}

/// Prints what may stand behind the words.
pub(crate) fn help(words: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut out = io::stdout().lock();
    for line in offers(&complete(OPERATIONAL, &words, "", &Nothing)) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn end(session: &Session) -> Result<(), Failure> {
    if session.edit.as_ref().is_some_and(Edit::is_changed) {
        return Err(Failure::usage(
            "what was set or deleted was never committed: nothing of it runs",
        ));
    }
    Ok(())
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::usage(format!("standard input: {error}"))
}

impl Stopped {
    /// What the process ends with. A script whose reader went away has not been done, either.
    pub(crate) fn exit_code(&self) -> u8 {
        self.failure.exit_code().max(1)
    }

    /// Tells what failed, and where.
    pub(crate) fn tell(&self) {
        self.failure.tell("fourfold: ");
        if let Some((place, line)) = &self.at {
            let line = crate::text::harmless(line);
            let told = writeln!(io::stderr(), "fourfold: stopped at line {place}: {line}");
            // Nothing is left to do when standard error is closed.
            drop(told);
        }
    }
}
