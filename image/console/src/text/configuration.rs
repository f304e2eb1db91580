//! `show configuration`: the text itself, which `commit` takes.

use std::io::Write;

use control::show::ConfigurationItem;

use crate::ask::Answers;
use crate::failure::Failure;

pub(super) fn print(
    items: Answers<ConfigurationItem>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    for item in items {
        writeln!(out, "{}", item?.line)?;
    }
    Ok(())
}
