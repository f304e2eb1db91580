//! A candidate as `set` lines, and what differs between two.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Entry, Name, Place, Table};
use crate::diff::Change;
use crate::grammar::Node;
use crate::words::quote;

/// The words that lead to a place, as they are typed after `set`.
#[derive(Clone, Debug)]
pub(super) struct Prefix(String);

impl Prefix {
    pub(super) fn new(words: &[String]) -> Self {
        let root = Self("set".to_owned());
        words.iter().fold(root, |prefix, word| prefix.and(word))
    }

    fn and(&self, word: &str) -> Self {
        Self(format!("{} {}", self.0, quote(word)))
    }
}

impl Place<'_> {
    /// The lines of what stands here.
    pub(super) fn lines(&self, prefix: &Prefix, lines: &mut Vec<String>) {
        match self {
            Self::Table {
                nodes,
                table,
                has_line,
            } => {
                let before = lines.len();
                for (node, entry) in table.set(nodes) {
                    entry.place(node).lines(&prefix.and(node.word), lines);
                }
                // A name has a line of its own only where it has no other.
                if *has_line && lines.len() == before {
                    lines.push(prefix.0.clone());
                }
            }
            Self::Named(node, tables) => {
                for (name, table) in *tables {
                    Place::named(node, table).lines(&prefix.and(&name.text), lines);
                }
            }
            Self::Value(value) => lines.push(prefix.and(value).0),
            Self::List(elements) => {
                lines.extend(elements.iter().map(|element| prefix.and(element).0));
            }
        }
    }
}

/// What differs from the table `old` in the table `new`.
pub(super) fn changes(
    nodes: &'static [Node],
    old: &Table,
    new: &Table,
    prefix: &Prefix,
    found: &mut Vec<Change>,
) {
    let before: BTreeMap<_, _> = old
        .set(nodes)
        .map(|(node, entry)| (node.word, entry))
        .collect();
    let after: BTreeMap<_, _> = new
        .set(nodes)
        .map(|(node, entry)| (node.word, entry))
        .collect();
    for node in nodes {
        let prefix = prefix.and(node.word);
        match (before.get(node.word), after.get(node.word)) {
            (None, None) => {}
            (Some(old), None) => whole(old.place(node), &prefix, Change::Removed, found),
            (None, Some(new)) => whole(new.place(node), &prefix, Change::Added, found),
            (Some(old), Some(new)) => entry_changes(node, old, new, &prefix, found),
        }
    }
}

fn whole(place: Place<'_>, prefix: &Prefix, change: fn(String) -> Change, found: &mut Vec<Change>) {
    let mut lines = Vec::new();
    place.lines(prefix, &mut lines);
    found.extend(lines.into_iter().map(change));
}

fn entry_changes(
    node: &'static Node,
    old: &Entry,
    new: &Entry,
    prefix: &Prefix,
    found: &mut Vec<Change>,
) {
    match (old, new) {
        (Entry::Table(old), Entry::Table(new)) => changes(node.below(), old, new, prefix, found),
        (Entry::Named(old), Entry::Named(new)) => named_changes(node, old, new, prefix, found),
        (Entry::Value(old), Entry::Value(new)) if old == new => {}
        (Entry::List(old), Entry::List(new)) if is_edited(old, new) => {
            let gone = old.iter().filter(|element| !new.contains(element));
            found.extend(gone.map(|element| Change::Removed(prefix.and(element).0)));
            let come = new.iter().filter(|element| !old.contains(element));
            found.extend(come.map(|element| Change::Added(prefix.and(element).0)));
        }
        (
            Entry::Value(_) | Entry::List(_) | Entry::Table(_) | Entry::Named(_),
            Entry::Value(_) | Entry::List(_) | Entry::Table(_) | Entry::Named(_),
        ) => {
            whole(old.place(node), prefix, Change::Removed, found);
            whole(new.place(node), prefix, Change::Added, found);
        }
    }
}

/// Whether `new` is what deleting elements of `old` and setting others makes: those stand last.
fn is_edited(old: &[String], new: &[String]) -> bool {
    let kept = old.iter().filter(|element| new.contains(element));
    let come = new.iter().filter(|element| !old.contains(element));
    kept.chain(come).eq(new)
}

fn named_changes(
    node: &'static Node,
    old: &BTreeMap<Name, Table>,
    new: &BTreeMap<Name, Table>,
    prefix: &Prefix,
    found: &mut Vec<Change>,
) {
    let names: BTreeSet<&Name> = old.keys().chain(new.keys()).collect();
    for name in names {
        let prefix = prefix.and(&name.text);
        let mut all = |table, change| whole(Place::named(node, table), &prefix, change, found);
        match (old.get(name), new.get(name)) {
            (None, None) => {}
            (Some(table), None) => all(table, Change::Removed),
            (None, Some(table)) => all(table, Change::Added),
            (Some(old), Some(new)) => changes(node.below(), old, new, &prefix, found),
        }
    }
}
