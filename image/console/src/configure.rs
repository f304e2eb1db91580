//! `commit`, `compare`, `rollback`, `confirm`: changing the configuration, through ctld.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use control::calendar::utc;
use control::config;
use control::configure::{self, Commit, Committed, DaemonOutcome};
use control::ipc::Effect;
use control::transaction::TEXT_BYTES;
use serde_json::{Value, json};

use crate::Failure;

/// A change of the configuration.
#[derive(Subcommand, Debug)]
pub(crate) enum Configure {
    /// Make a file the running configuration
    Commit {
        /// The configuration; - reads standard input
        file: PathBuf,

        /// Roll back by itself unless confirmed within so many minutes
        #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
        confirmed: Option<u32>,

        /// A word for the history
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,

        #[command(flatten)]
        form: Form,
    },

    /// Show what committing a file would change
    Compare {
        /// The configuration; - reads standard input
        file: PathBuf,

        #[command(flatten)]
        form: Form,
    },

    /// Make the configuration of some commits ago the running one
    Rollback {
        /// How many commits ago: 1 undoes the last one
        #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        commits: u32,

        #[command(flatten)]
        form: Form,
    },

    /// Keep the commit that is on trial
    Confirm {
        #[command(flatten)]
        form: Form,
    },
}

/// How an answer is printed.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Form {
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// Does what the operator wants and prints what came of it.
pub(crate) fn run(run_dir: &Path, verb: &Configure, out: &mut impl Write) -> Result<(), Failure> {
    match verb {
        Configure::Commit {
            file,
            confirmed,
            comment,
            form,
        } => {
            let (name, text) = read(file)?;
            let comment = comment.as_deref();
            let commit = configure::commit(run_dir, &name, &text, *confirmed, comment)?;
            print_commit(&commit, "commit", *form, out)
        }
        Configure::Compare { file, form } => {
            let (name, text) = read(file)?;
            let changes = configure::compare(run_dir, &name, &text)?;
            if form.json {
                return print_json("compare", &json!(changes), out);
            }
            for change in changes {
                writeln!(out, "{change}")?;
            }
            Ok(())
        }
        Configure::Rollback { commits, form } => {
            let commit = configure::rollback(run_dir, *commits)?;
            print_commit(&commit, "rollback", *form, out)
        }
        Configure::Confirm { form } => {
            let id = configure::confirm(run_dir)?;
            if form.json {
                return print_json("confirm", &json!({ "id": id }), out);
            }
            writeln!(out, "commit {id} stays")?;
            Ok(())
        }
    }
}

/// The text of `file`, and what faults are to call it.
fn read(file: &Path) -> Result<(String, String), Failure> {
    let is_stdin = file.as_os_str() == "-";
    let name = if is_stdin {
        "stdin".to_owned()
    } else {
        file.display().to_string()
    };
    let bytes = if is_stdin {
        at_most(io::stdin().lock())
    } else {
        File::open(file).and_then(at_most)
    };
    let fault = |what: String| Failure::Faults(vec![format!("{name}: {what}")]);
    let bytes = bytes.map_err(|error| fault(format!("a file that can be read ({error})")))?;
    if bytes.len() > TEXT_BYTES {
        return Err(fault(format!("a file of at most {TEXT_BYTES} bytes")));
    }
    let text = config::text(&name, bytes);
    let text = text.map_err(|fault| Failure::Faults(vec![fault.to_string()]))?;
    Ok((name, text))
}

/// All bytes, or one more than are any use.
fn at_most(from: impl Read) -> io::Result<Vec<u8>> {
    let most = u64::try_from(TEXT_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn print_json(verb: &str, value: &Value, out: &mut impl Write) -> Result<(), Failure> {
    writeln!(out, "{}", json!({ verb: value }))?;
    Ok(())
}

fn print_commit(
    commit: &Commit,
    verb: &str,
    form: Form,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let Commit {
        notes,
        committed,
        daemons,
    } = commit;
    if form.json {
        let value = json!({ "notes": notes, "committed": committed, "daemons": daemons });
        return print_json(verb, &value, out);
    }
    for note in notes {
        writeln!(out, "{note}")?;
    }
    match committed {
        None => writeln!(out, "nothing changes: it is the running configuration")?,
        Some(committed) => print_committed(committed, daemons, out)?,
    }
    Ok(())
}

fn print_committed(
    committed: &Committed,
    daemons: &[DaemonOutcome],
    out: &mut impl Write,
) -> io::Result<()> {
    let Committed {
        id,
        added,
        removed,
        confirm_by,
    } = committed;
    writeln!(out, "commit {id}: lines added {added}, removed {removed}")?;
    for outcome in daemons {
        let became = match (&outcome.missing, outcome.effect) {
            (Some(why), _) => format!("has it when it is started again: {why}"),
            (None, Some(Effect::None)) => "nothing of its own changed".to_owned(),
            (None, Some(Effect::Live)) => "changed while running".to_owned(),
            (None, Some(Effect::Restart)) => "started anew".to_owned(),
            (None, None) => "has it".to_owned(),
        };
        writeln!(out, "  {:<10} {became}", outcome.daemon)?;
    }
    if let Some(by) = confirm_by {
        let by = utc(*by);
        writeln!(out, "goes back at {by} unless fourfold confirm is given")?;
    }
    Ok(())
}
