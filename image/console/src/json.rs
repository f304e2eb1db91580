//! `--json`: what the daemon says, as one document.

use std::io::Write;
use std::path::Path;

use control::show::Noun;
use serde_json::Value;

use crate::ask::ask;
use crate::failure::Failure;

/// Prints `{"noun":[…]}`, an item a line; nothing is kept, so that a million connections fit.
pub(crate) fn print(run_dir: &Path, noun: Noun, out: &mut impl Write) -> Result<(), Failure> {
    let items = ask::<Value>(run_dir, noun)?;
    write!(out, "{{\"{}\":[", noun.name())?;
    let mut separator = "\n";
    for item in items {
        write!(out, "{separator}{}", item?)?;
        separator = ",\n";
    }
    let end = if separator == "\n" { "" } else { "\n" };
    writeln!(out, "{end}]}}")?;
    Ok(())
}
