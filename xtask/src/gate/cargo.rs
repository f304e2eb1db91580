//! Cargo's part of the gate: what it says is shown, and counted.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;

/// How many things held and how many did not, and the lines that say why not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// What held.
    pub passed: usize,
    /// What did not.
    pub failed: usize,
    /// Why not, as it was said.
    pub reasons: Vec<String>,
}

impl Counts {
    /// One thing that held.
    pub const ONE: Self = Self {
        passed: 1,
        failed: 0,
        reasons: Vec::new(),
    };
}

/// Runs cargo for one thing.
pub fn cargo(arguments: &[&str]) -> Result<Counts> {
    let status = workspace::cargo()?
        .args(arguments)
        .status()
        .context("starting cargo")?;
    ensure!(
        status.success(),
        "cargo {} ended with {status}",
        arguments.join(" ")
    );
    Ok(Counts::ONE)
}

/// What is to be tested: the variable that tells the tests where it is, and where it is.
pub type Subject<'s> = (&'s str, &'s Path);

/// Runs `cargo test`, lets its output through, and adds up its results.
pub fn cargo_test(arguments: &[&str], subjects: &[Subject<'_>]) -> Result<Counts> {
    added_up(test(arguments, subjects)?)
}

/// As [`cargo_test`], where figures are to be proved.
pub fn cargo_prove(arguments: &[&str], subjects: &[Subject<'_>]) -> Result<Counts> {
    let mut command = test(arguments, subjects)?;
    command.env(::tests::prove::PROVE, "1");
    added_up(command)
}

fn test(arguments: &[&str], subjects: &[Subject<'_>]) -> Result<Command> {
    let mut command = workspace::cargo()?;
    command.args(["test", "--no-fail-fast"]).args(arguments);
    for (variable, path) in subjects {
        command.env(variable, absolute(path)?);
    }
    Ok(command)
}

fn added_up(command: Command) -> Result<Counts> {
    let (counts, success) = counted(command)?;
    if !success && counts.failed == 0 {
        bail!("cargo test could not run every test");
    }
    Ok(counts)
}

fn counted(mut command: Command) -> Result<(Counts, bool)> {
    // A test that ends with an error says so on the other stream.
    let (output, input) = std::io::pipe().context("a pipe for cargo test's output")?;
    let errors = input
        .try_clone()
        .context("a pipe for cargo test's output")?;
    command.stdout(input).stderr(errors);
    // An error's own words are enough; its trace would bury them.
    command.env("RUST_LIB_BACKTRACE", "0");
    let mut child = command.spawn().context("starting cargo test")?;
    // Its ends of the pipe are closed with it.
    drop(command);
    let mut counts = Counts::default();
    let mut reason_lines = 0;
    for line in BufReader::new(output).lines() {
        let line = line.context("reading cargo test's output")?;
        println!("{line}");
        if let Some((passed, failed)) = result_line(&line) {
            counts.passed += passed;
            counts.failed += failed;
        }
        if begins_reason(&line) {
            reason_lines = REASON_LINES;
        }
        if reason_lines > 0 {
            reason_lines -= 1;
            counts.reasons.push(line);
        }
    }
    let status = child.wait().context("waiting for cargo test")?;
    Ok((counts, status.success()))
}

/// So many lines from the first one on tell why a test failed.
const REASON_LINES: usize = 6;

fn begins_reason(line: &str) -> bool {
    line.starts_with("Error: ")
        || line.contains("' panicked at ")
        || line.contains(") panicked at ")
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("resolving {}", path.display()))
}

/// `test result: ok. 16 passed; 0 failed; 3 ignored; …`
fn result_line(line: &str) -> Option<(usize, usize)> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number = |word: &str| {
        let part = counts.split("; ").find(|part| part.ends_with(word))?;
        part.split(' ').next()?.parse().ok()
    };
    Some((number("passed")?, number("failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_added_and_other_lines_are_not() {
        let line = "test result: FAILED. 16 passed; 2 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.03s";
        assert_eq!(result_line(line), Some((16, 2)));
        assert_eq!(result_line("test a_thing ... ok"), None);
    }

    #[test]
    fn a_failed_tests_reason_is_counted_with_it_from_either_stream() {
        let mut tests = Command::new("sh");
        tests.args([
            "-c",
            "echo 'test a ... ok'; echo 'Error: no link' >&2; \
             echo 'test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out'; exit 1",
        ]);
        let (counts, success) = counted(tests).expect("run");
        assert_eq!((counts.passed, counts.failed, success), (1, 1, false));
        assert_eq!(
            counts.reasons.first().map(String::as_str),
            Some("Error: no link")
        );
    }
}
