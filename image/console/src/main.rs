//! `fourfold`: the operator's command and login shell.
//!
//! With words it does what they say and ends; at a terminal it is a shell with a prompt; else it does
//! the lines of its standard input. All of them go through one grammar ([`grammar`]) and one
//! [`session`]. Exit codes: 0, 1 when a daemon does not answer or refuses, 2 for bad usage and for a
//! configuration with faults.

mod ask;
mod capture;
mod clear;
mod configure;
mod edit;
mod explain;
mod failure;
mod fetch;
mod grammar;
mod help;
mod interrupt;
mod json;
mod lines;
mod monitor;
mod order;
mod output;
mod ping;
mod request;
mod script;
mod session;
mod shell;
mod show;
mod terminal;
mod text;
mod time;
mod trial;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use control::cli::RUN_DIR;

use failure::Failure;
use session::Places;

/// The operator's command of a Fourfold appliance: a shell, or one command of it
#[derive(Parser, Debug)]
#[command(
    name = "fourfold",
    version,
    after_help = "fourfold help lists the commands."
)]
struct Arguments {
    /// Where the daemons' sockets are
    #[arg(long, value_name = "DIR", default_value = RUN_DIR)]
    run_dir: PathBuf,

    /// Where captures, bundles and the configuration's history are
    #[arg(long, value_name = "DIR", default_value = "/data")]
    data_dir: PathBuf,

    /// Do what these lines say
    #[arg(short, value_name = "LINES", conflicts_with = "words")]
    command: Option<String>,

    /// Do what these words say
    #[arg(
        value_name = "WORD",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<String>,
}

fn main() -> ExitCode {
    let Arguments {
        run_dir,
        data_dir,
        command,
        words,
    } = Arguments::parse();
    let mut places = Places { run_dir, data_dir };
    let mut words = options(words, &mut places);
    if let Some(place) = words
        .iter()
        .position(|word| word == "--help" || word == "-h")
    {
        words.truncate(place);
        return one(script::help(&words));
    }
    match command {
        Some(lines) if lines.trim().contains('\n') => script(places, lines.as_bytes()),
        Some(line) => one(script::command(places, &line)),
        None if !words.is_empty() => one(script::words(places, words)),
        None if io::stdin().is_terminal() => shell::run(places).unwrap_or_else(|error| {
            // Nothing is left to do when the terminal is gone.
            drop(writeln!(io::stderr(), "fourfold: the terminal: {error}"));
            ExitCode::FAILURE
        }),
        None => script(places, io::stdin().lock()),
    }
}

fn one(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell("fourfold: ");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn script(places: Places, lines: impl io::BufRead) -> ExitCode {
    match script::run(places, lines) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stopped) => {
            stopped.tell();
            ExitCode::from(stopped.exit_code())
        }
    }
}

/// The words without the options of the program, which may stand behind the command, and with the
/// value of each `--option=value` as a word of its own.
fn options(words: Vec<String>, places: &mut Places) -> Vec<String> {
    let mut rest = Vec::new();
    let mut words = words.into_iter().flat_map(|word| {
        let split = word
            .starts_with("--")
            .then(|| word.split_once('='))
            .flatten();
        match split {
            Some((option, value)) => vec![option.to_owned(), value.to_owned()],
            None => vec![word],
        }
    });
    while let Some(word) = words.next() {
        match word.as_str() {
            "--run-dir" => places.run_dir = words.next().unwrap_or_default().into(),
            _ => rest.push(word),
        }
    }
    rest
}
