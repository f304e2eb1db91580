//! `request reboot`, `poweroff`, `factory-reset`, `support`, `password`, `active-member`.

pub(crate) mod active_member;
mod password;
mod support;

use std::io::{self, IsTerminal as _, Write as _};

use control::ipc::client::PATIENCE;
use serde::Serialize;

use crate::failure::Failure;
use crate::lines::Answer;
use crate::order::order;
use crate::session::Session;

const SUPERVISOR: &str = "supervisor";

/// The supervisor's word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Request(Wish),
}

/// What is to become of the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Wish {
    Reboot,
    PowerOff,
    FactoryReset,
}

impl Wish {
    const fn question(self) -> &'static str {
        match self {
            Self::Reboot => "Reboot the box?",
            Self::PowerOff => "Power the box off?",
            Self::FactoryReset => "Erase configuration, users, keys and logs, and reboot?",
        }
    }

    const fn told(self) -> &'static str {
        match self {
            Self::Reboot => "the box reboots",
            Self::PowerOff => "the box powers off",
            Self::FactoryReset => "the box is erased and reboots",
        }
    }
}

/// Does what is requested; `is_sure` answers the question.
pub(crate) fn run(session: &mut Session, what: &str, is_sure: bool) -> Result<(), Failure> {
    let wish = match what {
        "reboot" => Wish::Reboot,
        "poweroff" => Wish::PowerOff,
        "factory-reset" => Wish::FactoryReset,
        "password" => return password::run(session),
        _ => return support::run(session),
    };
    if !is_sure && !agrees(session, what, wish.question())? {
        writeln!(io::stdout(), "nothing is done")?;
        return Ok(());
    }
    let run_dir = &session.places.run_dir;
    order(run_dir, SUPERVISOR, &Request::Request(wish), PATIENCE)?;
    writeln!(io::stdout(), "{}", wish.told())?;
    Ok(())
}

fn agrees(session: &mut Session, what: &str, question: &str) -> Result<bool, Failure> {
    if session.person.is_some() {
        return Ok(session.ask(question)? == Answer::Yes);
    }
    if !has_terminal(session) {
        let fault = format!("request {what}: --yes where nobody can be asked");
        return Err(Failure::usage(fault));
    }
    write!(io::stdout(), "{question} (yes/no) ")?;
    io::stdout().flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim() == "yes")
}

/// Whether somebody sits there who can be asked.
fn has_terminal(session: &Session) -> bool {
    !session.is_script() && io::stdin().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_spelt_as_agreed() {
        let text = |wish| serde_json::to_string(&Request::Request(wish)).expect("a record");
        assert_eq!(text(Wish::Reboot), r#"{"request":"reboot"}"#);
        assert_eq!(text(Wish::PowerOff), r#"{"request":"power_off"}"#);
        assert_eq!(text(Wish::FactoryReset), r#"{"request":"factory_reset"}"#);
    }
}
