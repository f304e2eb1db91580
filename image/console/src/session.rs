//! A session: what is known between one command and the next, and how a command is carried out.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use control::grammar::{Names, Node};
use control::words;

use crate::configure;
use crate::edit::Edit;
use crate::failure::Failure;
use crate::grammar::{
    CAPTURE, CONFIGURE, EXPLAIN_HASH, Given, OPERATIONAL, PING, PIPES, understand,
};
use crate::interrupt::Interrupt;
use crate::lines::{Answer, Lines};
use crate::output::{Output, Pipe};
use crate::show::{View, in_number};
use crate::trial::Trial;
use crate::{capture, clear, explain, fetch, help, monitor, ping, request};

/// Where things are on the box.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The daemons' sockets.
    pub(crate) run_dir: PathBuf,
    /// What outlives a reboot.
    pub(crate) data_dir: PathBuf,
}

/// Somebody at a terminal.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) lines: Lines,
    pub(crate) interrupt: Interrupt,
}

/// A session. Without a person, commands come from a program: nobody is asked, nothing waits.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) places: Places,
    pub(crate) person: Option<Person>,
    /// The candidate, in configure mode.
    pub(crate) edit: Option<Edit>,
    pub(crate) trial: Trial,
    /// Whether more lines may follow, so that `configure` has a sense.
    pub(crate) is_continued: bool,
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Stay,
    Leave,
}

impl Session {
    pub(crate) fn new(places: Places, person: Option<Person>, is_continued: bool) -> Self {
        Self {
            places,
            person,
            edit: None,
            trial: Trial::default(),
            is_continued,
        }
    }

