//! A candidate from TOML, and as TOML, whole or not.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::tree::{Entry, Name, Table, put_in_order, spelt, stands_alone};
use crate::grammar::{Kind, Node, Value};

/// What `table`, whose keys are legal, sets of the words `nodes`.
pub(super) fn read(nodes: &'static [Node], table: &DeTable<'_>) -> Table {
    let mut read = Table::default();
    for (place, node) in nodes.iter().enumerate() {
        let entry = table.get(node.word).map(|value| value.get_ref());
        let entry = entry.and_then(|value| read_entry(node, value));
        read.entries.extend(entry.map(|entry| (place, entry)));
    }
    read
}

fn read_entry(node: &'static Node, value: &DeValue<'_>) -> Option<Entry> {
    match (node.kind, value) {
        (Kind::Value(kind), value) => Some(Entry::Value(word(kind, value)?)),
        (Kind::List(kind), DeValue::Array(elements)) => {
            let words = elements.iter().map(|element| word(kind, element.get_ref()));
            let mut words: Vec<String> = words.collect::<Option<_>>()?;
            put_in_order(kind, &mut words);
            (!words.is_empty()).then_some(Entry::List(words))
        }
        (Kind::Words(_), DeValue::Table(table)) => {
            let table = read(node.below(), table);
            (!table.entries.is_empty()).then_some(Entry::Table(table))
        }
        (Kind::Named { name, .. }, value) => {
            let mut tables: BTreeMap<Name, Table> = match (node.kind, value) {
                (Kind::Named { key: Some(key), .. }, DeValue::Array(tables)) => tables
                    .iter()
                    .filter_map(|table| {
                        let table = table.get_ref().as_table()?;
                        let text = table.get(key)?.get_ref().as_str()?;
                        Some((Name::new(name, text), read(node.below(), table)))
                    })
                    .collect(),
                (_, DeValue::Table(tables)) => tables
                    .iter()
                    .filter_map(|(text, table)| {
                        let table = read(node.below(), table.get_ref().as_table()?);
                        Some((Name::new(name, text.get_ref()), table))
                    })
                    .collect(),
                _ => BTreeMap::new(),
            };
            tables.retain(|_, table| stands_alone(node) || !table.entries.is_empty());
            (!tables.is_empty()).then_some(Entry::Named(tables))
        }
        (Kind::List(_) | Kind::Words(_) | Kind::Place(_), _) => None,
    }
}

/// A value of TOML as it is typed.
fn word(kind: Value, value: &DeValue<'_>) -> Option<String> {
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()?
            .to_string(),
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Boolean(on) => on.to_string(),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => return None,
    };
    Some(spelt(kind, &text))
}

/// A table as TOML.
pub(super) fn write(nodes: &'static [Node], table: &Table) -> String {
    let mut text = String::new();
    write_below(nodes, table, "", &mut text);
    text
}

fn write_below(nodes: &'static [Node], table: &Table, path: &str, text: &mut String) {
    for (node, entry) in table.set(nodes) {
        let path = format!("{path}{}", node.word);
        match entry {
            Entry::Value(_) | Entry::List(_) => {}
            Entry::Table(table) => write_table(node, table, &path, text),
            Entry::Named(tables) => {
                for (name, table) in tables {
                    write_named(node, name, table, &path, text);
                }
            }
        }
    }
}

/// A table that says nothing when it is empty.
fn write_table(node: &Node, table: &Table, path: &str, text: &mut String) {
    let before = text.len();
    header(&format!("[{path}]"), text);
    let headed = text.len();
    write_keys(node.below(), table, text);
    if text.len() == headed {
        text.truncate(before);
    }
    write_below(node.below(), table, &format!("{path}."), text);
}

fn write_named(node: &Node, name: &Name, table: &Table, path: &str, text: &mut String) {
    let path = if let Kind::Named { key: Some(key), .. } = node.kind {
        header(&format!("[[{path}]]"), text);
        *text += &format!("{key} = {}\n", quoted(&name.text));
        path.to_owned()
    } else {
        let path = format!("{path}.{}", quoted(&name.text));
        if !stands_alone(node) {
            return write_table(node, table, &path, text);
        }
        header(&format!("[{path}]"), text);
        path
    };
    write_keys(node.below(), table, text);
    write_below(node.below(), table, &format!("{path}."), text);
}

fn header(header: &str, text: &mut String) {
    let gap = if text.is_empty() { "" } else { "\n" };
    *text += &format!("{gap}{header}\n");
}

fn write_keys(nodes: &'static [Node], table: &Table, text: &mut String) {
    for (node, entry) in table.set(nodes) {
        match (node.kind, entry) {
            (Kind::Value(kind), Entry::Value(value)) => {
                *text += &format!("{} = {}\n", node.word, literal(kind, value));
            }
            (Kind::List(kind), Entry::List(elements)) => {
                let elements = elements.iter().map(|element| literal(kind, element));
                let elements: Vec<String> = elements.collect();
                *text += &format!("{} = [{}]\n", node.word, elements.join(", "));
            }
            (
                Kind::Words(_)
                | Kind::Value(_)
                | Kind::List(_)
                | Kind::Named { .. }
                | Kind::Place(_),
                Entry::Value(_) | Entry::List(_) | Entry::Table(_) | Entry::Named(_),
            ) => {}
        }
    }
}

/// A value as TOML has it; one that is not of its kind is a text, which the reader refuses.
fn literal(kind: Value, text: &str) -> String {
    if kind.is_bare() && kind.spell(text).is_some() {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &format!("\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
