//! `show version`: a line for each thing, then what is wrong with the box.

use std::io::Write;

use control::show::VersionItem;

use super::harmless;
use crate::ask::Answers;
use crate::failure::Failure;

pub(super) fn print(items: Answers<VersionItem>, out: &mut impl Write) -> Result<(), Failure> {
    for item in items {
        let item = item?;
        writeln!(out, "Fourfold {} on Linux {}", item.version, item.kernel)?;
        writeln!(out, "Host name  {}", harmless(&item.host_name))?;
        writeln!(out, "Slot       {}", item.slot.as_deref().unwrap_or("-"))?;
        writeln!(out, "Uptime     {}", uptime(item.uptime_s))?;
        for notice in &item.notices {
            writeln!(out, "Notice     {}", harmless(notice))?;
        }
    }
    Ok(())
}

fn uptime(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{days} d {hours:02}:{minutes:02}:{seconds:02}")
}
