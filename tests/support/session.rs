//! An operator at the serial console of an appliance: logs in, types, reads.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::qemu::Serial;
use crate::wait;

/// The password that tests give the administrator.
pub const PASSWORD: &str = "correct horse";

/// How long a box may take from power on to its login, with two busy processors underneath.
pub const BOOTS: Duration = Duration::from_secs(180);

/// How long a command may take.
const ANSWERS: Duration = Duration::from_secs(60);

/// Somebody who is logged in.
#[derive(Debug)]
pub struct Session<'s> {
    serial: &'s mut Serial,
}

/// What the box asks who comes to its console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// To set the administrator's password: nobody has.
    FirstBoot,
    /// Who it is.
    Login,
}

/// Waits for the box to ask.
pub fn door(serial: &mut Serial, bound: Duration) -> Result<Door> {
    let asked = [FIRST_BOOT, LOGIN];
    let (which, _) = serial.expect_any(&asked, bound)?;
    Ok(if which == 0 {
        Door::FirstBoot
    } else {
        Door::Login
    })
}

const FIRST_BOOT: &str = "Set the password of admin:";
const LOGIN: &str = " login: ";

impl<'s> Session<'s> {
    /// Waits for the login, or for the first boot's questions, and answers them.
    pub fn open(serial: &'s mut Serial) -> Result<Self> {
        match door(serial, BOOTS)? {
            Door::FirstBoot => Self::first(serial),
            Door::Login => Self::login(serial, PASSWORD),
        }
    }

    /// Answers the first boot's questions, of which the first has been asked, and logs in.
    pub fn first(serial: &'s mut Serial) -> Result<Self> {
        serial.send_line(PASSWORD)?;
        serial.expect("again:", ANSWERS)?;
        serial.send_line(PASSWORD)?;
        serial.expect("SSH public key (empty: none):", ANSWERS)?;
        serial.send_line("")?;
        serial.expect(LOGIN, ANSWERS)?;
        Self::login(serial, PASSWORD)
    }

    /// Answers the login that the box has asked for.
    pub fn login(serial: &'s mut Serial, password: &str) -> Result<Self> {
        serial.send_line("admin")?;
        serial.expect("Password: ", ANSWERS)?;
        serial.send_line(password)?;
        let mut session = Self { serial };
        // The password is not echoed, only the end of its line.
        let welcome = session.answer("", ANSWERS);
        welcome.context("waiting for the shell's prompt")?;
        Ok(session)
    }

    /// Goes on where an earlier session of this console stopped: at its prompt.
    pub fn resumed(serial: &'s mut Serial) -> Result<Self> {
        let mut session = Self { serial };
        session.run("")?;
        Ok(session)
    }

    /// Types a line and returns what was said until the next prompt.
    pub fn run(&mut self, line: &str) -> Result<String> {
        self.run_within(line, ANSWERS)
    }

    /// As [`Session::run`], for what takes longer.
    pub fn run_within(&mut self, line: &str, bound: Duration) -> Result<String> {
        self.serial.send_line(line)?;
        self.answer(line, bound)
            .with_context(|| format!("after `{line}`"))
    }

    /// As [`Session::run`], again and again as long as the daemon that knows is still starting.
    pub fn run_when_ready(&mut self, line: &str) -> Result<String> {
        wait::until_ok(ANSWERS, || {
            let said = self.run(line)?;
            ensure!(!said.contains(" is not running ("), "{said}");
            Ok(said)
        })
    }

    /// As [`Session::run`], again and again until what is said has `wanted` in it.
    pub fn run_until(&mut self, line: &str, wanted: &str) -> Result<String> {
        wait::until_ok(ANSWERS, || {
            let said = self.run(line)?;
            ensure!(
                said.contains(wanted),
                "no {wanted:?} in what was said:\n{said}"
            );
            Ok(said)
        })
    }

    /// Types lines one after another; one that is answered is a line that was refused.
    pub fn run_all<'l>(&mut self, lines: impl IntoIterator<Item = &'l str>) -> Result<()> {
        for line in lines {
            let said = self.run(line)?;
            if !said.trim().is_empty() {
                bail!("`{line}` was answered by:\n{said}");
            }
        }
        Ok(())
    }

    /// Makes a configuration of `lines` from within `configure`, and commits it.
    pub fn configure<'l>(&mut self, lines: impl IntoIterator<Item = &'l str>) -> Result<String> {
        self.run_when_ready("configure")?;
        self.run_all(lines)?;
        let said = self.run("commit")?;
        self.run("exit")?;
        Ok(said)
    }

    /// Types a line without waiting for anything.
    pub fn type_only(&mut self, line: &str) -> Result<()> {
        self.serial.send_line(line)
    }

    /// Waits for `wanted` in what the box says.
    pub fn expect(&mut self, wanted: &str, bound: Duration) -> Result<String> {
        self.serial.expect(wanted, bound)
    }

    fn answer(&mut self, typed: &str, bound: Duration) -> Result<String> {
        self.serial.expect_where(bound, |new| {
            let rest = new.get(echo(new, typed)?..)?;
            let said = rest.get(..prompt(rest)?)?.to_owned();
            Some((new.len(), said))
        })
    }
}

/// Where the echo of `typed` ends in `text`: a long line is broken at the screen's edge, and comes in
/// several.
fn echo(text: &str, typed: &str) -> Option<usize> {
    /// So many of its last characters tell the line's end.
    const TAIL: usize = 6;
    let tail = typed.get(typed.len().saturating_sub(TAIL)..)?;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if line.strip_suffix('\n')?.ends_with(tail) {
            return Some(end);
        }
    }
    None
}

/// Where the prompt begins that `text` ends with: a host name, `>` or `#`, and a blank, on a line of
/// their own.
fn prompt(text: &str) -> Option<usize> {
    let at = text.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(at..)?;
    let name = line
        .strip_suffix("> ")
        .or_else(|| line.strip_suffix("# "))?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (!name.is_empty() && name.chars().all(is_name)).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_ends_with_what_was_typed_be_it_broken_or_not() {
        assert_eq!(echo("lb1> show bond\nBond bond0", "show bond"), Some(15));
        assert_eq!(
            echo("lb1> set a lo\nng line\nno", "set a long line"),
            Some(22)
        );
        assert_eq!(echo("\nwelcome", ""), Some(1));
        assert_eq!(echo("lb1> show bo", "show bond"), None, "it goes on");
    }

    #[test]
    fn a_prompt_is_a_name_and_its_sign_at_the_very_end() {
        assert_eq!(prompt("Bond bond0\nlb1> "), Some(11));
        assert_eq!(prompt("lb1# "), Some(0));
        assert_eq!(prompt("lb1> sh"), None, "somebody types");
        assert_eq!(prompt("a line > "), None, "not a name");
        assert_eq!(prompt("lb1> \nmore"), None);
    }
}
