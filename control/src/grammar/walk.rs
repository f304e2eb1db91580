//! From word to word down the grammar.

use std::fmt;

use super::node::{Follow, Kind, Node, Purpose};
use super::value::Value;

/// Why a line has no meaning, or not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// No word that may stand there begins with this one.
    Unknown {
        /// Its place in the line, from 0.
        at: usize,
        /// What was typed.
        word: String,
        /// What may stand there.
        legal: Vec<String>,
    },
    /// More than one word begins with this one.
    Ambiguous {
        /// Its place in the line, from 0.
        at: usize,
        /// What was typed.
        word: String,
        /// The words that begin with it.
        fits: Vec<String>,
    },
    /// The line would have to go on.
    Incomplete {
        /// What may stand next.
        legal: Vec<String>,
    },
    /// The line would have had to end before this word.
    TooLong {
        /// Its place in the line, from 0.
        at: usize,
        /// What was typed.
        word: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { word, legal, .. } => {
                write!(f, "{word}: unknown here; known: {}", legal.join(" | "))
            }
            Self::Ambiguous { word, fits, .. } => {
                write!(f, "{word}: more than one word: {}", fits.join(" | "))
            }
            Self::Incomplete { legal } => write!(f, "incomplete: {}", legal.join(" | ")),
            Self::TooLong { word, .. } => write!(f, "{word}: the line ends before it"),
        }
    }
}

impl std::error::Error for Error {}

/// A whole line with every shortened word of the grammar written out; names and values stand as they
/// were typed. An empty line is incomplete.
///
/// # Errors
/// When the line has no meaning in `root`, more than one, or is not whole; one line.
pub fn expand(root: &'static [Node], words: &[&str]) -> Result<Vec<String>, Error> {
    let mut walk = Walk::new(root);
    for word in words {
        walk.step(word)?;
    }
    if walk.ends() {
        Ok(walk.words)
    } else {
        let legal = walk.legal();
        Err(Error::Incomplete { legal })
    }
}

/// What may stand next.
#[derive(Clone, Debug)]
pub(super) enum Expect {
    /// A word.
    Word {
        nodes: &'static [Node],
        may_end: bool,
    },
    /// An option that has not been used.
    Option {
        nodes: &'static [Node],
        used: Vec<&'static str>,
    },
    /// A name.
    Name {
        node: &'static Node,
        name: Value,
        is_optional: bool,
        follow: Follow,
    },
    /// A value.
    Value { node: &'static Node, value: Value },
    /// An element; or none, when there has been one or none is needed.
    Element {
        node: &'static Node,
        value: Value,
        may_end: bool,
        /// Those of this line.
        taken: Vec<String>,
    },
    /// Nothing.
    End,
}

/// A line being read, word by word.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) expect: Expect,
    /// The options among which the line goes on when what stands there has ended.
    outer: Vec<(&'static [Node], Vec<&'static str>)>,
    /// Within a place of the configuration: what it is wanted for.
    pub(super) purpose: Option<Purpose>,
    /// Within a place of the configuration: the words that lead there.
    pub(super) path: Vec<String>,
    /// The words so far, written out.
    words: Vec<String>,
}

impl Walk {
    pub(super) fn new(root: &'static [Node]) -> Self {
        Self {
            expect: Expect::Word {
                nodes: root,
                may_end: false,
            },
            outer: Vec::new(),
            purpose: None,
            path: Vec::new(),
            words: Vec::new(),
        }
    }

    /// Whether the line may end here.
    pub(super) fn ends(&self) -> bool {
        match self.expect {
            Expect::Word { may_end, .. } | Expect::Element { may_end, .. } => may_end,
            Expect::Name { is_optional, .. } => is_optional,
            Expect::Option { .. } | Expect::End => true,
            Expect::Value { .. } => false,
        }
    }

    /// Where the line is when what stands here has ended; none when nothing goes on.
    pub(super) fn outer(&self) -> Option<Self> {
        let mut walk = self.clone();
        let (nodes, used) = walk.outer.pop()?;
        walk.expect = Expect::Option { nodes, used };
        self.ends().then_some(walk)
    }

