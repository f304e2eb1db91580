//! `set` and `delete`, word by word down the tree.

use std::collections::BTreeMap;

use super::tree::{Entry, Name, Table, put_in_order, spelt, stands_alone};
use crate::grammar::{Kind, Node};
use crate::words::join;

/// Names that an error lists at most.
const LISTED: usize = 8;

impl Table {
    /// Sets what `words`, which have a meaning below `nodes`, say.
    pub(super) fn insert(&mut self, nodes: &'static [Node], words: &[&str]) {
        let Some((word, rest)) = words.split_first() else {
            return;
        };
        let Some(place) = nodes.iter().position(|node| node.word == *word) else {
            return;
        };
        let Some(node) = nodes.get(place) else { return };
        match node.kind {
            Kind::Value(kind) => {
                if let Some(value) = rest.first() {
                    let value = Entry::Value(spelt(kind, value));
                    self.entries.insert(place, value);
                }
            }
            Kind::List(kind) => {
                let entry = self.entries.entry(place);
                let entry = entry.or_insert_with(|| Entry::List(Vec::new()));
                if let Entry::List(elements) = entry {
                    for element in rest.iter().map(|element| spelt(kind, element)) {
                        if !elements.contains(&element) {
                            elements.push(element);
                        }
                    }
                    put_in_order(kind, elements);
                }
            }
            Kind::Words(_) => {
                let entry = self.entries.entry(place);
                let entry = entry.or_insert_with(|| Entry::Table(Table::default()));
                if let Entry::Table(table) = entry {
                    table.insert(node.below(), rest);
                }
            }
            Kind::Named { name, .. } => {
                let entry = self.entries.entry(place);
                let entry = entry.or_insert_with(|| Entry::Named(BTreeMap::new()));
                if let (Entry::Named(tables), Some((text, rest))) = (entry, rest.split_first()) {
                    let table = tables.entry(Name::new(name, text)).or_default();
                    table.insert(node.below(), rest);
                }
            }
            Kind::Place(_) => {}
        }
    }

    /// Removes what stands at `words`, of which those from `from` on lead there from this table; what is
    /// empty then, but for a name, goes too.
    ///
    /// # Errors
    /// When there is nothing.
    pub(super) fn remove(
        &mut self,
        nodes: &'static [Node],
        words: &[&str],
        from: usize,
    ) -> Result<(), String> {
        let Some((word, rest)) = words.get(from..).and_then(<[_]>::split_first) else {
            return Ok(());
        };
        let told = || join(words.get(..=from).unwrap_or(words));
        let place = nodes.iter().position(|node| node.word == *word);
        let entry =
            place.and_then(|place| Some((place, nodes.get(place)?, self.entries.get_mut(&place)?)));
        let Some((place, node, entry)) = entry else {
            return Err(format!("{}: not set", told()));
        };
        let is_empty = match entry {
            _ if rest.is_empty() => true,
            Entry::Value(_) => false,
            Entry::List(elements) => {
                remove_elements(elements, node, rest, &told())?;
                elements.is_empty()
            }
            Entry::Table(table) => {
                table.remove(node.below(), words, from + 1)?;
                table.entries.is_empty()
            }
            Entry::Named(tables) => {
                remove_named(tables, node, words, from + 1)?;
                tables.is_empty()
            }
        };
        if is_empty {
            self.entries.remove(&place);
        }
        Ok(())
    }
}

fn remove_elements(
    elements: &mut Vec<String>,
    node: &Node,
    gone: &[&str],
    told: &str,
) -> Result<(), String> {
    let Kind::List(kind) = node.kind else {
        return Ok(());
    };
    let gone: Vec<String> = gone.iter().map(|element| spelt(kind, element)).collect();
    if let Some(missing) = gone.iter().find(|element| !elements.contains(element)) {
        let missing = join(&[missing]);
        let listed = listed(elements.iter().map(String::as_str));
        return Err(format!("{told} {missing}: not in the list: {listed}"));
    }
    elements.retain(|element| !gone.contains(element));
    Ok(())
}

fn remove_named(
    tables: &mut BTreeMap<Name, Table>,
    node: &Node,
    words: &[&str],
    at: usize,
) -> Result<(), String> {
    let (Some(kind), Some(text)) = (super::tree::name_of(node), words.get(at)) else {
        return Ok(());
    };
    let name = Name::new(kind, text);
    let Some(table) = tables.get_mut(&name) else {
        let told = join(words.get(..=at).unwrap_or(words));
        let listed = listed(tables.keys().map(|name| name.text.as_str()));
        return Err(format!("{told}: not there; there is {listed}"));
    };
    if words.len() == at + 1 {
        tables.remove(&name);
        Ok(())
    } else {
        table.remove(node.below(), words, at + 1)?;
        if table.entries.is_empty() && !stands_alone(node) {
            tables.remove(&name);
        }
        Ok(())
    }
}

/// Names as an error lists them.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut names = names.map(|name| join(&[name]));
    let mut listed: Vec<String> = names.by_ref().take(LISTED).collect();
    match names.count() {
        0 => {}
        more => listed.push(format!("{more} more")),
    }
    listed.join(" | ")
}
