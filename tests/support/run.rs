//! Running programs. Every failure names the command, how it ended and what it said.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::interrupt;

/// Where administration programs live; a root shell's `PATH` does not always have them.
const SYSTEM_PATHS: &str = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";

/// A command whose `PATH` also covers the administration directories.
pub fn program(name: &str) -> Command {
    interrupt::checkpoint();
    let mut command = Command::new(name);
    command.env("PATH", search_path());
    command
}

/// Whether `name` is an executable on the search path.
pub fn is_installed(name: &str) -> bool {
    search_path()
        .split(':')
        .any(|directory| std::path::Path::new(directory).join(name).is_file())
}

/// Runs `command` to its end and returns its standard output; a failing exit status is an error
/// that carries what the command wrote.
pub fn output(command: &mut Command) -> Result<String> {
    let described = describe(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{described}`"))?;
    checked(&described, &output)
}

/// As [`output`], with `input` on standard input.
pub fn output_with_input(command: &mut Command, input: &str) -> Result<String> {
    let described = describe(command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{described}`"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(input.as_bytes())
            .with_context(|| format!("writing to `{described}`"))?;
    }
    let output = child
        .wait_with_output()
        .with_context(|| format!("waiting for `{described}`"))?;
    checked(&described, &output).with_context(|| format!("input was:\n{input}"))
}

fn checked(described: &str, output: &Output) -> Result<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{described}` ended with {}: {}{}",
            output.status,
            said.trim(),
            text.trim()
        );
    }
    Ok(text)
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

fn search_path() -> String {
    match std::env::var("PATH") {
        Ok(path) => format!("{path}:{SYSTEM_PATHS}"),
        Err(_) => SYSTEM_PATHS.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_reports_its_name_status_and_words() {
        let error = output(program("sh").args(["-c", "echo broken >&2; exit 3"])).unwrap_err();
        let text = format!("{error:#}");
        assert!(
            text.contains("sh -c") && text.contains('3') && text.contains("broken"),
            "{text}"
        );
    }

    #[test]
    fn a_command_that_ends_well_returns_its_output() {
        assert_eq!(
            output_with_input(&mut program("cat"), "abc").unwrap(),
            "abc"
        );
    }
}
