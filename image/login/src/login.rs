//! Who are you?

use std::io;

use sys::clock::monotonic_nanos;

use crate::console::Console;
use crate::door::Door;

/// Asks for a name and its password until they are right; gives the name. None when meanwhile nobody has a
/// password any more.
///
/// # Errors
/// When nobody is there any more.
pub fn login(console: &Console, mut door: Door) -> io::Result<Option<String>> {
    let terminal = &console.terminal;
    let mut penalty = console.penalty();
    console.pay(&penalty)?;
    loop {
        let name = terminal.ask(&format!("{} login: ", door.host()))?;
        let name = name.trim();
        if name.is_empty() {
            door = console.door()?;
            continue;
        }
        let password = terminal.ask_secret("Password: ")?;
        door = console.door()?;
        if !door.is_locked() {
            return Ok(None);
        }
        if door.lets_in(name, &password) {
            console.keep(&Default::default());
            console.record(&format!("{name} logged in"));
            return Ok(Some(name.to_owned()));
        }
        penalty.failed(monotonic_nanos());
        console.keep(&penalty);
        // A name that nobody has may be a password that was typed too early.
        let who = if door.knows(name) {
            name
        } else {
            "nobody known"
        };
        let count = penalty.failures();
        console.record(&format!("wrong password of {who}, {count} in a row,"));
        console.pay(&penalty)?;
        terminal.say("Login incorrect\n\n")?;
    }
}
