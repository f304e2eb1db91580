//! What operators are shown while the one writer may be busy.

use control::show::{ConfigurationItem, HistoryItem};

use crate::books::Books;

/// The state of the books after the last change.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The canonical text, after a comment when it is on trial.
    pub configuration: Vec<ConfigurationItem>,
    /// The commits, the newest first.
    pub history: Vec<HistoryItem>,
}

impl Shown {
    /// What is in the books.
    pub fn of(books: &Books) -> Self {
        let trial = books.trial.as_ref();
        let trial = trial.map(|trial| format!("# {}", trial.words()));
        let text = books.running.canonical.lines().map(str::to_owned);
        let lines = trial.into_iter().chain(text);
        Self {
            configuration: lines.map(|line| ConfigurationItem { line }).collect(),
            history: books.history.items(),
        }
    }
}
