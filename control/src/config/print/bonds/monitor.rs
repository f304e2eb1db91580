//! The options of what watches the members.

use super::Page;

pub(super) fn print(page: &mut Page, bond: &bond::Config) {
    let (monitor, default) = (&bond.monitor, bond::MonitorConfig::default());
    page.text_unless(
        default.arp_all_targets,
        "arp_all_targets",
        monitor.arp_all_targets,
    );
    page.bare_unless(default.arp_interval, "arp_interval", monitor.arp_interval);
    page.texts_unless_empty("arp_ip_target", &monitor.arp_ip_target);
    page.bare_unless(
        default.arp_missed_max,
        "arp_missed_max",
        monitor.arp_missed_max,
    );
    page.text_unless(default.arp_validate, "arp_validate", monitor.arp_validate);
    page.texts_unless_empty("ns_ip6_target", &monitor.ns_ip6_target);
    let (damping, default) = (&bond.damping, bond::DampingConfig::default());
    page.bare_unless(default.damping, "damping", damping.damping);
    for (key, value, default) in [
        (
            "damping_half_life",
            damping.damping_half_life,
            default.damping_half_life,
        ),
        (
            "damping_max_hold",
            damping.damping_max_hold,
            default.damping_max_hold,
        ),
        (
            "damping_penalty",
            damping.damping_penalty,
            default.damping_penalty,
        ),
        (
            "damping_reuse",
            damping.damping_reuse,
            default.damping_reuse,
        ),
        (
            "damping_suppress",
            damping.damping_suppress,
            default.damping_suppress,
        ),
    ] {
        page.bare_unless(default, key, value);
    }
}
