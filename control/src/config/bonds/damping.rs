//! The options of flap damping.

use bond::config::damping::{LONGEST_HALF_LIFE, LONGEST_HOLD, MOST_POINTS};

use super::super::section::Section;
use super::super::value::{integer, switch};

/// Every key that means nothing without `damping`.
const KEYS: &[&str] = &[
    "damping_half_life",
    "damping_max_hold",
    "damping_penalty",
    "damping_reuse",
    "damping_suppress",
];

pub(super) fn read(table: &Section<'_, '_>, config: &mut bond::Config) {
    let damping = &mut config.damping;
    damping.damping = table.value("damping", switch).unwrap_or(damping.damping);
    let points = |first: u32| move |v: &_| integer(first..=MOST_POINTS, "points", v);
    for (key, value, first) in [
        ("damping_penalty", &mut damping.damping_penalty, 1),
        ("damping_reuse", &mut damping.damping_reuse, 1),
        ("damping_suppress", &mut damping.damping_suppress, 2),
    ] {
        *value = table.value(key, points(first)).unwrap_or(*value);
    }
    for (key, value, most) in [
        (
            "damping_half_life",
            &mut damping.damping_half_life,
            LONGEST_HALF_LIFE,
        ),
        (
            "damping_max_hold",
            &mut damping.damping_max_hold,
            LONGEST_HOLD,
        ),
    ] {
        let read = table.value(key, |v| integer(1..=most, "ms", v));
        *value = read.unwrap_or(*value);
    }
    if !table.is_whole() {
        return;
    }
    if !config.damping.damping {
        for key in KEYS.iter().filter(|key| table.has(key)) {
            table.fault(key, "not set, or any with damping = true");
        }
    } else if config.damping.damping_reuse >= config.damping.damping_suppress {
        let key = if table.has("damping_reuse") {
            "damping_reuse"
        } else {
            "damping_suppress"
        };
        let (reuse, suppress) = (
            config.damping.damping_reuse,
            config.damping.damping_suppress,
        );
        table.fault(
            key,
            format!("damping_reuse ({reuse}) less than damping_suppress ({suppress})"),
        );
    }
}
