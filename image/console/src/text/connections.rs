//! `show connections`, laid out as `ipvsadm -Lnc`.

use std::io::Write;

use control::show::ConnectionItem;

use super::COLUMNS;
use crate::ask::Answers;
use crate::failure::Failure;

pub(super) fn print(items: Answers<ConnectionItem>, out: &mut impl Write) -> Result<(), Failure> {
    writeln!(
        out,
        "pro expire state       source             virtual            destination"
    )?;
    for item in items {
        writeln!(out, "{}", line(&item?))?;
    }
    Ok(())
}

/// One connection; its three ends go on lines of their own when one line is too short for them.
fn line(item: &ConnectionItem) -> String {
    let clock = format!("{:02}:{:02}", item.expires / 60, item.expires % 60);
    let protocol = item.protocol.to_uppercase();
    let [client, service, real] = [item.client, item.service, item.real].map(|end| end.to_string());
    let start = format!("{protocol:<3} {clock:<6} {:<11}", item.state);
    let whole = format!("{start} {client:<18} {service:<18} {real}");
    if whole.chars().count() <= COLUMNS {
        whole
    } else {
        format!("{start} {client}\n{:22} {service}\n{:22} {real}", "", "")
    }
}
