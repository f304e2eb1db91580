//! What may stand next in a line: for `?` and for the Tab key.

use super::Node;

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
    /// The word; of [`Offer::Value`] what stands for it, such as `68..3500`; `<Enter>`.
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
    todo!("{root:?} {words:?} {prefix} {:?}", names.interfaces())
}