    /// The words that may stand here: no key where a table is wanted.
    pub(super) fn nodes(&self) -> Vec<&'static Node> {
        let (nodes, used) = match &self.expect {
            Expect::Word { nodes, .. } => (*nodes, [].as_slice()),
            Expect::Option { nodes, used } => (*nodes, used.as_slice()),
            Expect::Name { .. } | Expect::Value { .. } | Expect::Element { .. } | Expect::End => {
                return Vec::new();
            }
        };
        let is_table = |node: &&Node| match node.kind {
            Kind::Words(_) | Kind::Named { .. } | Kind::Place(_) => true,
            Kind::Value(_) | Kind::List(_) => false,
        };
        nodes
            .iter()
            .filter(|node| !used.contains(&node.word))
            .filter(|node| self.purpose != Some(Purpose::Edit) || is_table(node))
            .collect()
    }

    /// What may stand here, as an error lists it.
    fn legal(&self) -> Vec<String> {
        let own = match &self.expect {
            Expect::Word { .. } | Expect::Option { .. } => {
                let nodes = self.nodes().into_iter();
                nodes.map(|node| node.word.to_owned()).collect()
            }
            Expect::Name { name, .. } => vec![name.form()],
            Expect::Value { value, .. } | Expect::Element { value, .. } => vec![value.form()],
            Expect::End => Vec::new(),
        };
        let outer = self.outer().map(|walk| walk.legal()).unwrap_or_default();
        own.into_iter().chain(outer).collect()
    }

    /// Takes the next word.
    pub(super) fn step(&mut self, word: &str) -> Result<(), Error> {
        let at = self.words.len();
        match self.expect.clone() {
            Expect::Word { .. } => {
                let node = self.resolve(word);
                self.take(at, word, node)
            }
            Expect::Option { nodes, mut used } => {
                let node = self.resolve(word);
                if let Ok(node) = &node {
                    used.push(node.word);
                    self.outer.push((nodes, used));
                }
                self.take(at, word, node)
            }
            Expect::Name {
                name, is_optional, ..
            } if is_optional && !name.fits(word) => self.take(at, word, Err(Vec::new())),
            Expect::Name { name, follow, .. } => {
                self.push(&written_out(name, at, word)?);
                self.follow(self.below(follow));
                Ok(())
            }
            Expect::Value { value, .. } => {
                self.words.push(written_out(value, at, word)?);
                self.expect = Expect::End;
                self.settle();
                Ok(())
            }
            Expect::Element {
                node,
                value,
                mut taken,
                ..
            } => {
                let word = written_out(value, at, word)?;
                self.words.push(word.clone());
                taken.push(word);
                self.expect = Expect::Element {
                    node,
                    value,
                    may_end: true,
                    taken,
                };
                Ok(())
            }
            Expect::End => Err(Error::TooLong {
                at,
                word: word.to_owned(),
            }),
        }
    }

    /// The node that `word` means here, or those that it may mean.
    fn resolve(&self, word: &str) -> Result<&'static Node, Vec<&'static Node>> {
        let mut fits = self.nodes();
        fits.retain(|node| node.word.starts_with(word) && !word.is_empty());
        match fits.as_slice() {
            [node] => Ok(node),
            several => {
                let exact = several.iter().find(|node| node.word == word);
                exact.copied().ok_or(fits)
            }
        }
    }

    /// Goes on below the node, or says why there is none.
    fn take(
        &mut self,
        at: usize,
        word: &str,
        node: Result<&'static Node, Vec<&'static Node>>,
    ) -> Result<(), Error> {
        match node {
            Ok(node) => {
                self.push(node.word);
                self.enter(node);
                Ok(())
            }
            Err(fits) if !fits.is_empty() => Err(Error::Ambiguous {
                at,
                word: word.to_owned(),
                fits: fits.iter().map(|node| node.word.to_owned()).collect(),
            }),
            Err(_) => {
                let legal = self.legal();
                if let Some(mut outer) = self.outer() {
                    match outer.step(word) {
                        Ok(()) => {
                            *self = outer;
                            return Ok(());
                        }
                        Err(error @ Error::Ambiguous { .. }) => return Err(error),
                        Err(
                            Error::Unknown { .. }
                            | Error::TooLong { .. }
                            | Error::Incomplete { .. },
                        ) => {}
                    }
                }
                if legal.is_empty() {
                    Err(Error::TooLong {
                        at,
                        word: word.to_owned(),
                    })
                } else {
                    Err(Error::Unknown {
                        at,
                        word: word.to_owned(),
                        legal,
                    })
                }
            }
        }
    }

    fn push(&mut self, word: &str) {
        self.words.push(word.to_owned());
        if self.purpose.is_some() {
            self.path.push(word.to_owned());
        }
    }

    fn enter(&mut self, node: &'static Node) {
        match node.kind {
            Kind::Words(follow) => {
                self.follow(self.below(follow));
            }
            Kind::Named {
                name,
                is_optional,
                follow,
                ..
            } => {
                let may_end = match self.purpose {
                    None | Some(Purpose::Set | Purpose::Edit) => is_optional,
                    Some(Purpose::Delete | Purpose::Show) => true,
                };
                self.expect = Expect::Name {
                    node,
                    name,
                    is_optional: may_end,
                    follow,
                };
            }
            Kind::Value(value) => match self.purpose {
                None | Some(Purpose::Set) => self.expect = Expect::Value { node, value },
                Some(Purpose::Delete | Purpose::Show | Purpose::Edit) => {
                    self.follow(Follow::Nothing)
                }
            },
            Kind::List(value) => match self.purpose {
                None | Some(Purpose::Set | Purpose::Delete) => {
                    self.expect = Expect::Element {
                        node,
                        value,
                        may_end: self.purpose == Some(Purpose::Delete),
                        taken: Vec::new(),
                    };
                }
                Some(Purpose::Show | Purpose::Edit) => self.follow(Follow::Nothing),
            },
            Kind::Place(purpose) => {
                self.purpose = Some(purpose);
                self.path.clear();
                self.expect = Expect::Word {
                    nodes: super::configuration(),
                    may_end: purpose == Purpose::Show,
                };
            }
        }
    }

    /// What is deleted, shown or edited may end at any table and any name.
    fn below(&self, follow: Follow) -> Follow {
        match self.purpose {
            None | Some(Purpose::Set) => follow,
            Some(Purpose::Delete | Purpose::Show | Purpose::Edit) => Follow::Maybe(follow.nodes()),
        }
    }

    fn follow(&mut self, follow: Follow) {
        self.expect = match follow {
            Follow::Nothing => Expect::End,
            Follow::One(nodes) => Expect::Word {
                nodes,
                may_end: false,
            },
            Follow::Maybe(nodes) => Expect::Word {
                nodes,
                may_end: true,
            },
            Follow::Any(nodes) => Expect::Option {
                nodes,
                used: Vec::new(),
            },
            Follow::Then(node) => return self.enter(node),
        };
        self.settle();
    }

    /// Goes back to the options among which the line is when nothing else can follow.
    fn settle(&mut self) {
        if let Expect::End = self.expect
            && let Some(outer) = self.outer()
        {
            *self = outer;
        }
    }
}

/// A value, a word of a closed list written out.
fn written_out(value: Value, at: usize, word: &str) -> Result<String, Error> {
    let closed = value.closed();
    let words = || closed.iter().map(|(word, _)| *word);
    if word.is_empty() || words().any(|closed| closed == word) {
        return Ok(word.to_owned());
    }
    let fits: Vec<&str> = words().filter(|closed| closed.starts_with(word)).collect();
    match fits.as_slice() {
        // Not a word, but perhaps a number for one: whether it is legal is the configuration's affair.
        [] => Ok(word.to_owned()),
        [one] => Ok((*one).to_owned()),
        several => Err(Error::Ambiguous {
            at,
            word: word.to_owned(),
            fits: several.iter().map(|word| (*word).to_owned()).collect(),
        }),
    }
}
