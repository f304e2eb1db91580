//! The running file, when somebody else than ctld writes it while ctld runs: the daemons go on with what
//! they have, and one that is started again would take the other text.

use std::fs;

use control::config;
use control::configure::Item;

use crate::books::Books;

/// The text that somebody else wrote.
#[derive(Debug)]
pub struct Edited {
    text: Vec<u8>,
}

impl Edited {
    /// What is in the running file, when it is not what ctld knows.
    pub fn look(books: &Books) -> Option<Self> {
        let text = fs::read(books.file()).unwrap_or_default();
        (text != books.running.raw.as_bytes()).then_some(Self { text })
    }

    /// What who wanted a change is told beside its outcome, in the manner of that.
    pub fn told(&self, books: &Books, outcome: &[Item]) -> Option<Item> {
        let file = books.file().display();
        let stays = format!(
            "{file} was changed by somebody else and is not what runs: a daemon that is started again takes it"
        );
        for item in outcome {
            match item {
                Item::Fault(_) => return Some(Item::Fault(stays)),
                Item::Refused(_) => return Some(Item::Refused(stays)),
                Item::Unchanged => return Some(Item::Note(stays)),
                Item::Committed(_) if self.means(&books.running.canonical) => return None,
                Item::Committed(_) => {
                    let gone = format!("{file} was changed by somebody else; that is gone now");
                    return Some(Item::Note(gone));
                }
                Item::Note(_) | Item::Daemon(_) | Item::Change(_) | Item::Confirmed(_) => {}
            }
        }
        None
    }

    fn means(&self, canonical: &str) -> bool {
        let text = str::from_utf8(&self.text).ok();
        let config = text.and_then(|text| config::parse("", text).ok());
        config.is_some_and(|config| config::print(&config) == canonical)
    }
}
