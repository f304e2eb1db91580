//! The line editor: rustyline, with `?` and the Tab key asking the grammar.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use control::grammar::{Completion, Node, Offer, complete};
use control::words;
use rustyline::completion::{Completer, Pair};
use rustyline::config::{BellStyle, CompletionType, Config, Configurer as _};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{
    Cmd, ConditionalEventHandler, Context, Event, EventContext, EventHandler, Helper, KeyEvent,
    RepeatCount,
};

use super::Typed;
use crate::grammar::PIPES;
use crate::session::Known;

/// Lines that are remembered.
const REMEMBERED: usize = 1000;

/// The line and the cursor at which `?` was pressed.
type Asked = Arc<Mutex<Option<(String, usize)>>>;

/// Lines that can be edited.
pub(crate) struct Editor {
    inner: rustyline::Editor<Words, MemHistory>,
    asked: Asked,
}

impl fmt::Debug for Editor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Editor").finish_non_exhaustive()
    }
}

impl Editor {
    pub(super) fn new() -> rustyline::Result<Self> {
        let config = Config::builder()
            .max_history_size(REMEMBERED)?
            .history_ignore_dups(true)?
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .bell_style(BellStyle::None)
            // A serial terminal of the last century knows neither this nor the next.
            .bracketed_paste(false)
            .build();
        let history = MemHistory::with_config(&config);
        let mut inner = rustyline::Editor::with_history(config, history)?;
        inner.enable_synchronized_output(false);
        let asked = Asked::default();
        let handler = Box::new(Ask(Arc::clone(&asked)));
        inner.bind_sequence(KeyEvent::from('?'), EventHandler::Conditional(handler));
        // There is no shell to come back from.
        inner.bind_sequence(KeyEvent::ctrl('Z'), EventHandler::Simple(Cmd::Noop));
        Ok(Self { inner, asked })
    }

    pub(super) fn next(
        &mut self,
        prompt: &str,
        initial: (&str, &str),
        root: &'static [Node],
        names: Known,
    ) -> io::Result<Typed> {
        self.inner.set_helper(Some(Words { root, names }));
        let line = self.inner.readline_with_initial(prompt, initial);
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        match { asked }.take() {
            Some((line, place)) => {
                let (left, right) = line.split_at_checked(place).unwrap_or((&line, ""));
                Ok(Typed::Help {
                    left: left.to_owned(),
                    right: right.to_owned(),
                })
            }
            None => typed(line),
        }
    }

    /// A line that is no command.
    pub(super) fn answer(&mut self, prompt: &str) -> io::Result<Typed> {
        self.inner.set_helper(None);
        let line = self.inner.readline(prompt);
        { self.asked.lock().unwrap_or_else(PoisonError::into_inner) }.take();
        typed(line)
    }

    pub(super) fn remember(&mut self, line: &str) {
        // A line that cannot be remembered was carried out all the same.
        drop(self.inner.add_history_entry(line));
    }
}

fn typed(line: rustyline::Result<String>) -> io::Result<Typed> {
    match line {
        Ok(line) => Ok(Typed::Line(line)),
        Err(ReadlineError::Interrupted) => Ok(Typed::Dropped),
        Err(ReadlineError::Eof) => Ok(Typed::End),
        Err(ReadlineError::Io(error)) => Err(error),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// What the `?` key does: it ends the line, to be shown again after the help.
struct Ask(Asked);

impl ConditionalEventHandler for Ask {
    fn handle(
        &self,
        _event: &Event,
        _count: RepeatCount,
        _positive: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let (line, place) = (context.line(), context.pos());
        let left = line.get(..place)?;
        if words::typed(left).is_quoted {
            return None;
        }
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *asked = Some((line.to_owned(), place));
        Some(Cmd::AcceptLine)
    }
}

/// What the Tab key knows.
struct Words {
    root: &'static [Node],
    names: Known,
}

impl Helper for Words {}
impl Highlighter for Words {}
impl Validator for Words {}

impl Hinter for Words {
    type Hint = String;
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        place: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let left = line.get(..place).unwrap_or_default();
        let start = words::typed(left).start;
        let found = offered(self.root, left, &self.names);
        let found = found.into_iter().filter_map(|one| match one.offer {
            Offer::Keyword | Offer::Name => Some(words::quote(&one.text).into_owned()),
            Offer::Value | Offer::Enter => None,
        });
        let found: Vec<String> = found.collect();
        let is_one = found.len() == 1;
        let pairs = found.into_iter().map(|word| Pair {
            replacement: if is_one {
                format!("{word} ")
            } else {
                word.clone()
            },
            display: word,
        });
        Ok((start, pairs.collect()))
    }
}

/// What may stand at the end of `left`.
pub(crate) fn offered(root: &'static [Node], left: &str, names: &Known) -> Vec<Completion> {
    let typed = words::typed(left);
    let before: Vec<&str> = typed.words.iter().map(String::as_str).collect();
    let root = if typed.pipes > 0 { PIPES } else { root };
    complete(root, &before, &typed.prefix, names)
}
