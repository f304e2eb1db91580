//! Lines that a person types: edited on a terminal that can, taken as they come on one that cannot.

mod editor;
mod plain;

use std::io::{self, Write as _};

use control::grammar::Node;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::session::Known;
use crate::terminal;

pub(crate) use editor::offered;

use editor::Editor;
use plain::Plain;

/// Where lines come from.
#[derive(Debug)]
pub(crate) enum Lines {
    /// A terminal on which the line can be edited.
    Edited(Box<Editor>),
    /// A terminal that only prints: `TERM=dumb`.
    Plain(Plain),
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    Line(String),
    /// Ctrl-C: the line is dropped.
    Dropped,
    /// Ctrl-D on an empty line, or the terminal is gone.
    End,
    /// `?`: what may stand behind `left`, which is shown with `right` again after that.
    Help {
        left: String,
        right: String,
    },
}

/// What a person says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// Nothing: Ctrl-D, or the terminal is gone.
    Gone,
}

impl Lines {
    /// The lines of the terminal that standard input is.
    pub(crate) fn new() -> io::Result<Self> {
        if terminal::is_capable() {
            let editor = Editor::new().map_err(io::Error::other)?;
            Ok(Self::Edited(Box::new(editor)))
        } else {
            Ok(Self::Plain(Plain::default()))
        }
    }

    /// The next line, of words of `root`; `left` and `right` of the cursor stand there already.
    pub(crate) fn next(
        &mut self,
        prompt: &str,
        (left, right): (&str, &str),
        root: &'static [Node],
        names: Known,
        interrupt: &Interrupt,
    ) -> io::Result<Typed> {
        match self {
            Self::Edited(editor) => editor.next(prompt, (left, right), root, names),
            Self::Plain(plain) => match plain.next(prompt, interrupt)? {
                Typed::Line(line) => Ok(asked(line)),
                typed @ (Typed::Dropped | Typed::End | Typed::Help { .. }) => Ok(typed),
            },
        }
    }

    /// Remembers a line.
    pub(crate) fn remember(&mut self, line: &str) {
        match self {
            Self::Edited(editor) => editor.remember(line),
            Self::Plain(_) => {}
        }
    }

    /// What a person says. Anything else than `yes` or `no` is asked again; Ctrl-C is no.
    pub(crate) fn ask(&mut self, question: &str, interrupt: &Interrupt) -> Result<Answer, Failure> {
        let prompt = format!("{question} (yes/no) ");
        loop {
            let typed = match self {
                Self::Edited(editor) => editor.answer(&prompt)?,
                Self::Plain(plain) => plain.next(&prompt, interrupt)?,
            };
            match typed {
                Typed::Line(line) => match line.trim() {
                    "yes" => return Ok(Answer::Yes),
                    "no" => return Ok(Answer::No),
                    _ => writeln!(io::stdout(), "yes, or no")?,
                },
                Typed::Dropped | Typed::Help { .. } => return Ok(Answer::No),
                Typed::End => return Ok(Answer::Gone),
            }
        }
    }
}

/// A line that ends in `?` is a question where no key can ask it.
fn asked(line: String) -> Typed {
    let Some(left) = line.strip_suffix('?') else {
        return Typed::Line(line);
    };
    if control::words::typed(left).is_quoted {
        return Typed::Line(line);
    }
    Typed::Help {
        left: left.to_owned(),
        right: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_mark_at_the_end_asks_unless_it_is_in_quotes() {
        let help = Typed::Help {
            left: "show ".into(),
            right: String::new(),
        };
        assert_eq!(asked("show ?".into()), help);
        let line = "commit comment \"why?";
        assert_eq!(asked(line.into()), Typed::Line(line.into()));
        assert_eq!(asked("show".into()), Typed::Line("show".into()));
    }
}
