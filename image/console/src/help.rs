//! `help`: what may be typed, and how.

use std::io::Write;

use control::grammar::complete;

use crate::failure::Failure;
use crate::grammar::{PIPES, offers};
use crate::session::Session;

const EDITING: &str = "\
Any word may be shortened while it has one meaning: sh vr is show vrrp.
?        what may stand next          Tab      completes the word
Ctrl-C   drops the line               Ctrl-D   ends the session
Up Down  lines typed before           Ctrl-R   searches them
";

const CONFIGURING: &str = "\
What is typed goes into a candidate, and nothing changes until commit: whole or not
at all, and durable. commit confirmed 5 goes back by itself after five minutes unless
confirm comes, from any session. rollback N only fetches what ran N commits ago into
the candidate; outside this mode, rollback N makes it run at once.
";

/// Prints every word that a line may begin with, and how lines are edited.
pub(crate) fn print(session: &Session, out: &mut impl Write) -> Result<(), Failure> {
    for line in offers(&complete(session.root(), &[], "", &session.names())) {
        writeln!(out, "{line}")?;
    }
    let pipes: Vec<String> = PIPES
        .iter()
        .map(|node| format!("| {}", node.word))
        .collect();
    let pipes = pipes.join("  ");
    writeln!(out, "Behind show, compare and help:  {pipes}")?;
    write!(out, "{EDITING}")?;
    if session.edit.is_some() {
        write!(out, "{CONFIGURING}")?;
    }
    Ok(())
}
