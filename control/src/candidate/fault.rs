//! A fault of the TOML, told in the words of `set` lines.

use std::fmt;

use super::tree::{Place, Table};
use crate::config;
use crate::grammar::configuration;
use crate::words::join;

/// One thing that is wrong with a candidate. Its text is one line:
/// `bond bond0 primary eth9: a member of the bond: eth1 | eth2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place, as words after `set`; empty when no place is at fault.
    pub words: Vec<String>,
    /// The value there, a long one cut; none when the key itself is at fault, the list as a whole,
    /// or what no line may repeat.
    pub value: Option<String>,
    /// What would be legal there.
    pub legal: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&String> = self.words.iter().chain(&self.value).collect();
        let separator = if words.is_empty() { "" } else { ": " };
        write!(f, "{}{separator}{}", join(&words), self.legal)
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// What `fault` says of the text of `table`.
    pub(super) fn of(table: &Table, fault: config::Fault) -> Self {
        Self {
            words: words(table, &fault.key),
            value: fault.value.as_deref().and_then(value),
            legal: fault.legal,
        }
    }
}

/// The value as it was typed, of what stands in the text; none for a whole list.
fn value(literal: &str) -> Option<String> {
    if literal.starts_with('[') {
        return None;
    }
    let Some(text) = literal.strip_prefix('"') else {
        return Some(literal.to_owned());
    };
    Some(unescaped(text.strip_suffix('"').unwrap_or(text)))
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' {
            chars.next_if(|next| matches!(next, '"' | '\\'))
        } else {
            None
        };
        plain.push(escaped.unwrap_or(c));
    }
    plain
}

/// The words of a path: its keys, the name of an element of an array in place of its number.
fn words(table: &Table, path: &str) -> Vec<String> {
    let mut words = Vec::new();
    for key in keys(path) {
        let Some((key, number)) = element(&key) else {
            words.push(key);
            continue;
        };
        words.push(key.to_owned());
        let place: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Some((Place::Named(_, tables), _)) = table.find(configuration(), &place) {
            words.extend(tables.keys().nth(number).map(|name| name.text.clone()));
        }
    }
    words
}

/// `route[3]` as a key and a number.
fn element(key: &str) -> Option<(&str, usize)> {
    let (key, number) = key.strip_suffix(']')?.split_once('[')?;
    Some((key, number.parse().ok()?))
}

/// The keys of a path, which are apart by points and in quotes where they have others.
fn keys(path: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = match rest.strip_prefix('"') {
            Some(inner) => closing_quote(inner).map_or(rest.len(), |end| end + 2),
            None => rest.find('.').unwrap_or(rest.len()),
        };
        let (key, after) = rest.split_at(end);
        let inner = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
        keys.push(inner.map_or_else(|| key.to_owned(), unescaped));
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    keys
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(place, c)| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end.then_some(place)
    })
}
