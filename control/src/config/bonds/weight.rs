//! The weights of members, which mapping `resilient` apportions buckets by.

use bond::Mapping;
use bond::config::weight::MOST;

use super::super::section::Section;
use super::super::value::integer;

/// A member's weight.
pub(super) fn read(options: &Section<'_, '_>) -> Option<u8> {
    options.value("weight", |v| integer(1..=MOST, "", v))
}

/// Weights that nothing would be apportioned by are faults.
pub(super) fn check(table: &Section<'_, '_>, config: &bond::Config) {
    if config.mapping == Mapping::Resilient {
        return;
    }
    for (_, options) in table.named("member") {
        if options.has("weight") {
            options.fault("weight", "not set, or any with mapping = \"resilient\"");
        }
    }
}
