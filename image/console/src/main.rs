//! `fourfold`: the operator's command.
//!
//! `fourfold show NOUN` asks the daemon that knows and prints what it says: as words in 80 columns,
//! or with `--json` as one document `{"NOUN": […]}`. `fourfold commit FILE` and its kin change the
//! configuration. Exit codes: 0, 1 when a daemon does not answer or refuses, 2 for bad usage and for
//! a configuration with faults.

mod ask;
mod configure;
mod json;
mod text;
mod time;

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use control::cli::{EXIT_USAGE, RUN_DIR};
use control::configure::ConfigureError;
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

    #[command(flatten)]
    Configure(configure::Configure),
}

#[derive(Args, Debug)]
struct Show {
    /// What to show
    noun: NounWord,

    /// vrrp: the changes of state and their reasons
    why: Option<Why>,

    /// One JSON document instead of text
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    options: text::Options,
}

/// The word after `show vrrp`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Why {
    Why,
}

impl Show {
    /// What is to be shown; none when `why` goes with another noun than `vrrp`.
    fn noun(&self) -> Option<Noun> {
        match (self.noun.0, self.why) {
            (noun, None) => Some(noun),
            (Noun::Vrrp, Some(Why::Why)) => Some(Noun::VrrpWhy),
            (
                Noun::Bond
                | Noun::Configuration
                | Noun::Connections
                | Noun::Daemons
                | Noun::Drops
                | Noun::Events
                | Noun::Health
                | Noun::History
                | Noun::Interfaces
                | Noun::Lacp
                | Noun::Log
                | Noun::Version
                | Noun::Ports
                | Noun::Service
                | Noun::VrrpWhy,
                Some(Why::Why),
            ) => None,
        }
    }
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
        // One says "show vrrp why"; the records' word for it is understood, but not offered.
        let hidden = self.0 == Noun::VrrpWhy;
        Some(word.alias(other_number(self.0)).hide(hidden))
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
        Noun::Interfaces => "interface",
        Noun::Log => "logs",
        Noun::Version => "versions",
        Noun::Health => "checks",
        Noun::History => "commits",
        Noun::Vrrp => "vrrps",
        Noun::VrrpWhy => "vrrps_why",
    }
}

/// Why nothing, or not all, was done or printed.
#[derive(Debug)]
enum Failure {
    /// The daemon did not answer.
    Daemon(ClientError),
    /// ctld or another daemon said no, for each of these reasons.
    Refused(Vec<String>),
    /// The configuration has these faults.
    Faults(Vec<String>),
    /// Standard output took no more.
    Output(io::Error),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Daemon(error)
    }
}

impl From<ConfigureError> for Failure {
    fn from(error: ConfigureError) -> Self {
        match error {
            ConfigureError::Faults(lines) => Self::Faults(lines),
            ConfigureError::Refused(reasons) => Self::Refused(reasons),
            ConfigureError::Client(error) => Self::Daemon(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// What the operator is told.
    fn lines(&self) -> Vec<String> {
        let line = |what: &dyn fmt::Display| format!("fourfold: {what}");
        match self {
            Self::Daemon(error) => vec![line(error)],
            Self::Refused(reasons) => {
                let reasons = reasons.iter();
                reasons
                    .map(|reason| format!("fourfold: refused: {reason}"))
                    .collect()
            }
            Self::Faults(faults) => faults.clone(),
            Self::Output(error) => vec![format!("fourfold: writing the answer: {error}")],
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Daemon(_) | Self::Refused(_) => ExitCode::FAILURE,
            Self::Faults(_) => u8::try_from(EXIT_USAGE).map_or(ExitCode::FAILURE, ExitCode::from),
            // The reader has seen enough (`| head`).
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Output(_) => ExitCode::FAILURE,
        }
    }
}

fn main() -> ExitCode {
    let command = Command::parse();
    match run(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&failure);
            failure.exit_code()
        }
    }
}

fn tell(failure: &Failure) {
    if failure.exit_code() == ExitCode::SUCCESS {
        return;
    }
    let mut stderr = io::stderr().lock();
    for line in failure.lines() {
        // Nothing is left to do when standard error is closed too.
        drop(writeln!(stderr, "{line}"));
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match &command.verb {
        Verb::Show(words) => show(&command.run_dir, words, &mut out)?,
        Verb::Configure(verb) => configure::run(&command.run_dir, verb, &mut out)?,
    }
    Ok(out.flush()?)
}

fn show(run_dir: &Path, show: &Show, out: &mut impl Write) -> Result<(), Failure> {
    let Some(noun) = show.noun() else {
        misuse(&format!("why does not go with {}", show.noun.0.name()));
    };
    if let Some(option) = show.options.misplaced(noun) {
        misuse(&format!("{option} does not go with {}", noun.name()));
    }
    if show.json {
        json::print(run_dir, noun, out)
    } else {
        text::print(run_dir, noun, &show.options, out)
    }
}

fn misuse(text: &str) -> ! {
    Command::command()
        .error(ErrorKind::ArgumentConflict, text)
        .exit()
}
