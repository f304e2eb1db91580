//! `clear counters`.

use std::io::{self, Write as _};
use std::path::Path;

use control::ipc::{Request, client::PATIENCE};

use crate::failure::Failure;
use crate::order::order;

/// The daemons that count.
const COUNTING: [&str; 2] = ["lvsd", "vrrpd"];

/// Has what `show` counts begin anew; one that does not answer keeps the others from nothing.
pub(crate) fn counters(run_dir: &Path) -> Result<(), Failure> {
    let orders = COUNTING.map(|daemon| (daemon, order(run_dir, daemon, &Request::Clear, PATIENCE)));
    let mut first = Ok(());
    for (daemon, done) in orders {
        match done {
            Ok(()) => writeln!(io::stdout(), "{daemon}: counts from here on")?,
            Err(error) if first.is_ok() => first = Err(error.into()),
            // Nothing is left to do when standard error is closed.
            Err(error) => drop(writeln!(io::stderr(), "fourfold: {error}")),
        }
    }
    first
}
