//! `show daemons`.

use std::io::Write;

use control::ipc::Items;
use control::show::DaemonItem;

use super::table::{figure, print as print_table, word};
use crate::Failure;

pub(super) fn print(items: Items<DaemonItem>, out: &mut impl Write) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for item in items {
        let item = item?;
        rows.push(vec![
            word(item.name),
            word(item.state),
            figure(
                item.pid
                    .map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            ),
            figure(item.ready_ms.map_or_else(|| "-".to_owned(), span)),
            figure(item.restarts),
            figure(item.stored),
        ]);
    }
    print_table(
        out,
        &[
            "Daemon",
            "State",
            "Process",
            "Ready for",
            "Restarts",
            "Stored",
        ],
        &rows,
    )?;
    Ok(())
}

/// Milliseconds as `DAYSd HH:MM:SS`.
fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let clock = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if days > 0 {
        format!("{days}d {clock}")
    } else {
        clock
    }
}
