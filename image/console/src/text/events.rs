//! `show events`: a line each, whole, as a log is read and searched.

use std::io::Write;

use control::calendar::utc_ms;
use control::show::EventItem;

use super::harmless;
use crate::ask::Answers;
use crate::failure::Failure;

pub(super) fn print(items: Answers<EventItem>, out: &mut impl Write) -> Result<(), Failure> {
    for item in items {
        let item = item?;
        let (at, daemon) = (utc_ms(item.unix_ms), &item.daemon);
        writeln!(out, "{at} {daemon}: {}", harmless(item.text.trim_end()))?;
    }
    Ok(())
}
