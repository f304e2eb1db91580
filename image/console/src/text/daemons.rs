//! `show daemons`.

use std::io::Write;

use control::show::DaemonItem;

use super::table::{figure, print as print_table, word};
use super::{cut, harmless};
use crate::ask::Answers;
use crate::failure::Failure;
use crate::time::span;

pub(super) fn print(items: Answers<DaemonItem>, out: &mut impl Write) -> Result<(), Failure> {
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
        writeln!(out, "{}", cut(&harmless(&end)))?;
    }
    Ok(())
}
