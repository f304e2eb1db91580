//! `show daemons`.

use std::io::Write;

use control::ipc::Items;
use control::show::DaemonItem;

use super::COLUMNS;
use super::table::{figure, print as print_table, word};
use crate::Failure;

pub(super) fn print(items: Items<DaemonItem>, out: &mut impl Write) -> Result<(), Failure> {
    let (mut rows, mut ends) = (Vec::new(), Vec::new());
    for item in items {
        let item = item?;
        rows.push(vec![
            word(&item.name),
            word(&item.state),
            figure(span(item.age().as_secs())),
            figure(
                item.pid
                    .map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            ),
            figure(item.restarts),
        ]);
        ends.extend(
            item.last_exit
                .map(|how| format!("{} last ended: {how}", item.name)),
        );
    }
    print_table(
        out,
        &["Daemon", "State", "For", "Process", "Restarts"],
        &rows,
    )?;
    for end in ends {
        writeln!(out, "{}", cut(&end))?;
    }
    Ok(())
}

/// Seconds as `DAYSd HH:MM:SS`.
fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let clock = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if days > 0 {
        format!("{days}d {clock}")
    } else {
        clock
    }
}

/// A line that fits the page.
fn cut(line: &str) -> String {
    if line.chars().count() <= COLUMNS {
        return line.trim_end().to_owned();
    }
    line.chars().take(COLUMNS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_show_only_when_there_are_some() {
        assert_eq!(span(86_399), "23:59:59");
        assert_eq!(span(93_784), "1d 02:03:04");
    }
}
