//! Text in 80 columns, in the words and the layout that operators of Linux know.

mod bond;
mod connections;
mod daemons;
mod drops;
mod lacp;
mod ports;
mod service;
mod table;

use std::io::Write;
use std::path::Path;

use clap::Args;
use control::ipc::{self, Items, client::PATIENCE};
use control::show::Noun;
use serde::de::DeserializeOwned;

use crate::Failure;

/// Options that change the text only; JSON has every figure anyway, so there they change nothing.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Options {
    /// service: packets and bytes since the start
    #[arg(long, conflicts_with = "rate")]
    stats: bool,

    /// service: connections, packets and bytes a second
    #[arg(long)]
    rate: bool,

    /// drops, ports, service: numbers in full, not in K, M, G
    #[arg(long)]
    exact: bool,

    /// drops: also the reasons that never happened
    #[arg(long)]
    all: bool,
}

impl Options {
    /// The option that does not go with `noun`, if there is one.
    pub(crate) fn misplaced(&self, noun: Noun) -> Option<&'static str> {
        let belongs = |given: bool, nouns: &[Noun]| !given || nouns.contains(&noun);
        let numbers = [Noun::Drops, Noun::Ports, Noun::Service];
        [
            ("--stats", belongs(self.stats, &[Noun::Service])),
            ("--rate", belongs(self.rate, &[Noun::Service])),
            ("--all", belongs(self.all, &[Noun::Drops])),
            ("--exact", belongs(self.exact, &numbers)),
        ]
        .into_iter()
        .find_map(|(option, belongs)| (!belongs).then_some(option))
    }
}

/// Prints everything of one kind.
pub(crate) fn print(
    run_dir: &Path,
    noun: Noun,
    options: &Options,
    out: &mut impl Write,
) -> Result<(), Failure> {
    match noun {
        Noun::Bond => bond::print(ask(run_dir, noun)?, out),
        Noun::Connections => connections::print(ask(run_dir, noun)?, out),
        Noun::Daemons => daemons::print(ask(run_dir, noun)?, out),
        Noun::Drops => drops::print(ask(run_dir, noun)?, options, out),
        Noun::Lacp => lacp::print(ask(run_dir, noun)?, out),
        Noun::Ports => ports::print(ask(run_dir, noun)?, options, out),
        Noun::Service => service::print(ask(run_dir, noun)?, options, out),
        Noun::Configuration | Noun::Events | Noun::Health | Noun::Vrrp | Noun::VrrpWhy => {
            plain(ask(run_dir, noun)?, out)
        }
    }
}

fn plain(items: Items<serde_json::Value>, out: &mut impl Write) -> Result<(), Failure> {
    for item in items {
        writeln!(out, "{}", item?)?;
    }
    Ok(())
}

fn ask<T: DeserializeOwned>(run_dir: &Path, noun: Noun) -> Result<Items<T>, Failure> {
    Ok(ipc::show(run_dir, noun, PATIENCE)?)
}

/// The width of the page.
const COLUMNS: usize = 80;

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
    fn a_number_is_in_full_until_it_is_long() {
        assert_eq!(number(99_999_999, false), "99999999");
        assert_eq!(number(100_000_000, false), "100000K");
        assert_eq!(number(u64::MAX, false), "18446P");
        assert_eq!(number(u64::MAX, true), "18446744073709551615");
    }
}