    /// The words that may be typed now.
    pub(crate) const fn root(&self) -> &'static [Node] {
        match self.edit {
            Some(_) => CONFIGURE,
            None => OPERATIONAL,
        }
    }

    /// Does what a line says.
    pub(crate) fn line(&mut self, line: &str) -> Result<Flow, Failure> {
        let mut commands = words::pipeline(line).map_err(Failure::usage)?.into_iter();
        let Some(command) = commands.next() else {
            return Ok(Flow::Stay);
        };
        self.command(command, &commands.collect::<Vec<_>>())
    }

    /// Does what the words say, with these pipes behind them.
    pub(crate) fn command(
        &mut self,
        words: Vec<String>,
        pipes: &[Vec<String>],
    ) -> Result<Flow, Failure> {
        let words = understand(self.root(), &in_number(words), &self.names())?;
        let (pipes, without_pause) = self.pipes(pipes)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match (&self.edit, &words[..]) {
            (None, _) => self.operational(&words, pipes, without_pause),
            (Some(_), ["run", words @ ..]) => self.operational(words, pipes, without_pause),
            (Some(_), _) => self.configuring(&words, pipes, without_pause),
        }
    }

    /// What the pipes do, and whether one of them is `no-more`.
    fn pipes(&self, pipes: &[Vec<String>]) -> Result<(Vec<Pipe>, bool), Failure> {
        let mut found = Vec::new();
        let mut without_pause = false;
        for words in pipes {
            let words = understand(PIPES, words, &self.names())?;
            match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["match", text] => found.push(Pipe::Match(text.to_owned())),
                ["except", text] => found.push(Pipe::Except(text.to_owned())),
                ["count"] => found.push(Pipe::Count(0)),
                _ => without_pause = true,
            }
        }
        Ok((found, without_pause))
    }

    fn operational(
        &mut self,
        words: &[&str],
        pipes: Vec<Pipe>,
        without_pause: bool,
    ) -> Result<Flow, Failure> {
        if !pipes.is_empty() && !matches!(words, ["show" | "compare" | "help", ..]) {
            let word = words.first().copied().unwrap_or_default();
            return Err(Failure::usage(format!("{word}: nothing to pipe")));
        }
        match words {
            ["exit" | "quit"] => return Ok(Flow::Leave),
            ["configure"] => self.configure()?,
            [
                "show" | "help" | "commit" | "compare" | "rollback" | "confirm",
                ..,
            ] => {
                self.tell(words, pipes, without_pause)?;
            }
            _ => self.act(words)?,
        }
        Ok(Flow::Stay)
    }

    /// A command of which what it says is looked at in pages and by pipes.
    fn tell(
        &mut self,
        words: &[&str],
        pipes: Vec<Pipe>,
        without_pause: bool,
    ) -> Result<(), Failure> {
        match words {
            ["show", noun @ ..] => {
                let view = View::read(crate::grammar::SHOWN, &owned(noun))?;
                self.print(pipes, without_pause, |session, out| {
                    view.print(&session.places.run_dir, out)
                })
            }
            ["help", ..] => self.print(pipes, without_pause, |session, out| {
                help::print(session, out)
            }),
            ["commit" | "compare", "-", ..] if self.is_script() => {
                let fault = "-: standard input is the script; name a file";
                Err(Failure::usage(fault))
            }
            _ => self.print(pipes, without_pause, |session, out| {
                let done = configure::run(&session.places.run_dir, words, out)?;
                session.trial.note(done);
                Ok(())
            }),
        }
    }

    /// A command that does something, and says what it has to say as it goes along.
    fn act(&mut self, words: &[&str]) -> Result<(), Failure> {
        let rest = owned(words.get(1..).unwrap_or_default());
        let options = rest.get(1..).unwrap_or_default();
        match words {
            ["clear", ..] => clear::counters(&self.places.run_dir),
            ["monitor", ..] => monitor::run(self, &rest),
            ["fetch", name @ ..] => fetch::run(&self.places.data_dir, name.first().copied()),
            ["explain", "hash", _, _, "-", ..] if self.is_script() => {
                let fault = "-: standard input is the script; name a frame";
                Err(Failure::usage(fault))
            }
            ["explain", "hash", policy, members, frame, ..] => {
                let given = rest.get(4..).unwrap_or_default();
                explain::hash(policy, members, frame, &Given::read(EXPLAIN_HASH, given))
            }
            ["ping", host, ..] => ping::run(host, &Given::read(PING, options), self.interrupt()),
            ["capture", interface, ..] => {
                capture::run(self, interface, &Given::read(CAPTURE, options))
            }
            ["request", "active-member", bond, member] => {
                request::active_member::run(&self.places.run_dir, bond, member)
            }
            ["request", what, ..] => {
                request::run(self, what, options.iter().any(|word| word == "--yes"))
            }
            _ => Err(Failure::usage(format!("{}: no command", words.join(" ")))),
        }
    }

    /// Whether commands come from a program, line by line.
    pub(crate) const fn is_script(&self) -> bool {
        self.person.is_none() && self.is_continued
    }

    fn configure(&mut self) -> Result<(), Failure> {
        if self.edit.is_some() {
            return Err(Failure::usage("configure: that is what you are doing"));
        }
        if !self.is_continued {
            return Err(Failure::usage(
                "configure: only at a terminal, or with the lines that follow it on standard input",
            ));
        }
        self.edit = Some(Edit::begin(&self.places.run_dir)?);
        Ok(())
    }

    /// Prints what `print` writes, through the pipes, and page by page for a person.
    pub(crate) fn print(
        &mut self,
        pipes: Vec<Pipe>,
        without_pause: bool,
        print: impl FnOnce(&mut Self, &mut Output<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        // Taken out while it is lent to the output, so that the session can be used meanwhile.
        let person = self.person.take();
        let is_paged = person.is_some() && !without_pause && io::stdout().is_terminal();
        let interrupt = person.as_ref().map(|person| &person.interrupt);
        let mut out = Output::new(pipes, is_paged, interrupt);
        let printed = print(self, &mut out);
        let finished = out.finish();
        drop(out);
        self.person = person;
        printed?;
        Ok(finished?)
    }

    /// Asks the person, if there is one.
    pub(crate) fn ask(&mut self, question: &str) -> Result<Answer, Failure> {
        match &mut self.person {
            Some(person) => person.lines.ask(question, &person.interrupt),
            None => Ok(Answer::Gone),
        }
    }

    pub(crate) fn interrupt(&self) -> Option<&Interrupt> {
        self.person.as_ref().map(|person| &person.interrupt)
    }

    /// What `?` and the Tab key know by name.
    pub(crate) fn names(&self) -> Known {
        Known {
            edit: self.edit.as_ref().map(|edit| edit.candidate().clone()),
        }
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Names of the box, and of the candidate where there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    edit: Option<control::candidate::Candidate>,
}

impl Names for Known {
    fn at(&self, path: &[&str]) -> Vec<String> {
        self.edit
            .as_ref()
            .map(|candidate| candidate.names_at(path))
            .unwrap_or_default()
    }

    fn interfaces(&self) -> Vec<String> {
        let folder = std::fs::read_dir(Path::new("/sys/class/net"));
        let entries = folder.into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name != "lo")
            .collect();
        names.sort();
        names
    }
}
