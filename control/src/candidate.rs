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
//! let error = candidate.set(&["bond", "bond0", "mtu", "9000"]).expect_err("too much");
//! assert_eq!(error, "bond bond0 mtu 9000: an integer from 68 to 3500 bytes");
//! ```

use std::fmt;

use crate::config;
use crate::diff::Change;

/// A configuration that is being edited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {}

/// One thing that is wrong with a candidate. Its text is one line:
/// `bond bond0 primary eth9: a member of the bond: eth1 | eth2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place, as words after `set`; empty when no place is at fault.
    pub words: Vec<String>,
    /// The value there; none when the key itself is at fault, or the value is a secret.
    pub value: Option<String>,
    /// What would be legal there.
    pub legal: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.words.clone();
        words.extend(self.value.clone());
        let separator = if words.is_empty() { "" } else { ": " };
        write!(f, "{}{separator}{}", crate::words::join(&words), self.legal)
    }
}

impl std::error::Error for Fault {}

impl Candidate {
    /// The candidate that `text`, TOML that faults call `file`, spells. Keys may be missing or
    /// collide; each that is there must be known and legal by itself.
    ///
    /// # Errors
    /// Every fault, in the order of its lines; none of what [`faults`](Self::faults) would say.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<config::Fault>> {
        todo!("{file} {text}")
    }

    /// The candidate as TOML: the canonical form when it has no faults, otherwise what is there.
    #[must_use]
    pub fn to_toml(&self) -> String {
        todo!()
    }

    /// Sets what the words after `set`, written out ([`crate::grammar::expand`]), say: a key to its
    /// value, elements of a list beside those that it has, or a name with nothing set below it.
    ///
    /// # Errors
    /// What would be legal, in one line; then nothing is changed.
    pub fn set(&mut self, words: &[&str]) -> Result<(), String> {
        todo!("{words:?}")
    }

    /// Deletes what the words after `delete`, written out, say: elements of a list, a key, a name
    /// with all below it, or a table.
    ///
    /// # Errors
    /// When it is not there, in one line that says what is; then nothing is changed.
    pub fn delete(&mut self, words: &[&str]) -> Result<(), String> {
        todo!("{words:?}")
    }

    /// The whole candidate as lines `set …`, which make the same of an empty one. What is at its
    /// default is left out.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        todo!()
    }

    /// Of [`lines`](Self::lines) those that begin with the place `words`, whole.
    #[must_use]
    pub fn lines_below(&self, words: &[&str]) -> Vec<String> {
        todo!("{words:?}")
    }

    /// Whether something is set at the place `words`, or below it.
    #[must_use]
    pub fn has(&self, words: &[&str]) -> bool {
        todo!("{words:?}")
    }

    /// The names, or the elements of the list, at the place `words`: for
    /// [`Names::at`](crate::grammar::Names::at).
    #[must_use]
    pub fn names_at(&self, words: &[&str]) -> Vec<String> {
        todo!("{words:?}")
    }

    /// What differs from `old`, in the order of the lines: `+ set …` of what is new, `- set …` of
    /// what went away.
    #[must_use]
    pub fn changes_from(&self, old: &Candidate) -> Vec<Change> {
        todo!("{old:?}")
    }

    /// Everything that keeps the candidate from being committed and can be seen without the box.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        todo!()
    }
}
