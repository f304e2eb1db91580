//! `commit`, `compare`, `rollback`, `confirm`: changing the configuration by files, through ctld.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use control::calendar::utc;
use control::config;
use control::configure::{self, Commit, Committed, DaemonOutcome};
use control::ipc::Effect;
use control::transaction::TEXT_BYTES;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::grammar::{COMMIT_FILE, Given, JSON, OPERATIONAL, named_number};
use crate::trial::Done;

/// Does what the words say, and prints what came of it.
pub(crate) fn run(
    run_dir: &Path,
    words: &[&str],
    out: &mut impl Write,
) -> Result<Option<Done>, Failure> {
    let owned: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let is_json = owned.last().is_some_and(|word| word == JSON);
    match words {
        ["commit", file, ..] => commit(run_dir, file, owned.get(2..).unwrap_or_default(), out),
        ["compare", file, ..] => {
            compare(run_dir, file, is_json, out)?;
            Ok(None)
        }
        ["rollback", commits, ..] => {
            let commits = named_number(OPERATIONAL, "rollback", commits)?;
            let commit = configure::rollback(run_dir, commits)?;
            if is_json {
                print_json("rollback", &document(&commit), out)?;
                return Ok(done(&commit));
            }
            print_commit(&commit, Confirming::Anywhere, out)
        }
        _ => {
            let id = configure::confirm(run_dir)?;
            if is_json {
                print_json("confirm", &json!({ "id": id }), out)?;
            } else {
                writeln!(out, "commit {id} stays")?;
            }
            Ok(Some(Done::Confirmed(id)))
        }
    }
}

fn commit(
    run_dir: &Path,
    file: &str,
    options: &[String],
    out: &mut impl Write,
) -> Result<Option<Done>, Failure> {
    let given = Given::read(COMMIT_FILE, options);
    let (confirmed, comment) = (given.number("--confirmed")?, given.text("--comment"));
    let (name, text) = read(file)?;
    let commit = configure::commit(run_dir, &name, &text, confirmed, comment)?;
    if given.has(JSON) {
        print_json("commit", &document(&commit), out)?;
        return Ok(done(&commit));
    }
    print_commit(&commit, Confirming::Anywhere, out)
}

fn compare(run_dir: &Path, file: &str, is_json: bool, out: &mut impl Write) -> Result<(), Failure> {
    let (name, text) = read(file)?;
    let changes = configure::compare(run_dir, &name, &text)?;
    if is_json {
        return print_json("compare", &json!(changes), out);
    }
    for change in changes {
        writeln!(out, "{change}")?;
    }
    Ok(())
}

/// The text of `file`, and what faults are to call it.
fn read(file: &str) -> Result<(String, String), Failure> {
    let is_stdin = file == "-";
    let name = if is_stdin { "stdin" } else { file }.to_owned();
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

/// What a commit on trial is kept with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirming {
    /// From any command line.
    Anywhere,
    /// At this prompt.
    Here,
}

fn document(commit: &Commit) -> Value {
    let Commit {
        notes,
        committed,
        daemons,
    } = commit;
    json!({ "notes": notes, "committed": committed, "daemons": daemons })
}

/// What a session is to remember of a commit.
fn done(commit: &Commit) -> Option<Done> {
    let committed = commit.committed.as_ref()?;
    Some(Done::Committed {
        id: committed.id,
        confirm_by: committed.confirm_by,
    })
}

/// Prints what came of a commit.
pub(crate) fn print_commit(
    commit: &Commit,
    confirming: Confirming,
    out: &mut impl Write,
) -> Result<Option<Done>, Failure> {
    for note in &commit.notes {
        writeln!(out, "{note}")?;
    }
    match &commit.committed {
        None => writeln!(out, "nothing changes: it is the running configuration")?,
        Some(committed) => print_committed(committed, &commit.daemons, confirming, out)?,
    }
    Ok(done(commit))
}

fn print_committed(
    committed: &Committed,
    daemons: &[DaemonOutcome],
    confirming: Confirming,
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
        let confirm = match confirming {
            Confirming::Anywhere => "fourfold confirm",
            Confirming::Here => "confirm",
        };
        writeln!(out, "goes back at {by} unless {confirm} is given")?;
    }
    Ok(())
}
