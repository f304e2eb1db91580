//! Running programs of the building machine.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The Debian packages of the programs that are run from the building machine.
const PACKAGES: [(&str, &str); 5] = [
    ("apt-get", "apt"),
    ("cp", "coreutils"),
    ("apt-cache", "apt"),
    ("dpkg-deb", "dpkg"),
    ("strip", "binutils"),
];

/// Runs to the end and returns what was written to standard output.
///
/// # Errors
/// In one line: a program that is not installed with the package that has it, or how it failed.
pub fn output(command: &mut Command) -> Result<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = match command.stdin(Stdio::null()).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!(
                "{name} is not installed: apt-get install {}",
                package(&name)
            )
        }
        done => done.with_context(|| format!("starting {name}"))?,
    };
    if done.status.success() {
        return Ok(done.stdout);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let last = said
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or("it said nothing");
    bail!("{name} ended with {}: {last}", done.status)
}

/// As [`output`], as text.
///
/// # Errors
/// As [`output`], and when it is not UTF-8.
pub fn text(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    String::from_utf8(output(command)?).with_context(|| format!("what {name} wrote"))
}

fn package(program: &str) -> &str {
    PACKAGES
        .iter()
        .find(|(name, _)| *name == program)
        .map_or(program, |(_, package)| package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_named_and_one_that_fails_tells_why_in_one_line() {
        let missing = output(&mut Command::new("fourfold-has-no-such-program"));
        assert_eq!(
            missing.unwrap_err().to_string(),
            "fourfold-has-no-such-program is not installed: apt-get install fourfold-has-no-such-program"
        );
        let failing = output(Command::new("dpkg-deb").args(["--info", "/nonexistent.deb"]));
        let said = failing.unwrap_err().to_string();
        assert!(
            said.starts_with("dpkg-deb ended with exit status: 2: "),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1);
    }
}
