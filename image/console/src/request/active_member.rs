//! `request active-member`: which member of a bond carries the traffic.

use std::io::{self, Write as _};
use std::path::Path;

use control::ipc::{Request, client::PATIENCE};

use crate::failure::Failure;
use crate::order::order;

/// Has bondd make a member the active one.
pub(crate) fn run(run_dir: &Path, bond: &str, member: &str) -> Result<(), Failure> {
    let request = Request::Activate {
        bond: bond.to_owned(),
        member: member.to_owned(),
    };
    order(run_dir, "bondd", &request, PATIENCE)?;
    writeln!(io::stdout(), "{bond}: {member} is active")?;
    Ok(())
}
