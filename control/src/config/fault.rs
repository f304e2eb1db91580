//! What is wrong with a configuration: one fault, one line.

use std::collections::BTreeMap;
use std::fmt;

/// One thing that is wrong in a configuration file.
///
/// Its text is one line: `file:line: key = value: what would be legal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as the operator named it.
    pub file: String,
    /// The line in it, from 1; none when the file as a whole is at fault.
    pub line: Option<usize>,
    /// The path of the key (`bond.bond0.mode`); empty when no key is at fault.
    pub key: String,
    /// The value as written, on one line; none when the key itself is at fault.
    pub value: Option<String>,
    /// What would be legal there.
    pub legal: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        f.write_str(": ")?;
        match (self.key.as_str(), &self.value) {
            ("", None) => {}
            ("", Some(value)) => write!(f, "{value}: ")?,
            (key, None) => write!(f, "{key}: ")?,
            (key, Some(value)) => write!(f, "{key} = {value}: ")?,
        }
        f.write_str(&self.legal)
    }
}

impl std::error::Error for Fault {}

/// Room for a value in a fault's line; longer ones are cut.
const VALUE_CHARS: usize = 60;

/// A piece of the file as one short line.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    let line = words.join(" ");
    match line.char_indices().nth(VALUE_CHARS) {
        Some((end, _)) => line.get(..end).unwrap_or_default().to_owned() + "…",
        None => line,
    }
}

/// Where each key of a configuration stood in its file, for faults that show only later
/// (a NIC that is missing) or only between two tables (a member in two bonds).
#[derive(Clone, Debug, Default)]
pub struct Origin {
    file: String,
    lines: BTreeMap<String, usize>,
    elements: BTreeMap<(String, String), usize>,
}

impl Origin {
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn note(&mut self, key: &str, line: usize) {
        self.lines.entry(key.to_owned()).or_insert(line);
    }

    /// One element of the array `key`, as written.
    pub(super) fn note_element(&mut self, key: &str, element: Option<&str>, line: usize) {
        if let Some(element) = element {
            // The last one of two that are equal: it is the one that is too many.
            self.elements
                .insert((key.to_owned(), element.to_owned()), line);
        }
    }

    /// The line where `key` stands, if it does.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        self.lines.get(key).copied()
    }

    /// The fault that `key` holds `value` (as written, so with quotes around a text) where only
    /// what `legal` says would do. When `key` is an array, `value` is its faulty element.
    #[must_use]
    pub fn fault(&self, key: &str, value: Option<String>, legal: impl Into<String>) -> Fault {
        let element = value.clone().map(|value| (key.to_owned(), value));
        let line = element.and_then(|element| self.elements.get(&element));
        Fault {
            file: self.file.clone(),
            line: line.or_else(|| self.lines.get(key)).copied(),
            key: key.to_owned(),
            value,
            legal: legal.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_line_even_when_the_value_was_three() {
        let value = one_line("\"a\n  b\r\n\tc\"");
        assert_eq!(value, "\"a b c\"");
        let fault = Origin::new("x.toml").fault("a.b", Some(value), "one word");
        assert_eq!(fault.to_string(), "x.toml: a.b = \"a b c\": one word");
    }

    #[test]
    fn a_long_value_is_cut_and_a_short_one_is_not() {
        assert_eq!(one_line(&"ä".repeat(60)), "ä".repeat(60));
        assert_eq!(one_line(&"ä".repeat(61)), "ä".repeat(60) + "…");
    }
}
