//! `show NOUN`.

use std::io::Write;
use std::path::Path;

use control::candidate::Candidate;
use control::grammar::Node;
use control::show::{ConfigurationItem, Noun};

use crate::ask::ask;
use crate::failure::Failure;
use crate::grammar::{Given, JSON};
use crate::{json, text};

/// Something that can be shown, in the form that was asked for.
#[derive(Debug)]
pub(crate) struct View {
    noun: Noun,
    options: text::Options,
    is_json: bool,
    as_lines: bool,
}

impl View {
    /// What `words`, a noun and its options, say; they were understood by `nodes`.
    pub(crate) fn read(nodes: &'static [Node], words: &[String]) -> Result<Self, Failure> {
        let word = words.first().map_or("", String::as_str);
        let noun = Noun::ALL.into_iter().find(|noun| noun.name() == word);
        let node = nodes.iter().find(|node| node.word == word);
        let (Some(noun), Some(node)) = (noun, node) else {
            return Err(Failure::usage(format!("{word}: nothing to show")));
        };
        let given = Given::read(node.below(), words.get(1..).unwrap_or_default());
        let options = text::Options {
            stats: given.has("--stats"),
            rate: given.has("--rate"),
            exact: given.has("--exact"),
            all: given.has("--all"),
        };
        if options.stats && options.rate {
            return Err(Failure::usage("--stats does not go with --rate"));
        }
        let view = Self {
            noun: if given.has("why") {
                Noun::VrrpWhy
            } else {
                noun
            },
            options,
            is_json: given.has(JSON),
            as_lines: given.has("set"),
        };
        if view.as_lines && view.is_json {
            return Err(Failure::usage("set does not go with --json"));
        }
        Ok(view)
    }

    /// Asks, and prints what comes.
    pub(crate) fn print(&self, run_dir: &Path, out: &mut impl Write) -> Result<(), Failure> {
        if self.as_lines {
            let candidate = candidate(&running(run_dir)?)?;
            for line in candidate.lines() {
                writeln!(out, "{line}")?;
            }
            return Ok(());
        }
        if self.is_json {
            json::print(run_dir, self.noun, out)
        } else {
            text::print(run_dir, self.noun, &self.options, out)
        }
    }

    pub(crate) const fn noun(&self) -> Noun {
        self.noun
    }
}

/// The running configuration: its canonical text.
pub(crate) fn running(run_dir: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    for item in ask::<ConfigurationItem>(run_dir, Noun::Configuration)? {
        text.push_str(&item?.line);
        text.push('\n');
    }
    Ok(text)
}

/// The running configuration, to be edited.
pub(crate) fn candidate(text: &str) -> Result<Candidate, Failure> {
    Candidate::parse("running", text).map_err(|faults| {
        let lines = faults.iter().map(ToString::to_string);
        Failure::Faults(lines.collect())
    })
}

/// The words of a line that begins with `show` or `monitor`, with the noun in the number that the
/// grammar has: one says `show services` as easily.
pub(crate) fn in_number(mut words: Vec<String>) -> Vec<String> {
    let is_show = |word: &String| {
        let is = |whole: &str| word.len() > 1 && whole.starts_with(word.as_str());
        is("show") || is("monitor")
    };
    let Some(place) = words.iter().position(|word| word != "run") else {
        return words;
    };
    if !words.get(place).is_some_and(is_show) {
        return words;
    }
    let Some(word) = words.get_mut(place + 1) else {
        return words;
    };
    if let Some(noun) = Noun::ALL.iter().find(|noun| other_number(**noun) == word) {
        noun.name().clone_into(word);
    }
    // The records' word for what one asks for as `show vrrp why`.
    if word == Noun::VrrpWhy.name() {
        Noun::Vrrp.name().clone_into(word);
        words.insert(place + 2, "why".to_owned());
    }
    words
}

/// The noun in the other number, understood too.
const fn other_number(noun: Noun) -> &'static str {
    match noun {
        Noun::Bfd => "bfds",
        Noun::Bond => "bonds",
        Noun::Connections => "connection",
        Noun::Daemons => "daemon",
        Noun::Drops => "drop",
        Noun::Lacp => "lacps",
        Noun::Ports => "port",
        Noun::Service => "services",
        Noun::Configuration => "config",
        Noun::Events => "event",
        Noun::Interfaces => "interface",
        Noun::Log => "logs",
        Noun::Version => "versions",
        Noun::Health => "checks",
        Noun::History => "commits",
        Noun::Vrrp => "vrrps",
        Noun::VrrpWhy => "vrrps_why",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        in_number(line.split(' ').map(str::to_owned).collect()).join(" ")
    }

    #[test]
    fn a_noun_is_understood_in_either_number_after_show_only() {
        assert_eq!(said("show bonds --json"), "show bond --json");
        assert_eq!(said("sh services"), "sh service");
        assert_eq!(said("run monitor checks"), "run monitor health");
        assert_eq!(said("show vrrps_why"), "show vrrp why");
        assert_eq!(said("show vrrp_why --json"), "show vrrp why --json");
        assert_eq!(said("commit bonds"), "commit bonds");
        assert_eq!(said("show"), "show");
    }
}
