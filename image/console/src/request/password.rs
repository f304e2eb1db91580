//! `request password`.

use std::process::Command;

use crate::failure::Failure;
use crate::session::Session;

/// Asks, hashes and commits: the same as at the first boot.
const PROGRAM: &str = "/usr/sbin/login-console";

/// Gives who is logged in another password.
pub(crate) fn run(session: &Session) -> Result<(), Failure> {
    if !super::has_terminal(session) {
        let fault = "request password: at a terminal; a program sets `user NAME password HASH`";
        return Err(Failure::usage(fault.to_owned()));
    }
    let user = std::env::var("USER").unwrap_or_else(|_| "admin".to_owned());
    let status = Command::new(PROGRAM)
        .args(["--change-password", &user])
        .arg("--run-dir")
        .arg(&session.places.run_dir)
        .status()
        .map_err(|error| Failure::Failed(format!("{PROGRAM} cannot be run: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Failed("the password is as it was".to_owned()))
    }
}
