//! Another password, for who is logged in: `request password`.

use std::io;

use crate::console::Console;
use crate::{password, secret};

/// Asks for another password of `user` and commits it. Whether it is set.
///
/// # Errors
/// When nobody is there any more.
pub fn change_password(console: &Console, user: &str) -> io::Result<bool> {
    let terminal = &console.terminal;
    if !console.door()?.knows(user) {
        terminal.say(&format!(
            "There is no user {user}: legal is one of the configuration's\n"
        ))?;
        return Ok(false);
    }
    let hash = secret::hash(&password::ask(terminal, user)?)?;
    let door = console.door()?;
    let text = door.text_with(user, &hash, None);
    match password::commit(console, &door, &text, "another password")? {
        Ok(()) => {
            console.record(&format!("the password of {user} was changed"));
            terminal.say("The password is set.\n")?;
            Ok(true)
        }
        Err(why) => {
            terminal.say(&format!("{why}\nThe password is not set.\n"))?;
            Ok(false)
        }
    }
}
