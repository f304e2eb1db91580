//! Walking one TOML table by hand, so that every fault in it is found, not only the first.

use std::cell::RefCell;

use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Origin, one_line};
use crate::grammar::{Kind, Node, configuration};

/// What a value reader answers: the meaning, or what would have been legal.
pub(super) type Legal<T> = Result<T, String>;

/// How much of a configuration a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// Some keys of one that is being edited: nothing is missing yet, and what another key would
    /// have to say of one is not asked.
    Part,
}

/// One file being read: its text, and what has been found in it so far.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    text: &'t str,
    extent: Extent,
    /// Where each line but the first begins.
    lines: Vec<usize>,
    origin: RefCell<Origin>,
    faults: RefCell<Vec<Fault>>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(file: &str, text: &'t str, extent: Extent) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            text,
            extent,
            lines: ends.map(|(end, _)| end + 1).collect(),
            origin: RefCell::new(Origin::new(file)),
            faults: RefCell::default(),
        }
    }

    /// The origin of every key seen, and the faults.
    pub(super) fn finish(self) -> (Origin, Vec<Fault>) {
        (self.origin.into_inner(), self.faults.into_inner())
    }

    pub(super) fn line(&self, offset: usize) -> usize {
        1 + self.lines.partition_point(|begin| *begin <= offset)
    }

    fn excerpt(&self, span: std::ops::Range<usize>) -> Option<String> {
        self.text.get(span).map(one_line)
    }

    fn fault(&self, path: &str, value: Option<String>, legal: impl Into<String>) {
        let fault = self.origin.borrow().fault(path, value, legal);
        self.faults.borrow_mut().push(fault);
    }
}

/// One table of the file, with the path that leads to it.
#[derive(Debug)]
pub(super) struct Section<'r, 't> {
    reader: &'r Reader<'t>,
    path: String,
    table: &'r DeTable<'t>,
    /// The keys that it may have.
    nodes: &'static [Node],
    /// One more: the key that names it.
    name: Option<&'static str>,
}

impl<'r, 't> Section<'r, 't> {
    /// The table at the top of the file; a key that the grammar does not have is a fault, here and
    /// below.
    pub(super) fn root(reader: &'r Reader<'t>, table: &'r DeTable<'t>) -> Self {
        let section = Self {
            reader,
            path: String::new(),
            table,
            nodes: configuration(),
            name: None,
        };
        section.opened()
    }

    /// The same, its keys noted and checked.
    fn opened(self) -> Self {
        self.note_keys();
        for key in self.table.keys() {
            if !self.knows(key.get_ref()) {
                let nodes = self.nodes.iter().map(|node| node.word);
                let mut known: Vec<&str> = nodes.chain(self.name).collect();
                known.sort_unstable();
                let legal = unknown(key.get_ref(), &known);
                let path = self.path_of(key.get_ref());
                self.reader.fault(&path, None, legal);
            }
        }
        self
    }

    fn knows(&self, key: &str) -> bool {
        self.name == Some(key) || self.nodes.iter().any(|node| node.word == key)
    }

