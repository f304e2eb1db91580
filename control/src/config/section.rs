//! Walking one TOML table by hand, so that every fault in it is found, not only the first.

use std::cell::RefCell;

use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Origin, one_line};

/// What a value reader answers: the meaning, or what would have been legal.
pub(super) type Legal<T> = Result<T, String>;

/// One file being read: its text, and what has been found in it so far.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    text: &'t str,
    origin: RefCell<Origin>,
    faults: RefCell<Vec<Fault>>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(file: &str, text: &'t str) -> Self {
        Self {
            text,
            origin: RefCell::new(Origin::new(file)),
            faults: RefCell::default(),
        }
    }

    /// The origin of every key seen, and the faults.
    pub(super) fn finish(self) -> (Origin, Vec<Fault>) {
        (self.origin.into_inner(), self.faults.into_inner())
    }

    pub(super) fn line(&self, offset: usize) -> usize {
        let before = self
            .text
            .as_bytes()
            .get(..offset)
            .unwrap_or(self.text.as_bytes());
        1 + before.iter().filter(|byte| **byte == b'\n').count()
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
}

impl<'r, 't> Section<'r, 't> {
    /// The table at the top of the file; a key that is not one of `keys` is a fault.
    pub(super) fn root(reader: &'r Reader<'t>, table: &'r DeTable<'t>, keys: &[&str]) -> Self {
        Self::open(reader, String::new(), table, keys)
    }

    fn open(reader: &'r Reader<'t>, path: String, table: &'r DeTable<'t>, keys: &[&str]) -> Self {
        let section = Self {
            reader,
            path,
            table,
        };
        section.note_keys();
        for key in table.keys() {
            if !keys.contains(&key.get_ref().as_ref()) {
                let legal = unknown(key.get_ref(), keys);
                reader.fault(&section.path_of(key.get_ref()), None, legal);
            }
        }
        section
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
        let value = self.table.get(key)?;
        match read(value.get_ref()) {
            Ok(meaning) => Some(meaning),
            Err(legal) => {
                self.fault(key, legal);
                None
            }
        }
    }

    /// As [`Section::value`]; not to set `key` is a fault too.
    pub(super) fn required<T>(
        &self,
        key: &str,
        legal: &str,
        read: impl FnOnce(&DeValue<'t>) -> Legal<T>,
    ) -> Option<T> {
        if !self.has(key) {
            self.reader
                .fault(&self.path, None, format!("{key} is missing: {legal}"));
        }
        self.value(key, read)
    }

    /// The legal elements of the array `key`, in order; each illegal one is a fault of its own.
    pub(super) fn list<T>(&self, key: &str, read: impl Fn(&DeValue<'t>) -> Legal<T>) -> Vec<T> {
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
    pub(super) fn section(&self, key: &str, keys: &[&str]) -> Option<Section<'r, 't>> {
        match self.table.get(key)?.get_ref() {
            DeValue::Table(table) => {
                Some(Section::open(self.reader, self.path_of(key), table, keys))
            }
            _ => {
                self.fault(key, format!("a table: [{}]", self.path_of(key)));
                None
            }
        }
    }

    /// The named tables below `key` (`[bond.bond0]`, `[bond.bond1]`), by name.
    pub(super) fn named(&self, key: &str, keys: &[&str]) -> Vec<(String, Section<'r, 't>)> {
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
        };
        parent.note_keys();
        let names = tables.keys().map(|name| name.get_ref().to_string());
        names
            .filter_map(|name| Some((name.clone(), parent.section(&name, keys)?)))
            .collect()
    }

    /// The tables of the array `key` (`[[route]]`), in order.
    pub(super) fn array(&self, key: &str, keys: &[&str]) -> Vec<Section<'r, 't>> {
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
        let mut sections = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let path = format!("{}[{index}]", self.path_of(key));
            self.reader
                .origin
                .borrow_mut()
                .note(&path, self.reader.line(element.span().start));
            match element.get_ref() {
                DeValue::Table(table) => {
                    sections.push(Section::open(self.reader, path, table, keys));
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
