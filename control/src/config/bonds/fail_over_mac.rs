//! `fail_over_mac`: whose MAC the bond has.

use bond::FailOverMac;
use bond::config::MAC_OF_ACTIVE;

use super::super::section::Section;

pub(super) fn read(table: &Section<'_, '_>, config: &mut bond::Config) {
    if let Some(value) = table.value("fail_over_mac", super::choice) {
        config.fail_over_mac = value;
    }
    let is_given = config.fail_over_mac == FailOverMac::Active && config.mac.is_some();
    if table.is_whole() && is_given {
        table.fault("mac", MAC_OF_ACTIVE);
    }
}
