//! A line as words: apart by blanks, in double quotes where a word has blanks of its own.
//!
//! Within quotes `\"` is a quote and `\\` a backslash; everything else stands for itself, `|`, `?`
//! and `#` too. A line that begins with `#` is a remark and has no words.

use std::borrow::Cow;

/// The words of a line, in which `|` has no meaning.
///
/// # Errors
/// When a quote is not closed; one line.
pub fn split(line: &str) -> Result<Vec<String>, String> {
    todo!("{line}")
}

/// The commands of a line with pipes (`show log | match eth1 | count`), each as its words.
///
/// # Errors
/// When a quote is not closed, or nothing stands on a side of a pipe; one line.
pub fn pipeline(line: &str) -> Result<Vec<Vec<String>>, String> {
    todo!("{line}")
}

/// A line that is being typed, as far as the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The whole words before the one at the cursor, after the last pipe.
    pub words: Vec<String>,
    /// The word at the cursor so far, without its quotes; empty after a blank.
    pub prefix: String,
    /// Where that word begins in the line, in bytes: with its quote, if it has one.
    pub start: usize,
    /// Whether the cursor is within quotes, where `?` and `|` are characters like others.
    pub is_quoted: bool,
    /// How many pipes stand before.
    pub pipes: usize,
}

/// What of a line has been typed up to the cursor.
#[must_use]
pub fn typed(line: &str) -> Typed {
    todo!("{line}")
}

/// The word as it is typed: in quotes where it needs them.
#[must_use]
pub fn quote(word: &str) -> Cow<'_, str> {
    todo!("{word}")
}

/// Words as a line that [`split`] gives back.
#[must_use]
pub fn join<W: AsRef<str>>(words: &[W]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| quote(word.as_ref())).collect();
    quoted.join(" ")
}
