//! One word and what may follow it.

use super::value::Value;

/// The most characters that the help of a word has: with the word it fits a line of 80.
pub const HELP_CHARS: usize = 50;

/// A word that may be typed, with what may follow it.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The word.
    pub word: &'static str,
    /// What it is for: at most [`HELP_CHARS`] characters, no full stop.
    pub help: &'static str,
    /// What follows.
    pub kind: Kind,
    /// In a configuration: whether the table that it is in has to have it.
    pub required: bool,
    /// In a configuration: the value that need not be said, as it is typed.
    pub default: Option<&'static str>,
}

/// What follows a word.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Other words. In a configuration: a table.
    Words(Follow),
    /// One value.
    Value(Value),
    /// One value or several. In a configuration: a list.
    List(Value),
    /// A name, and then other words. In a configuration: named tables; where a word has to follow, a
    /// name alone says nothing.
    Named {
        /// What the name is.
        name: Value,
        /// Whether it may be left out, with all that would follow it.
        is_optional: bool,
        /// The key that holds the name where the tables are an array (`[[route]]`).
        key: Option<&'static str>,
        /// What follows the name.
        follow: Follow,
    },
    /// A place in the configuration.
    Place(Purpose),
}

/// The words that may follow a word or a name.
#[derive(Clone, Copy, Debug)]
pub enum Follow {
    /// None: the line ends, or goes on with what may follow a word before.
    Nothing,
    /// One of these.
    One(&'static [Node]),
    /// One of these, or none.
    Maybe(&'static [Node]),
    /// Any of these in any order, each once at most: options.
    Any(&'static [Node]),
    /// What follows the word of this one, without the word: the next of several names in a row.
    Then(&'static Node),
}

impl Follow {
    /// The words.
    #[must_use]
    pub const fn nodes(self) -> &'static [Node] {
        match self {
            Self::Nothing => &[],
            Self::One(nodes) | Self::Maybe(nodes) | Self::Any(nodes) => nodes,
            Self::Then(node) => node.below(),
        }
    }
}

/// What a place in the configuration is wanted for, and so where the line may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A key with its value, or a name: `set service web scheduler rr`.
    Set,
    /// A table, a key, a name, or elements of a list: `delete bond bond0 members eth2`.
    Delete,
    /// Any table, name or key, or nothing at all: `show service`.
    Show,
    /// A table or a name, never a key: `edit service web`.
    Edit,
}

impl Node {
    const fn new(word: &'static str, help: &'static str, kind: Kind) -> Self {
        Self {
            word,
            help,
            kind,
            required: false,
            default: None,
        }
    }

    /// A word after which nothing follows.
    #[must_use]
    pub const fn plain(word: &'static str, help: &'static str) -> Self {
        Self::new(word, help, Kind::Words(Follow::Nothing))
    }

    /// A word after which one of `nodes` follows.
    #[must_use]
    pub const fn words(word: &'static str, help: &'static str, nodes: &'static [Node]) -> Self {
        Self::new(word, help, Kind::Words(Follow::One(nodes)))
    }

    /// A word after which one of `nodes` may follow.
    #[must_use]
    pub const fn maybe(word: &'static str, help: &'static str, nodes: &'static [Node]) -> Self {
        Self::new(word, help, Kind::Words(Follow::Maybe(nodes)))
    }

    /// A word after which any of `nodes` may follow, in any order, each once.
    #[must_use]
    pub const fn options(word: &'static str, help: &'static str, nodes: &'static [Node]) -> Self {
        Self::new(word, help, Kind::Words(Follow::Any(nodes)))
    }

    /// A word with a value.
    #[must_use]
    pub const fn value(word: &'static str, help: &'static str, value: Value) -> Self {
        Self::new(word, help, Kind::Value(value))
    }

    /// A word with a value or several.
    #[must_use]
    pub const fn list(word: &'static str, help: &'static str, element: Value) -> Self {
        Self::new(word, help, Kind::List(element))
    }

    /// A word with a name, after which `follow` comes.
    #[must_use]
    pub const fn named(
        word: &'static str,
        help: &'static str,
        name: Value,
        follow: Follow,
    ) -> Self {
        let kind = Kind::Named {
            name,
            is_optional: false,
            key: None,
            follow,
        };
        Self::new(word, help, kind)
    }

    /// As [`Node::named`]; the name, with what would follow it, may be left out.
    #[must_use]
    pub const fn named_or_all(
        word: &'static str,
        help: &'static str,
        name: Value,
        follow: Follow,
    ) -> Self {
        let kind = Kind::Named {
            name,
            is_optional: true,
            key: None,
            follow,
        };
        Self::new(word, help, kind)
    }

    /// A word with a place in the configuration.
    #[must_use]
    pub const fn place(word: &'static str, help: &'static str, purpose: Purpose) -> Self {
        Self::new(word, help, Kind::Place(purpose))
    }

    /// The tables of an array, each named by its `key`.
    pub(super) const fn array(
        word: &'static str,
        help: &'static str,
        key: &'static str,
        name: Value,
        nodes: &'static [Node],
    ) -> Self {
        let kind = Kind::Named {
            name,
            is_optional: false,
            key: Some(key),
            follow: Follow::Maybe(nodes),
        };
        Self::new(word, help, kind)
    }

    /// The same, which its table has to have.
    #[must_use]
    pub(super) const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    /// The same, with the value that need not be said.
    #[must_use]
    pub(super) const fn default(self, value: &'static str) -> Self {
        Self {
            default: Some(value),
            ..self
        }
    }

    /// The words below it.
    #[must_use]
    pub const fn below(&self) -> &'static [Node] {
        match self.kind {
            Kind::Words(follow) | Kind::Named { follow, .. } => follow.nodes(),
            Kind::Value(_) | Kind::List(_) => &[],
            Kind::Place(_) => super::configuration(),
        }
    }
}
