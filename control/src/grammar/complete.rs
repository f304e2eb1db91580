//! What may stand next in a line: for `?` and for the Tab key.

use super::node::{Node, Purpose};
use super::value::Value;
use super::walk::{Expect, Walk};

/// What stands in a line may name things that only the session knows.
pub trait Names {
    /// The names, or the elements of the list, that the configuration has at `path`
    /// (`["bond"]`, `["service", "web", "real"]`, `["bond", "bond0", "members"]`), in order.
    fn at(&self, path: &[&str]) -> Vec<String>;

    /// The NICs of this box.
    fn interfaces(&self) -> Vec<String>;
}

/// No names at all.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Names for Nothing {
    fn at(&self, _path: &[&str]) -> Vec<String> {
        Vec::new()
    }

    fn interfaces(&self) -> Vec<String> {
        Vec::new()
    }
}

/// One thing that may stand next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The word; of [`Offer::Value`] what stands for it, such as `68..9000`; `<Enter>`.
    pub text: String,
    /// What it means; may be empty.
    pub help: &'static str,
    /// Whether it can be typed as it is.
    pub offer: Offer,
}

/// What kind of thing may stand next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// A word of the grammar; the Tab key may type it.
    Keyword,
    /// A name or an element that is there; the Tab key may type it (quoted, if it needs quotes:
    /// [`crate::words::quote`]).
    Name,
    /// A value of the operator's own: only for `?`.
    Value,
    /// The line may end here: only for `?`.
    Enter,
}

/// What may stand after `words`, of which any may be shortened, that begins with `prefix`; in the
/// grammar's order. Nothing when the words have no meaning. [`Offer::Value`] and [`Offer::Enter`]
/// come last, the latter only with an empty `prefix`.
#[must_use]
pub fn complete(
    root: &'static [Node],
    words: &[&str],
    prefix: &str,
    names: &dyn Names,
) -> Vec<Completion> {
    let mut walk = Walk::new(root);
    if words.iter().any(|word| walk.step(word).is_err()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut place = Some(walk.clone());
    while let Some(walk) = place {
        offers(&walk, prefix, names, &mut found);
        place = walk.outer();
    }
    found.sort_by_key(|completion| completion.offer == Offer::Value);
    if prefix.is_empty() && walk.ends() {
        found.push(Completion {
            text: "<Enter>".to_owned(),
            help: "End of the line",
            offer: Offer::Enter,
        });
    }
    found
}

fn offers(walk: &Walk, prefix: &str, names: &dyn Names, found: &mut Vec<Completion>) {
    match &walk.expect {
        Expect::Word { .. } | Expect::Option { .. } => {
            let nodes = walk.nodes().into_iter();
            let fits = nodes.filter(|node| node.word.starts_with(prefix));
            found.extend(fits.map(|node| Completion {
                text: node.word.to_owned(),
                help: node.help,
                offer: Offer::Keyword,
            }));
        }
        Expect::Name { node, name, .. } if walk.purpose.is_none() => {
            values(node, *name, &[], prefix, names, found);
        }
        Expect::Name { node, name, .. } => {
            let there = there(walk, names);
            let others = match walk.purpose {
                None | Some(Purpose::Set | Purpose::Edit) => suggested(*name, &there, names),
                Some(Purpose::Delete | Purpose::Show) => Vec::new(),
            };
            found.extend(named(there.into_iter().chain(others), prefix));
            found.push(value(node, *name));
        }
        Expect::Value { node, value } => values(node, *value, &[], prefix, names, found),
        Expect::Element {
            node, value, taken, ..
        } => {
            let mut there = there(walk, names);
            if walk.purpose == Some(Purpose::Delete) {
                there.retain(|name| !taken.contains(name));
                found.extend(named(there, prefix));
            } else {
                there.extend_from_slice(taken);
                values(node, *value, &there, prefix, names, found);
            }
        }
        Expect::End => {}
    }
}

/// What the configuration has at the place of the line.
fn there(walk: &Walk, names: &dyn Names) -> Vec<String> {
    if walk.purpose.is_none() {
        return Vec::new();
    }
    let path: Vec<&str> = walk.path.iter().map(String::as_str).collect();
    names.at(&path)
}

/// What a value may be that is known by name, without what is `there`.
fn suggested(value: Value, there: &[String], names: &dyn Names) -> Vec<String> {
    let mut known = match value {
        Value::Interface => names.interfaces(),
        Value::Reference(path) => names.at(path),
        Value::Choice(_)
        | Value::Switch
        | Value::Integer(..)
        | Value::Seconds(..)
        | Value::Name
        | Value::Address
        | Value::Prefix
        | Value::Network
        | Value::Endpoint
        | Value::Mac
        | Value::Host
        | Value::Statuses
        | Value::Hex
        | Value::Text(_) => Vec::new(),
    };
    known.retain(|name| !there.contains(name));
    known
}

fn named(
    names: impl IntoIterator<Item = String>,
    prefix: &str,
) -> impl Iterator<Item = Completion> {
    let names = names
        .into_iter()
        .filter(move |name| name.starts_with(prefix));
    names.map(|text| Completion {
        text,
        help: "",
        offer: Offer::Name,
    })
}

/// The words or names that a value may be, and what stands for any other.
fn values(
    node: &Node,
    kind: Value,
    there: &[String],
    prefix: &str,
    names: &dyn Names,
    found: &mut Vec<Completion>,
) {
    let closed = kind.closed();
    let words = closed.iter().filter(|(word, _)| word.starts_with(prefix));
    found.extend(words.map(|(word, help)| Completion {
        text: (*word).to_owned(),
        help,
        offer: Offer::Keyword,
    }));
    found.extend(named(suggested(kind, there, names), prefix));
    if closed.is_empty() {
        found.push(value(node, kind));
    }
}

fn value(node: &Node, value: Value) -> Completion {
    Completion {
        text: value.form(),
        help: node.help,
        offer: Offer::Value,
    }
}
