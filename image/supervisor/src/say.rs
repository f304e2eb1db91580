//! A line of the log from a program that is no daemon of the table, such as the console's login.

use serde::Deserialize;

use crate::log::{Log, MAX_LINE};

/// The longest name of who says something.
const MAX_NAME: usize = 16;

/// Who says what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say {
    who: String,
    text: String,
}

impl Say {
    /// Puts it into the log, if user `uid` may speak there.
    ///
    /// # Errors
    /// For another user than root, and for a name that is none, or a daemon's: with the reason.
    pub fn log(&self, uid: u32, daemons: &[String], log: &Log) -> Result<(), String> {
        if uid != 0 {
            return Err(format!("the log is root's to write, not user {uid}'s"));
        }
        let who = self.who.as_str();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if who.is_empty() || who.len() > MAX_NAME || !who.chars().all(is_name) {
            let legal = format!("1 to {MAX_NAME} of a to z, 0 to 9 and -");
            return Err(format!("who = {who:?}: {legal}"));
        }
        if who == "supervisor" || daemons.iter().any(|daemon| daemon == who) {
            return Err(format!("who = {who:?}: it speaks for itself"));
        }
        let text: String = self.text.chars().filter(|c| !c.is_control()).collect();
        let end = text.floor_char_boundary(MAX_LINE);
        log.line(who, &text[..end]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(who: &str, text: &str, uid: u32) -> Result<String, String> {
        let log = Log::default();
        let say = Say {
            who: who.to_owned(),
            text: text.to_owned(),
        };
        say.log(uid, &["lvsd".to_owned()], &log)?;
        let events = log.events.borrow();
        let event = events.all().next().expect("a line");
        assert_eq!(event.daemon, who);
        Ok(event.text.clone())
    }

    #[test]
    fn root_says_one_line_of_bounded_length() {
        assert_eq!(
            said("login", "wrong password", 0),
            Ok("wrong password".into())
        );
        assert_eq!(said("login", "a\nb\u{1b}[2J", 0), Ok("ab[2J".into()));
        let long = said("login", &"é".repeat(MAX_LINE), 0).expect("a line");
        assert_eq!(long.len(), MAX_LINE);
    }

    #[test]
    fn nobody_else_speaks_and_nobody_for_a_daemon() {
        assert!(said("login", "x", 1000).is_err());
        for who in ["", "lvsd", "supervisor", "Login", "a b", &"x".repeat(17)] {
            assert!(said(who, "x", 0).is_err(), "{who:?}");
        }
    }
}