    /// What the grammar has below `key`.
    fn below(&self, key: &str) -> &'static [Node] {
        let node = self.nodes.iter().find(|node| node.word == key);
        node.map_or(&[], Node::below)
    }

    /// Whether what is missing, or what two keys say together, can be judged.
    pub(super) fn is_whole(&self) -> bool {
        self.reader.extent == Extent::Whole
    }

    fn note_keys(&self) {
        let mut origin = self.reader.origin.borrow_mut();
        for key in self.table.keys() {
            origin.note(
                &self.path_of(key.get_ref()),
                self.reader.line(key.span().start),
            );
        }
    }

    fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Reports `key` of this table.
    pub(super) fn fault(&self, key: &str, legal: impl Into<String>) {
        let value = self
            .table
            .get(key)
            .and_then(|value| self.reader.excerpt(value.span()));
        self.reader.fault(&self.path_of(key), value, legal);
    }

    /// Reports this table as a whole.
    pub(super) fn fault_here(&self, legal: impl Into<String>) {
        self.reader.fault(&self.path, None, legal);
    }

    /// Whether the file sets `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value of `key`, if the file sets it and it is legal.
    pub(super) fn value<T>(
        &self,
        key: &str,
        read: impl FnOnce(&DeValue<'t>) -> Legal<T>,
    ) -> Option<T> {
        debug_assert!(self.knows(key), "{key} is in the grammar");
        let value = self.table.get(key)?;
        match read(value.get_ref()) {
            Ok(meaning) => Some(meaning),
            Err(legal) => {
                self.fault(key, legal);
                None
            }
        }
    }

    /// As [`Section::value`], of what no fault may repeat.
    pub(super) fn secret<T>(
        &self,
        key: &str,
        read: impl FnOnce(&DeValue<'t>) -> Legal<T>,
    ) -> Option<T> {
        debug_assert!(self.knows(key), "{key} is in the grammar");
        let read = read(self.table.get(key)?.get_ref());
        read.map_err(|legal| self.reader.fault(&self.path_of(key), None, legal))
            .ok()
    }

    /// As [`Section::value`]; not to set `key` is a fault too.
    pub(super) fn required<T>(
        &self,
        key: &str,
        legal: &str,
        read: impl FnOnce(&DeValue<'t>) -> Legal<T>,
    ) -> Option<T> {
        self.require(key, legal);
        self.value(key, read)
    }

    /// Not to set `key` is a fault.
    pub(super) fn require(&self, key: &str, legal: &str) {
        if self.is_whole() && !self.has(key) {
            self.fault_here(format!("{key} is missing: {legal}"));
        }
    }

    /// The legal elements of the array `key`, in order; each illegal one is a fault of its own.
    pub(super) fn list<T>(&self, key: &str, read: impl Fn(&DeValue<'t>) -> Legal<T>) -> Vec<T> {
        debug_assert!(self.knows(key), "{key} is in the grammar");
        let Some(value) = self.table.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(elements) = value.get_ref() else {
            self.fault(key, "an array: [\"…\", \"…\"]");
            return Vec::new();
        };
        let path = self.path_of(key);
        let mut legal = Vec::new();
        for element in elements.iter() {
            let excerpt = self.reader.excerpt(element.span());
            let line = self.reader.line(element.span().start);
            self.reader
                .origin
                .borrow_mut()
                .note_element(&path, excerpt.as_deref(), line);
            match read(element.get_ref()) {
                Ok(meaning) => legal.push(meaning),
                Err(what) => self.reader.fault(&path, excerpt, what),
            }
        }
        legal
    }

    /// The table `key`, if the file has it.
    pub(super) fn section(&self, key: &str) -> Option<Section<'r, 't>> {
        debug_assert!(self.knows(key), "{key} is in the grammar");
        self.section_of(key, self.below(key))
    }

    fn section_of(&self, key: &str, nodes: &'static [Node]) -> Option<Section<'r, 't>> {
        match self.table.get(key)?.get_ref() {
            DeValue::Table(table) => {
                let section = Section {
                    reader: self.reader,
                    path: self.path_of(key),
                    table,
                    nodes,
                    name: None,
                };
                Some(section.opened())
            }
            _ => {
                self.fault(key, format!("a table: [{}]", self.path_of(key)));
                None
            }
        }
    }

    /// The named tables below `key` (`[bond.bond0]`, `[bond.bond1]`), by name.
    pub(super) fn named(&self, key: &str) -> Vec<(String, Section<'r, 't>)> {
        debug_assert!(self.knows(key), "{key} is in the grammar");
        let Some(value) = self.table.get(key) else {
            return Vec::new();
        };
        let DeValue::Table(tables) = value.get_ref() else {
            self.fault(key, format!("named tables: [{}.NAME]", self.path_of(key)));
            return Vec::new();
        };
        let parent = Section {
            reader: self.reader,
            path: self.path_of(key),
            table: tables,
            nodes: &[],
            name: None,
        };
        let nodes = self.below(key);
        parent.note_keys();
        let names = tables.keys().map(|name| name.get_ref().to_string());
        names
            .filter_map(|name| Some((name.clone(), parent.section_of(&name, nodes)?)))
            .collect()
    }

    /// The key that names the tables of the array `key`.
    fn name_key(&self, key: &str) -> Option<&'static str> {
        let node = self.nodes.iter().find(|node| node.word == key)?;
        match node.kind {
            Kind::Named { key, .. } => key,
            Kind::Words(_) | Kind::Value(_) | Kind::List(_) | Kind::Place(_) => None,
        }
    }

    /// The tables of the array `key` (`[[route]]`), in order.
    pub(super) fn array(&self, key: &str) -> Vec<Section<'r, 't>> {
        debug_assert!(self.knows(key), "{key} is in the grammar");
        let Some(value) = self.table.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(elements) = value.get_ref() else {
            self.fault(
                key,
                format!("an array of tables: [[{}]]", self.path_of(key)),
            );
            return Vec::new();
        };
        let name = self.name_key(key);
        let mut sections = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let path = format!("{}[{index}]", self.path_of(key));
            self.reader
                .origin
                .borrow_mut()
                .note(&path, self.reader.line(element.span().start));
            match element.get_ref() {
                DeValue::Table(table) => {
                    let section = Section {
                        reader: self.reader,
                        path,
                        table,
                        nodes: self.below(key),
                        name,
                    };
                    sections.push(section.opened());
                }
                _ => self.reader.fault(
                    &path,
                    self.reader.excerpt(element.span()),
                    format!("a table: [[{}]]", self.path_of(key)),
                ),
            }
        }
        sections
    }
}

/// `path.key`, the key quoted where TOML wants it quoted.
pub(super) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let key = if bare {
        key.to_owned()
    } else {
        format!("{key:?}")
    };
    if path.is_empty() {
        key
    } else {
        format!("{path}.{key}")
    }
}

/// What to say about a key that does not exist: the nearest one that does, or all of them.
fn unknown(key: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|candidate| (distance(key, candidate), *candidate))
        .min();
    match nearest {
        Some((steps, candidate)) if steps * 3 <= candidate.len().max(3) => {
            format!("unknown key; did you mean {candidate}?")
        }
        _ => format!("unknown key; known here: {}", known.join(", ")),
    }
}

/// How many characters to insert, remove or replace to make `a` into `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cb, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let replace = diagonal + usize::from(ca != *cb);
            diagonal = *cell;
            left = replace.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_suggested() {
        assert_eq!(
            unknown("memebrs", &["mode", "members"]),
            "unknown key; did you mean members?"
        );
    }

    #[test]
    fn a_far_miss_lists_what_is_known() {
        assert_eq!(
            unknown("colour", &["mode", "members"]),
            "unknown key; known here: mode, members"
        );
    }

    #[test]
    fn distance_counts_edits() {
        for (a, b, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("abc", "abc", 0),
        ] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }

    #[test]
    fn only_a_key_with_other_characters_is_quoted() {
        assert_eq!(join("bond", "bond0"), "bond.bond0");
        assert_eq!(join("real", "10.0.0.1:80"), "real.\"10.0.0.1:80\"");
        assert_eq!(join("", "lvs"), "lvs");
    }
}
