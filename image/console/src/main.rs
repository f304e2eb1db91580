//! `fourfold`: the operator's command.
//!
//! `fourfold show NOUN` asks the daemon that knows and prints what it says: as words in 80 columns,
//! or with `--json` as one document `{"NOUN": […]}`. Exit codes: 0, 1 when the daemon does not
//! answer, 2 for bad usage.

mod json;
mod text;

use std::fmt;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use control::cli::RUN_DIR;
use control::ipc::ClientError;
use control::show::Noun;

/// The operator's command of a Fourfold appliance
#[derive(Parser, Debug)]
#[command(name = "fourfold", version)]
struct Command {
    /// Where the daemons' sockets are
    #[arg(long, value_name = "DIR", default_value = RUN_DIR, global = true)]
    run_dir: PathBuf,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Show the state of something
    #[command(arg_required_else_help = true)]
    Show(Show),
}

#[derive(Args, Debug)]
struct Show {
    /// What to show
    noun: NounWord,

    /// One JSON document instead of text
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    options: text::Options,
}

/// [`Noun`] as a word of the command line.
#[derive(Clone, Copy, Debug)]
struct NounWord(Noun);

impl ValueEnum for NounWord {
    fn value_variants<'a>() -> &'a [Self] {
        static WORDS: [NounWord; Noun::ALL.len()] = {
            let mut words = [NounWord(Noun::Bond); Noun::ALL.len()];
            let mut i = 0;
            while i < words.len() {
                words[i] = NounWord(Noun::ALL[i]);
                i += 1;
            }
            words
        };
        &WORDS
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        let word = clap::builder::PossibleValue::new(self.0.name());
        Some(word.alias(other_number(self.0)))
    }
}

/// The noun in the other number, understood too: one says "show services" as easily.
fn other_number(noun: Noun) -> &'static str {
    match noun {
        Noun::Bond => "bonds",
        Noun::Connections => "connection",
        Noun::Daemons => "daemon",
        Noun::Drops => "drop",
        Noun::Lacp => "lacps",
        Noun::Ports => "port",
        Noun::Service => "services",
        Noun::Configuration => "config",
        Noun::Events => "event",
        Noun::Health => "checks",
        Noun::Vrrp => "vrrps",
        Noun::VrrpWhy => "why",
    }
}

/// Why nothing, or not all, was printed.
#[derive(Debug)]
enum Failure {
    /// The daemon did not answer.
    Daemon(ClientError),
    /// Standard output took no more.
    Output(io::Error),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Daemon(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Daemon(error) => error.fmt(f),
            Self::Output(error) => write!(f, "writing the answer: {error}"),
        }
    }
}

fn main() -> ExitCode {
    let command = Command::parse();
    let Verb::Show(show) = &command.verb;
    if let Some(option) = show.options.misplaced(show.noun.0) {
        let text = format!("{option} does not go with {}", show.noun.0.name());
        Command::command()
            .error(ErrorKind::ArgumentConflict, text)
            .exit();
    }
    match run(&command, show) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough (`| head`).
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            // Nothing is left to do when standard error is closed too.
            drop(writeln!(io::stderr(), "fourfold: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command, show: &Show) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let NounWord(noun) = show.noun;
    if show.json {
        json::print(&command.run_dir, noun, &mut out)?;
    } else {
        text::print(&command.run_dir, noun, &show.options, &mut out)?;
    }
    Ok(out.flush()?)
}
