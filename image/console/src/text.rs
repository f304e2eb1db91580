//! Text in 80 columns, in the words and the layout that operators of Linux know.

mod bfd;
mod bond;
mod configuration;
mod connections;
mod daemons;
mod drops;
mod events;
mod health;
mod history;
mod interfaces;
mod lacp;
mod ports;
mod service;
mod table;
mod version;
mod vrrp;
mod vrrp_why;

use std::io::Write;
use std::path::Path;

use control::show::Noun;

use crate::ask::ask;
use crate::failure::Failure;

/// Options that change the text only; JSON has every figure anyway, so there they change nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// service: packets and bytes since the start.
    pub(crate) stats: bool,
    /// service: connections, packets and bytes a second.
    pub(crate) rate: bool,
    /// drops, ports, service: numbers in full, not in K, M, G.
    pub(crate) exact: bool,
    /// drops: also the reasons that never happened.
    pub(crate) all: bool,
}

/// Prints everything of one kind.
pub(crate) fn print(
    run_dir: &Path,
    noun: Noun,
    options: &Options,
    out: &mut impl Write,
) -> Result<(), Failure> {
    match noun {
        Noun::Bfd => bfd::print(ask(run_dir, noun)?, out),
        Noun::Bond => bond::print(ask(run_dir, noun)?, out),
        Noun::Connections => connections::print(ask(run_dir, noun)?, out),
        Noun::Daemons => daemons::print(ask(run_dir, noun)?, out),
        Noun::Drops => drops::print(ask(run_dir, noun)?, options, out),
        Noun::Lacp => lacp::print(ask(run_dir, noun)?, out),
        Noun::Ports => ports::print(ask(run_dir, noun)?, options, out),
        Noun::Service => service::print(ask(run_dir, noun)?, options, out),
        Noun::Configuration => configuration::print(ask(run_dir, noun)?, out),
        Noun::Events | Noun::Log => events::print(ask(run_dir, noun)?, out),
        Noun::Interfaces => interfaces::print(ask(run_dir, noun)?, out),
        Noun::Version => version::print(ask(run_dir, noun)?, out),
        Noun::Health => health::print(ask(run_dir, noun)?, out),
        Noun::History => history::print(ask(run_dir, noun)?, out),
        Noun::Vrrp => vrrp::print(ask(run_dir, noun)?, out),
        Noun::VrrpWhy => vrrp_why::print(ask(run_dir, noun)?, out),
    }
}

/// The width of the page.
const COLUMNS: usize = 80;

/// A line that fits the page.
fn cut(line: &str) -> String {
    if line.chars().count() <= COLUMNS {
        return line.trim_end().to_owned();
    }
    line.chars().take(COLUMNS - 1).chain(['…']).collect()
}

/// Words in lines that fit the page; the first begins with `start`, those after it with `indent`
/// blanks. A word that is longer than a line stays whole.
fn wrap<W: AsRef<str>>(start: &str, indent: usize, words: impl IntoIterator<Item = W>) -> String {
    let mut text = start.to_owned();
    let mut column = start.chars().count();
    let mut gap = "";
    for word in words {
        let word = word.as_ref();
        let chars = word.chars().count();
        if column + gap.len() + chars > COLUMNS && !gap.is_empty() {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            (column, gap) = (indent, "");
        }
        text.push_str(gap);
        text.push_str(word);
        column += gap.len() + chars;
        gap = " ";
    }
    text
}

/// What a peer may have had its hand in, without what would move a terminal's cursor.
pub(crate) fn harmless(text: &str) -> String {
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().collect(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// A number in at most eight characters, as ipvsadm shortens it: in full below 100 million, then
/// in K, M, G, T; in full anyway when `exact`.
fn number(value: u64, exact: bool) -> String {
    if exact || value < 100_000_000 {
        return value.to_string();
    }
    let mut rest = value;
    for unit in ["K", "M", "G", "T"] {
        rest /= 1000;
        if rest < 10_000_000 {
            return format!("{rest}{unit}");
        }
    }
    format!("{}P", rest / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_at_80_columns_and_none_is_broken() {
        let word = "x".repeat(38);
        let lines = wrap("  ", 4, [&word, &word, &word, &"y".repeat(90)]);
        let expected = format!("  {word} {word}\n    {word}\n    {}", "y".repeat(90));
        assert_eq!(lines, expected);
        assert_eq!(wrap("start", 2, [""; 0]), "start");
    }

    #[test]
    fn what_would_move_the_cursor_is_spelt_out() {
        assert_eq!(harmless("a\u{1b}[2J\tb\u{9b}é"), "a\\u{1b}[2J\\tb\\u{9b}é");
    }

    #[test]
    fn a_number_is_in_full_until_it_is_long() {
        assert_eq!(number(99_999_999, false), "99999999");
        assert_eq!(number(100_000_000, false), "100000K");
        assert_eq!(number(u64::MAX, false), "18446P");
        assert_eq!(number(u64::MAX, true), "18446744073709551615");
    }
}
