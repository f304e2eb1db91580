//! `[bond.NAME.micro_bfd]`: BFD on each member (RFC 7130).

use bond::{MicroBfd, Mode};

use super::super::section::Section;
use super::super::value::{address, integer};
use super::modes::missing_in;

const ENDS: &str = "a unicast IP address, which the other end is configured with";

/// What could be read of a bond's micro-BFD; what could not is a fault.
pub(super) fn read(bond: &Section<'_, '_>, mode: Option<Mode>) -> Option<MicroBfd> {
    let table = bond.section("micro_bfd")?;
    if let Some(mode) = mode.filter(|mode| bond.is_whole() && !MicroBfd::MODES.contains(mode)) {
        table.fault_here(missing_in(mode, MicroBfd::MODES));
    }
    let local_address = table.required("local_address", ENDS, address);
    let remote_address = table.required("remote_address", ENDS, address);
    let interval = |key: &str| {
        let interval = table.value(key, |value| integer(MicroBfd::INTERVALS, "ms", value));
        interval.unwrap_or(MicroBfd::INTERVAL)
    };
    let (min_tx, min_rx) = (interval("min_tx"), interval("min_rx"));
    let multiplier = table.value("multiplier", |value| integer(1..=u8::MAX, "packets", value));
    let micro_bfd = MicroBfd {
        local_address: local_address?,
        remote_address: remote_address?,
        min_tx,
        min_rx,
        multiplier: multiplier.unwrap_or(MicroBfd::MULTIPLIER),
    };
    if table.is_whole() && !micro_bfd.is_pair() {
        let legal = format!(
            "another address of the family of {}",
            micro_bfd.local_address
        );
        table.fault("remote_address", legal);
    }
    Some(micro_bfd)
}
