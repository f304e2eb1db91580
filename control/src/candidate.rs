//! A configuration as an operator edits it: key by key, and not always whole.
//!
//! A candidate belongs to the session that edits it. It is a tree of words: what is set is checked
//! at once, by itself; what is still missing, or collides with another key, is found by
//! [`Candidate::faults`], and by ctld at the commit.
//! ```
//! use control::candidate::Candidate;
//!
//! let mut candidate = Candidate::default();
//! candidate.set(&["bond", "bond0", "mode", "4"]).expect("legal");
//! candidate.set(&["bond", "bond0", "members", "eth1", "eth2"]).expect("legal");
//! assert_eq!(candidate.lines(), [
//!     "set bond bond0 mode 802.3ad",
//!     "set bond bond0 members eth1",
//!     "set bond bond0 members eth2",
//! ]);
//! let error = candidate.set(&["bond", "bond0", "mtu", "9216"]).expect_err("too much");
//! assert_eq!(error, "bond bond0 mtu 9216: an integer from 68 to 9000 bytes");
//! ```

mod edit;
mod fault;
mod lines;
mod toml;
mod tree;

use ::toml::de::DeTable;

pub use fault::Fault;

use crate::config;
use crate::diff::Change;
use crate::grammar::{Node, Purpose, configuration, expand};
use lines::Prefix;
use tree::{Place, Table};

const SET: &[Node] = &[Node::place("set", "Set a key", Purpose::Set)];

const DELETE: &[Node] = &[Node::place("delete", "Delete a key", Purpose::Delete)];

/// A configuration that is being edited. Two are equal when there are no
/// [changes](Candidate::changes_from) between them.
#[derive(Clone, Debug, Default)]
pub struct Candidate {
    root: Table,
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.changes_from(other).is_empty()
    }
}

impl Eq for Candidate {}

impl Candidate {
    /// The candidate that `text`, TOML that faults call `file`, spells. Keys may be missing or
    /// collide; each that is there must be known and legal by itself.
    ///
    /// # Errors
    /// Every fault, in the order of its lines; none of what [`faults`](Self::faults) would say.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<config::Fault>> {
        let faults = config::part_faults(file, text);
        if !faults.is_empty() {
            return Err(faults);
        }
        let (table, _) = DeTable::parse_recoverable(text);
        let root = toml::read(configuration(), table.get_ref());
        Ok(Self { root })
    }

    /// The candidate as TOML: the canonical form when it has no faults, otherwise what is there.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let text = self.text();
        match config::parse("candidate", &text) {
            Ok(config) => config::print(&config),
            Err(_) => text,
        }
    }

    fn text(&self) -> String {
        toml::write(configuration(), &self.root)
    }

    /// Sets what the words after `set` say, of which keywords may be shortened: a key to its value,
    /// elements of a list beside those that it has, or a name with nothing set below it. What is set
    /// is judged by itself: what is missing, or collides with another key, is for
    /// [`faults`](Self::faults).
    ///
    /// # Errors
    /// What would be legal, in one line; then nothing is changed.
    pub fn set(&mut self, words: &[&str]) -> Result<(), String> {
        let words = written_out(SET, words)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut part = Table::default();
        if let Some(list) = self.list_at(&words) {
            part.insert(configuration(), &list);
        }
        part.insert(configuration(), &words);
        let text = toml::write(configuration(), &part);
        if let Some(fault) = config::part_faults("set", &text).into_iter().next() {
            return Err(Fault::of(&part, fault).to_string());
        }
        self.root.insert(configuration(), &words);
        Ok(())
    }

    /// The words that set the list, to which `words` add, to what it is: an element is judged
    /// together with those before it.
    fn list_at<'w>(&'w self, words: &[&'w str]) -> Option<Vec<&'w str>> {
        let key = (1..words.len()).find_map(|length| {
            let place = words.get(..length)?;
            match self.root.find(configuration(), place)? {
                (Place::List(elements), _) => Some((place, elements)),
                (Place::Table { .. } | Place::Named(..) | Place::Value(..), _) => None,
            }
        });
        let (place, elements) = key?;
        let elements = elements.iter().map(String::as_str);
        Some(place.iter().copied().chain(elements).collect())
    }

    /// Deletes what the words after `delete`, of which keywords may be shortened, say: elements of a
    /// list, a key, a name with all below it, or a table.
    ///
    /// # Errors
    /// When it is not there, in one line that says what is; then nothing is changed.
    pub fn delete(&mut self, words: &[&str]) -> Result<(), String> {
        let words = written_out(DELETE, words)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.root.remove(configuration(), &words, 0)
    }

    /// The whole candidate as lines `set …`, which make the same of an empty one. What is at its
    /// default is left out.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines_below(&[])
    }

    /// Of [`lines`](Self::lines) those that begin with the place `words`, each whole.
    #[must_use]
    pub fn lines_below(&self, words: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some((place, words)) = self.root.find(configuration(), words) {
            place.lines(&Prefix::new(&words), &mut lines);
        }
        lines
    }

    /// Whether something is set at the place `words`, or below it.
    #[must_use]
    pub fn has(&self, words: &[&str]) -> bool {
        self.root.find(configuration(), words).is_some()
    }

    /// The names, or the elements of the list, at the place `words`: for
    /// [`Names::at`](crate::grammar::Names::at).
    #[must_use]
    pub fn names_at(&self, words: &[&str]) -> Vec<String> {
        match self.root.find(configuration(), words) {
            Some((Place::Named(_, tables), _)) => {
                tables.keys().map(|name| name.text.clone()).collect()
            }
            Some((Place::List(elements), _)) => elements.to_vec(),
            Some((Place::Table { .. } | Place::Value(..), _)) | None => Vec::new(),
        }
    }

    /// What differs from `old`, in the order of the lines: `+ set …` of what is new, `- set …` of
    /// what went away. None: the two are the same configuration.
    #[must_use]
    pub fn changes_from(&self, old: &Candidate) -> Vec<Change> {
        let mut found = Vec::new();
        let prefix = Prefix::new(&[]);
        lines::changes(configuration(), &old.root, &self.root, &prefix, &mut found);
        found
    }

    /// Everything that keeps the candidate from being committed and can be seen without the box.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        match config::parse("candidate", &self.text()) {
            Ok(_) => Vec::new(),
            Err(faults) => faults
                .into_iter()
                .map(|fault| Fault::of(&self.root, fault))
                .collect(),
        }
    }
}

/// The words after the one of `root`, written out.
fn written_out(root: &'static [Node], words: &[&str]) -> Result<Vec<String>, String> {
    let verb = root.first().map_or("", |node| node.word);
    let line: Vec<&str> = [verb].into_iter().chain(words.iter().copied()).collect();
    let mut words = expand(root, &line).map_err(|error| error.to_string())?;
    words.drain(..1);
    Ok(words)
}
