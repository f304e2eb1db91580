//! `show history`: a line for each commit, and its comment below it.

use std::io::Write;

use control::calendar::utc;
use control::show::{HistoryItem, Standing};

use super::table::{figure, print as print_table, word};
use super::{cut, harmless, wrap};
use crate::ask::Answers;
use crate::failure::Failure;

const HEADER: &[&str] = &["Rollback", "Commit", "Made", "User", "Standing", "Lines"];

pub(super) fn print(items: Answers<HistoryItem>, out: &mut impl Write) -> Result<(), Failure> {
    let items: Vec<HistoryItem> = items.collect::<Result<_, _>>()?;
    let rows: Vec<_> = items
        .iter()
        .map(|item| {
            vec![
                figure(item.rollback),
                figure(item.commit),
                word(utc(item.unix)),
                word(harmless(&item.user)),
                word(standing(item)),
                word(format!("+{} -{}", item.added, item.removed)),
            ]
        })
        .collect();
    let mut table = Vec::new();
    print_table(&mut table, HEADER, &rows)?;
    let table = String::from_utf8_lossy(&table);
    let mut lines = table.lines();
    writeln!(out, "{}", lines.next().unwrap_or_default())?;
    for (line, item) in lines.zip(&items) {
        writeln!(out, "{}", cut(line))?;
        if let Some(comment) = &item.comment {
            let comment = harmless(comment);
            writeln!(out, "{}", wrap("          ", 10, comment.split(' ')))?;
        }
    }
    Ok(())
}

const fn standing(item: &HistoryItem) -> &'static str {
    match (item.standing, item.rollback) {
        (Standing::Plain, _) => "-",
        (Standing::Trial, 0) => "on trial",
        (Standing::Trial, _) => "went back",
        (Standing::Confirmed, _) => "confirmed",
    }
}
