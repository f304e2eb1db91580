//! The first boot: nobody has a password, and who sits at the console gives the administrator one.

use std::io;

use control::config;

use crate::console::Console;
use crate::door::ADMIN;
use crate::{password, secret};

/// Asks for the administrator's first password, and a key, and commits them.
///
/// # Errors
/// When nobody is there any more.
pub fn set_password(console: &Console) -> io::Result<()> {
    let terminal = &console.terminal;
    terminal.say("This box has no password yet: nobody can log in.\n")?;
    let password = password::ask(terminal, ADMIN)?;
    let hash = secret::hash(&password)?;
    let key = ask_key(console, &hash)?;
    // Somebody may have been faster, at another console.
    let door = console.door()?;
    if door.is_locked() {
        return terminal.say("There is a password by now: this one was not set.\n");
    }
    let text = door.text_with(ADMIN, &hash, key.as_deref());
    // A daemon that is away is waited for.
    terminal.say("Setting it.\n")?;
    match password::commit(console, &door, &text, "the first password")? {
        Ok(()) => {
            console.record(&format!("the first password of {ADMIN} was set"));
            terminal.say("The password is set.\n")
        }
        Err(why) => terminal.say(&format!("{why}\nThe password is not set.\n")),
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
        let text = console.door()?.text_with(ADMIN, hash, Some(key));
        match config::parse("the key", &text) {
            Ok(_) => return Ok(Some(key.to_owned())),
            Err(faults) => {
                let legal = faults.first().map_or("", |fault| fault.legal.as_str());
                terminal.say(&format!("This is none. Legal is {legal}\n"))?;
            }
        }
    }
}
