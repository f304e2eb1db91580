//! Multicast Listener Discovery: the version 2 report (RFC 3810 5.2), as a host sends it of its own
//! accord. Queries are the kernel's.
//!
//! ```text
//! type=143 reserved=0 checksum(2) reserved(2) records(2) record…
//! record: kind=2 (MODE_IS_EXCLUDE) aux=0 sources(2)=0 group(16)
//! ```

use core::net::Ipv6Addr;

use crate::{checksum, protocol};

/// Where reports go (RFC 3810 5.2.14).
pub const REPORTS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);

/// The most groups of one report: it fits the smallest MTU of IPv6, with its headers.
pub const GROUPS_MAX: usize = 48;

/// The longest report.
pub const REPORT_MAX: usize = HEAD + GROUPS_MAX * RECORD;

const HEAD: usize = 8;
const RECORD: usize = 20;
const V2_REPORT: u8 = 143;
/// All sources but none: any-source membership.
const MODE_IS_EXCLUDE: u8 = 2;

/// A report of these groups with its checksum, from this address to [`REPORTS`]; those beyond
/// [`GROUPS_MAX`] are left out.
#[must_use]
pub fn report(source: Ipv6Addr, groups: &[Ipv6Addr]) -> heapless::Vec<u8, REPORT_MAX> {
    let groups = groups.get(..GROUPS_MAX).unwrap_or(groups);
    let [count_high, count_low] = u16::try_from(groups.len()).unwrap_or(0).to_be_bytes();
    let head = [V2_REPORT, 0, 0, 0, 0, 0, count_high, count_low];
    let records = groups
        .iter()
        .flat_map(|group| [MODE_IS_EXCLUDE, 0, 0, 0].into_iter().chain(group.octets()));
    let mut report: heapless::Vec<u8, REPORT_MAX> = head.into_iter().chain(records).collect();
    let checksum = checksum::transport_v6(source, REPORTS, protocol::ICMPV6, &report);
    for (place, byte) in report.iter_mut().skip(2).zip(checksum.to_be_bytes()) {
        *place = byte;
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

    #[test]
    fn a_report_has_a_record_for_each_group_and_a_right_checksum() {
        let report = report(SOURCE, &[GROUP]);
        assert_eq!(report.len(), 28);
        assert_eq!((report[0], &report[6..8]), (143, &[0, 1][..]));
        assert_eq!(report[8..12], [2, 0, 0, 0]);
        assert_eq!(report[12..], GROUP.octets());
        let sum = checksum::transport_v6(SOURCE, REPORTS, protocol::ICMPV6, &report);
        assert_eq!(sum, 0, "over data with a right checksum");
    }

    #[test]
    fn more_groups_than_fit_are_left_out() {
        let report = report(SOURCE, &[GROUP; GROUPS_MAX + 1]);
        assert_eq!(report.len(), REPORT_MAX);
        assert!(report.len() + 48 <= 1_280);
    }
}
