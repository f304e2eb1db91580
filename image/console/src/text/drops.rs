//! `show drops`.

use std::io::Write;

use control::show::{DropItem, Fate};

use super::table::{figure, print as print_table, word};
use super::{Options, number};
use crate::ask::Answers;
use crate::failure::Failure;

pub(super) fn print(
    items: Answers<DropItem>,
    options: &Options,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (mut rows, mut silent) = (Vec::new(), 0_u32);
    for item in items {
        let item = item?;
        if item.count == 0 && !options.all {
            silent += 1;
            continue;
        }
        let fate = match item.fate {
            Fate::Drop => "drop",
            Fate::Punt => "punt",
        };
        let count = number(item.count, options.exact);
        rows.push(vec![
            word(item.reason),
            word(item.layer),
            word(fate),
            figure(count),
        ]);
    }
    if !rows.is_empty() {
        print_table(out, &["Reason", "Layer", "Fate", "Frames"], &rows)?;
    }
    if silent > 0 {
        writeln!(
            out,
            "{silent} other reasons never happened (--all lists them)"
        )?;
    }
    Ok(())
}
