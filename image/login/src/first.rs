//! The first boot: nobody has a password, and who sits at the console gives the administrator one.

use std::io;
use std::time::{Duration, Instant};

use control::config;
use control::configure::{self, ConfigureError};
use control::ipc::ClientError;

use crate::console::Console;
use crate::door::{ADMIN, Door};
use crate::secret;

/// The fewest characters of a password.
const FEWEST: usize = 8;
/// And the most bytes.
const MOST: usize = 256;
/// How long ctld may be away.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked for.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks for the administrator's first password, and a key, and commits them.
///
/// # Errors
/// When nobody is there any more.
pub fn set_password(console: &Console) -> io::Result<()> {
    let terminal = &console.terminal;
    let password = ask_password(console)?;
    let hash = secret::hash(&password)?;
    let key = ask_key(console, &hash)?;
    // Somebody may have been faster, at another console.
    let door = console.door()?;
    if door.is_locked() {
        return terminal.say("There is a password by now: this one was not set.\n");
    }
    let text = door.text_with(&hash, key.as_deref());
    // A daemon that is away is waited for.
    terminal.say("Setting it.\n")?;
    match commit(console, &door, &text)? {
        Ok(()) => {
            console.record(&format!("the first password of {ADMIN} was set"));
            terminal.say("The password is set.\n")
        }
        Err(why) => terminal.say(&format!("{why}\nThe password is not set.\n")),
    }
}

fn ask_password(console: &Console) -> io::Result<String> {
    let terminal = &console.terminal;
    terminal.say("This box has no password yet: nobody can log in.\n")?;
    loop {
        let password = terminal.ask_secret(&format!("Set the password of {ADMIN}: "))?;
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

/// A key that a configuration may have; none when none is given.
fn ask_key(console: &Console, hash: &str) -> io::Result<Option<String>> {
    let terminal = &console.terminal;
    loop {
        let key = terminal.ask("SSH public key (empty: none): ")?;
        let key = key.trim();
        if key.is_empty() {
            return Ok(None);
        }
        let text = console.door()?.text_with(hash, Some(key));
        match config::parse("the key", &text) {
            Ok(_) => return Ok(Some(key.to_owned())),
            Err(faults) => {
                let legal = faults.first().map_or("", |fault| fault.legal.as_str());
                terminal.say(&format!("This is none. Legal is {legal}\n"))?;
            }
        }
    }
}

/// Makes it the running configuration, as soon as ctld is there; or says why not.
fn commit(console: &Console, door: &Door, text: &str) -> io::Result<Result<(), String>> {
    let until = Instant::now() + PATIENCE;
    let mut is_told = false;
    loop {
        let run_dir = &console.places.run_dir;
        let comment = Some("the first password");
        let file = console.name.as_str();
        let error = match configure::commit_from(run_dir, &door.text(), file, text, None, comment) {
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
