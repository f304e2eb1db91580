//! `show ports`.

use std::io::Write;

use control::show::PortItem;

use super::table::{figure, print as print_table, word};
use super::{Options, number};
use crate::ask::Answers;
use crate::failure::Failure;

const HEADER: &[&str] = &[
    "Bond", "Port", "Queue", "XDP", "Link", "RxFrames", "RxBytes", "TxFrames", "TxBytes",
];

pub(super) fn print(
    items: Answers<PortItem>,
    options: &Options,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (mut rows, mut losses) = (Vec::new(), Vec::new());
    for item in items {
        let item = item?;
        let count = |value| figure(number(value, options.exact));
        rows.push(vec![
            word(&item.bond),
            word(&item.name),
            figure(item.queue),
            word(&item.mode),
            word(link(&item)),
            count(item.rx_frames),
            count(item.rx_bytes),
            count(item.tx_frames),
            count(item.tx_bytes),
        ]);
        losses.extend(loss(&item));
    }
    print_table(out, HEADER, &rows)?;
    for line in losses {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn link(item: &PortItem) -> &'static str {
    match (item.missing, item.carrier) {
        (true, _) => "missing",
        (false, true) => "up",
        (false, false) => "down",
    }
}

/// What a port lost, by counter; none when it lost nothing.
fn loss(item: &PortItem) -> Option<String> {
    let counters = [
        ("rx_dropped", item.rx_dropped),
        ("rx_ring_full", item.rx_ring_full),
        ("rx_fill_ring_empty", item.rx_fill_ring_empty),
        ("tx_ring_full", item.tx_ring_full),
    ];
    let lost: Vec<String> = counters
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("\n  {name} {count}"))
        .collect();
    (!lost.is_empty()).then(|| format!("{} queue {}:{}", item.name, item.queue, lost.concat()))
}
