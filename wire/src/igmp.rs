//! IGMP membership reports: version 2 (RFC 2236 section 2) and version 3 (RFC 3376 4.2), as a host sends
//! them of its own accord. Queries are the kernel's.
//!
//! ```text
//! version 2: type=0x16 max resp time=0 checksum(2) group(4)
//! version 3: type=0x22 reserved=0 checksum(2) reserved(2) records(2) record…
//! record:    kind=2 (MODE_IS_EXCLUDE) aux=0 sources(2)=0 group(4)
//! ```

use core::net::Ipv4Addr;

use crate::checksum::Sum;

/// Where version 3 reports go (RFC 3376 4.2.14).
pub const REPORTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

/// The most groups of one version 3 report: it fits the smallest common MTU.
pub const GROUPS_MAX: usize = 64;

/// The longest report.
pub const REPORT_MAX: usize = HEAD + GROUPS_MAX * RECORD;

const HEAD: usize = 8;
const RECORD: usize = 8;
const V2_REPORT: u8 = 0x16;
const V3_REPORT: u8 = 0x22;
/// All sources but none: any-source membership.
const MODE_IS_EXCLUDE: u8 = 2;

/// A version 2 report, which goes to the group itself.
#[must_use]
pub fn v2_report(group: Ipv4Addr) -> [u8; 8] {
    let [a, b, c, d] = group.octets();
    let [high, low] = Sum::new()
        .bytes(&[V2_REPORT, 0, 0, 0, a, b, c, d])
        .checksum()
        .to_be_bytes();
    [V2_REPORT, 0, high, low, a, b, c, d]
}

/// A version 3 report of these groups; those beyond [`GROUPS_MAX`] are left out.
#[must_use]
pub fn v3_report(groups: &[Ipv4Addr]) -> heapless::Vec<u8, REPORT_MAX> {
    let groups = groups.get(..GROUPS_MAX).unwrap_or(groups);
    let [count_high, count_low] = u16::try_from(groups.len()).unwrap_or(0).to_be_bytes();
    let head = [V3_REPORT, 0, 0, 0, 0, 0, count_high, count_low];
    let records = groups.iter().flat_map(|group| {
        let [a, b, c, d] = group.octets();
        [MODE_IS_EXCLUDE, 0, 0, 0, a, b, c, d]
    });
    let mut report: heapless::Vec<u8, REPORT_MAX> = head.into_iter().chain(records).collect();
    let checksum = Sum::new().bytes(&report).checksum().to_be_bytes();
    for (place, byte) in report.iter_mut().skip(2).zip(checksum) {
        *place = byte;
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    const MDNS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

    #[test]
    fn a_version_2_report_is_the_one_that_the_rfc_draws() {
        // 0x1600 + 0xe000 + 0x00fb = 0xf6fb; its complement is the checksum.
        assert_eq!(v2_report(MDNS), [0x16, 0, 0x09, 0x04, 224, 0, 0, 251]);
    }

    #[test]
    fn a_version_3_report_has_a_record_for_each_group_and_a_right_checksum() {
        let report = v3_report(&[MDNS, Ipv4Addr::new(239, 1, 2, 3)]);
        assert_eq!(report.len(), 24);
        assert_eq!(report[..2], [0x22, 0]);
        assert_eq!(report[6..8], [0, 2], "two records");
        assert_eq!(report[8..16], [2, 0, 0, 0, 224, 0, 0, 251]);
        assert_eq!(report[16..], [2, 0, 0, 0, 239, 1, 2, 3]);
        assert_eq!(Sum::new().bytes(&report).checksum(), 0);
    }

    #[test]
    fn more_groups_than_fit_are_left_out() {
        let report = v3_report(&[MDNS; GROUPS_MAX + 1]);
        assert_eq!(report.len(), REPORT_MAX);
        assert_eq!(report[6..8], [0, 64]);
    }
}
