//! How traffic is dealt out to the members: options of modes that use more than one at a time.

use super::super::section::Section;
use super::super::value::{integer, switch};
use super::choice;

/// Reads what there is; the rest stays as it is.
pub(super) fn read(table: &Section<'_, '_>, config: &mut bond::Config) {
    if let Some(value) = table.value("xmit_hash_policy", choice) {
        config.xmit_hash_policy = value;
    }
    if let Some(value) = table.value("mapping", choice) {
        config.mapping = value;
    }
    if let Some(value) = table.value("packets_per_member", |v| integer(0..=u16::MAX, "", v)) {
        config.packets_per_member = value;
    }
    if let Some(value) = table.value("all_members_active", switch) {
        config.all_members_active = value;
    }
}
