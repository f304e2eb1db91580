//! The patterns of `modules.alias`.

use std::collections::HashMap;
use std::ffi::CString;

use sys::module::matches;

use super::underscored;

/// The patterns by their heads, the part before the first wildcard: a pattern can only match what begins
/// with its head, so that of 20,000 patterns a look at one string touches few.
#[derive(Debug, Default)]
pub struct Aliases {
    by_head: HashMap<String, Vec<Pattern>>,
}

#[derive(Debug)]
struct Pattern {
    rest: CString,
    module: String,
}

impl Aliases {
    /// Lines `alias PATTERN MODULE`; other lines are passed over.
    pub fn parse(text: &str) -> Self {
        let mut by_head: HashMap<String, Vec<Pattern>> = HashMap::new();
        for line in text.lines() {
            if let Some((head, pattern)) = parse(line) {
                by_head.entry(head).or_default().push(pattern);
            }
        }
        Self { by_head }
    }

    /// The modules with a pattern for `word`, in no order, each as often as patterns match.
    pub fn matching<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        let heads = (0..=word.len()).filter_map(|at| Some((word.get(..at)?, word.get(at..)?)));
        heads.flat_map(|(head, rest)| {
            let patterns = self.by_head.get(head).map_or(&[][..], Vec::as_slice);
            // A word with a zero byte in it matches nothing.
            let rest = CString::new(rest).ok();
            let is_for = move |one: &&Pattern| {
                let rest = rest.as_deref();
                rest.is_some_and(|rest| matches(&one.rest, rest))
            };
            patterns
                .iter()
                .filter(is_for)
                .map(|one| one.module.as_str())
        })
    }
}

fn parse(line: &str) -> Option<(String, Pattern)> {
    let mut words = line.split_whitespace();
    if words.next()? != "alias" {
        return None;
    }
    let pattern = underscored(words.next()?);
    let module = underscored(words.next()?);
    let wildcard = pattern.find(['*', '?', '[', '\\']).unwrap_or(pattern.len());
    let (head, rest) = pattern.split_at(wildcard);
    let rest = CString::new(rest).ok()?;
    Some((head.to_owned(), Pattern { rest, module }))
}
