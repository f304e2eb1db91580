//! From word to word down the grammar.

use std::fmt;

use super::Node;

/// Why a line has no meaning, or not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// No word that may stand there begins with this one.
    Unknown {
        /// Its place in the line, from 0.
        at: usize,
        /// What was typed.
        word: String,
        /// What may stand there.
        legal: Vec<String>,
    },
    /// More than one word begins with this one.
    Ambiguous {
        /// Its place in the line, from 0.
        at: usize,
        /// What was typed.
        word: String,
        /// The words that begin with it.
        fits: Vec<String>,
    },
    /// The line would have to go on.
    Incomplete {
        /// What may stand next.
        legal: Vec<String>,
    },
    /// The line would have had to end before this word.
    TooLong {
        /// Its place in the line, from 0.
        at: usize,
        /// What was typed.
        word: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { word, legal, .. } => {
                write!(f, "{word}: unknown here; known: {}", legal.join(" | "))
            }
            Self::Ambiguous { word, fits, .. } => {
                write!(f, "{word}: more than one word: {}", fits.join(" | "))
            }
            Self::Incomplete { legal } => write!(f, "incomplete: {}", legal.join(" | ")),
            Self::TooLong { word, .. } => write!(f, "{word}: the line ends before it"),
        }
    }
}

impl std::error::Error for Error {}

/// A whole line with every shortened word of the grammar written out; names and values stand as they
/// were typed. An empty line is incomplete.
///
/// # Errors
/// When the line has no meaning in `root`, more than one, or is not whole; one line.
pub fn expand(root: &'static [Node], words: &[&str]) -> Result<Vec<String>, Error> {
    todo!("{root:?} {words:?}")
}
