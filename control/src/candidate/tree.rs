//! What a candidate holds: for each word of the grammar what has been set there, as it is typed.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::grammar::{Follow, Kind, Node, Value};

/// A table: what is set of its words, by their place in the grammar.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) entries: BTreeMap<usize, Entry>,
}

/// What is set of one word.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Value(String),
    List(Vec<String>),
    Table(Table),
    Named(BTreeMap<Name, Table>),
}

/// A name in its one spelling, ordered as the canonical form has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    rank: Rank,
    pub(super) text: String,
}

/// By what a name is ordered before its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Number(i64),
    Network(IpAddr, u8),
    Endpoint(SocketAddr),
    Text,
}

impl Name {
    pub(super) fn new(kind: Value, text: &str) -> Self {
        let text = spelt(kind, text);
        let rank = match kind {
            Value::Integer(..) => text.parse().ok().map(Rank::Number),
            Value::Endpoint => text.parse().ok().map(Rank::Endpoint),
            Value::Network => {
                let (ip, bits) = text.split_once('/').unwrap_or((&text, ""));
                let ip = ip.parse().ok();
                ip.zip(bits.parse().ok())
                    .map(|(ip, bits)| Rank::Network(ip, bits))
            }
            Value::Choice(_)
            | Value::Switch
            | Value::Seconds(..)
            | Value::Name
            | Value::Interface
            | Value::Reference(_)
            | Value::Address
            | Value::Prefix
            | Value::Mac
            | Value::Host
            | Value::Statuses
            | Value::Hex
            | Value::Text(_) => None,
        };
        Self {
            rank: rank.unwrap_or(Rank::Text),
            text,
        }
    }
}

/// The one spelling of a value; as it was typed where it has none, for the reader to refuse.
pub(super) fn spelt(kind: Value, text: &str) -> String {
    kind.spell(text).unwrap_or_else(|| text.to_owned())
}

/// Brings a list in the order of the canonical form, where the operator's own has no meaning.
pub(super) fn put_in_order(kind: Value, elements: &mut [String]) {
    if let Value::Statuses = kind {
        elements.sort_unstable(); // three digits first
    }
}

/// What a candidate has at a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'t> {
    Table {
        nodes: &'static [Node],
        table: &'t Table,
        /// Whether it says something even when it is empty.
        has_line: bool,
    },
    Named(&'static Node, &'t BTreeMap<Name, Table>),
    Value(&'t str),
    List(&'t [String]),
}

impl Table {
    /// What stands at the place `words`, and these words in their one spelling.
    pub(super) fn find<'t>(
        &'t self,
        nodes: &'static [Node],
        words: &[&str],
    ) -> Option<(Place<'t>, Vec<String>)> {
        let mut place = Place::table(nodes, self);
        let mut spelt = Vec::new();
        for word in words {
            let (next, word) = place.below(word)?;
            place = next;
            spelt.push(word);
        }
        Some((place, spelt))
    }

    /// What is set of the words `nodes`, in their order; what is at its default is not.
    pub(super) fn set<'t>(
        &'t self,
        nodes: &'static [Node],
    ) -> impl Iterator<Item = (&'static Node, &'t Entry)> {
        let entries = self.entries.iter();
        entries.filter_map(|(place, entry)| {
            let node = nodes.get(*place)?;
            (!entry.is_default(node)).then_some((node, entry))
        })
    }

    /// What is set of one word, also when that is its default.
    pub(super) fn get(
        &self,
        nodes: &'static [Node],
        word: &str,
    ) -> Option<(&'static Node, &Entry)> {
        let place = nodes.iter().position(|node| node.word == word)?;
        Some((nodes.get(place)?, self.entries.get(&place)?))
    }
}

impl Entry {
    fn is_default(&self, node: &Node) -> bool {
        match self {
            Self::Value(value) => node.default == Some(value),
            Self::List(elements) => match elements.as_slice() {
                [one] => node.default == Some(one),
                _ => elements.is_empty(),
            },
            Self::Table(_) | Self::Named(_) => false,
        }
    }

    pub(super) fn place(&self, node: &'static Node) -> Place<'_> {
        match self {
            Self::Value(value) => Place::Value(value),
            Self::List(elements) => Place::List(elements),
            Self::Table(table) => Place::table(node.below(), table),
            Self::Named(tables) => Place::Named(node, tables),
        }
    }
}

impl<'t> Place<'t> {
    fn table(nodes: &'static [Node], table: &'t Table) -> Self {
        Self::Table {
            nodes,
            table,
            has_line: false,
        }
    }

    /// The table of a name of `node`.
    pub(super) fn named(node: &'static Node, table: &'t Table) -> Self {
        Self::Table {
            nodes: node.below(),
            table,
            has_line: stands_alone(node),
        }
    }

    /// What stands one word further, and the word in its one spelling.
    fn below(self, word: &str) -> Option<(Self, String)> {
        match self {
            Self::Table { nodes, table, .. } => {
                let (node, entry) = table.get(nodes, word)?;
                Some((entry.place(node), word.to_owned()))
            }
            Self::Named(node, tables) => {
                let name = Name::new(name_of(node)?, word);
                let table = tables.get(&name)?;
                Some((Place::named(node, table), name.text))
            }
            Self::Value(..) | Self::List(..) => None,
        }
    }
}

/// Whether a name of this node says something even when nothing is set below it.
pub(super) fn stands_alone(node: &Node) -> bool {
    match node.kind {
        Kind::Named { follow, .. } => match follow {
            Follow::One(_) | Follow::Then(_) => false,
            Follow::Nothing | Follow::Maybe(_) | Follow::Any(_) => true,
        },
        Kind::Words(_) | Kind::Value(_) | Kind::List(_) | Kind::Place(_) => false,
    }
}

/// What the names of a named table are.
pub(super) fn name_of(node: &Node) -> Option<Value> {
    match node.kind {
        Kind::Named { name, .. } => Some(name),
        Kind::Words(_) | Kind::Value(_) | Kind::List(_) | Kind::Place(_) => None,
    }
}
