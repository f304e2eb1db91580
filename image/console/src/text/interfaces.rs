//! `show interfaces`: one line each, its addresses below.

use std::io::Write;

use control::show::InterfaceItem;

use super::harmless;
use super::table::{Cell, figure, print as print_table, word};
use crate::ask::Answers;
use crate::failure::Failure;

const HEADER: [&str; 6] = ["Interface", "Link", "Speed", "MTU", "MAC", "For"];

pub(super) fn print(items: Answers<InterfaceItem>, out: &mut impl Write) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for item in items {
        let item = item?;
        rows.push(row(&item));
        rows.extend(item.addresses.iter().map(|a| vec![word(format!("  {a}"))]));
    }
    Ok(print_table(out, &HEADER, &rows)?)
}

fn row(item: &InterfaceItem) -> Vec<Cell> {
    let link = match (item.up, item.carrier) {
        (false, _) => "off",
        (true, false) => "down",
        (true, true) => "up",
    };
    let speed = item.speed.map_or_else(|| "-".to_owned(), |s| s.to_string());
    vec![
        word(&item.name),
        word(link),
        figure(speed),
        figure(item.mtu),
        word(item.mac.as_deref().unwrap_or("-")),
        word(harmless(&item.role)),
    ]
}
