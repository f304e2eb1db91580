//! The shell: a person's session, from prompt to prompt.

use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;

use sys::clock::unix_millis;

use crate::failure::Failure;
use crate::grammar::offers;
use crate::interrupt::Interrupt;
use crate::lines::{Lines, Typed, offered};
use crate::session::{Flow, Person, Places, Session};
use crate::trial;

/// Reads and does lines until the person has enough.
pub(crate) fn run(places: Places) -> io::Result<ExitCode> {
    let person = Person {
        lines: Lines::new()?,
        interrupt: Interrupt::new()?,
    };
    let mut session = Session::new(places, Some(person), true);
    let mut before = (String::new(), String::new());
    loop {
        match typed(&mut session, &before)? {
            Typed::Help { left, right } => {
                help(&mut session, &left)?;
                before = (left, right);
                continue;
            }
            Typed::Line(line) => {
                remember(&mut session, &line);
                if done(session.line(&line)) == Flow::Leave {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            Typed::Dropped => {}
            Typed::End if session.edit.is_some() => {
                if done(session.leave()) == Flow::Leave {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            Typed::End => return Ok(ExitCode::SUCCESS),
        }
        before = (String::new(), String::new());
    }
}

/// The next line, after what there is to tell.
fn typed(session: &mut Session, before: &(String, String)) -> io::Result<Typed> {
    let (left, right) = (before.0.as_str(), before.1.as_str());
    if left.is_empty() && right.is_empty() {
        let history = trial::history(&session.places.run_dir);
        if let Some(line) = session.trial.line(&history, unix_millis() / 1000) {
            writeln!(io::stdout(), "{line}")?;
        }
    }
    let end = if session.edit.is_some() { '#' } else { '>' };
    let prompt = format!("{}{end} ", host_name());
    let (root, names) = (session.root(), session.names());
    let Some(person) = &mut session.person else {
        return Ok(Typed::End);
    };
    person.interrupt.take();
    let Person { lines, interrupt } = person;
    lines.next(&prompt, (left, right), root, names, interrupt)
}

fn remember(session: &mut Session, line: &str) {
    if let Some(person) = &mut session.person
        && !line.trim().is_empty()
    {
        person.lines.remember(line);
    }
}

/// Tells a failure; the session goes on after it.
fn done(done: Result<Flow, Failure>) -> Flow {
    done.unwrap_or_else(|failure| {
        failure.tell("");
        Flow::Stay
    })
}

/// What `?` shows.
fn help(session: &mut Session, left: &str) -> io::Result<()> {
    let offered = offered(session.root(), left, &session.names());
    let mut lines = offers(&offered);
    if lines.is_empty() {
        lines.push("  nothing may stand here".to_owned());
    }
    let shown = session.print(Vec::new(), false, |_, out| {
        for line in lines {
            writeln!(out, "{line}")?;
        }
        Ok(())
    });
    done(shown.map(|()| Flow::Stay));
    Ok(())
}

/// What the box is called now.
fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "fourfold" } else { name }.to_owned()
}
