//! A password that is to be set: asked for twice, and committed.

use std::io;
use std::time::{Duration, Instant};

use control::configure::{self, ConfigureError};
use control::ipc::ClientError;

use crate::console::Console;
use crate::door::Door;
use crate::terminal::Terminal;

/// The fewest characters of a password.
const FEWEST: usize = 8;
/// And the most bytes.
const MOST: usize = 256;
/// How long ctld may be away.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked for.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks for a password of `user`, until it is one and is the same twice.
///
/// # Errors
/// When nobody is there any more.
pub fn ask(terminal: &Terminal, user: &str) -> io::Result<String> {
    loop {
        let password = terminal.ask_secret(&format!("Set the password of {user}: "))?;
        if password.chars().count() < FEWEST {
            terminal.say(&format!("A password has at least {FEWEST} characters.\n"))?;
        } else if password.len() > MOST {
            terminal.say(&format!("A password has at most {MOST} bytes.\n"))?;
        } else if terminal.ask_secret("The same again: ")? == password {
            return Ok(password);
        } else {
            terminal.say("These were not the same.\n")?;
        }
    }
}

/// Makes `text` the running configuration in place of the door's, as soon as ctld is there; or says why not.
///
/// # Errors
/// When nobody is there any more.
pub fn commit(
    console: &Console,
    door: &Door,
    text: &str,
    comment: &str,
) -> io::Result<Result<(), String>> {
    let until = Instant::now() + PATIENCE;
    let mut is_told = false;
    loop {
        let run_dir = &console.places.run_dir;
        let (base, file) = (door.text(), console.name.as_str());
        let committed = configure::commit_from(run_dir, &base, file, text, None, Some(comment));
        let error = match committed {
            Ok(_) => return Ok(Ok(())),
            Err(error) => error,
        };
        let is_away = matches!(
            error,
            ConfigureError::Client(ClientError::Unreachable { .. })
        );
        if !is_away || Instant::now() >= until {
            return Ok(Err(error.to_string()));
        }
        if !is_told {
            console
                .terminal
                .say("Waiting for the configuration daemon.\n")?;
            is_told = true;
        }
        console.terminal.wait(AGAIN)?;
    }
}
