//! Which options a mode has: what is given in another mode means nothing there, and is a fault.

use bond::Mode;

use super::super::section::Section;

/// Modes, and the options that they have and others have not. What stands nowhere here, every mode has.
type Rule = (&'static [Mode], &'static [&'static str]);

/// The modes with an active member.
const HAVE_ACTIVE: &[Mode] = &[Mode::ActiveBackup, Mode::BalanceTlb, Mode::BalanceAlb];

/// The options of a bond.
pub(super) const OPTIONS: &[Rule] = &[
    (&[Mode::BalanceRr], &["packets_per_member"]),
    (
        &[Mode::ActiveBackup],
        &[
            "arp_all_targets",
            "fail_over_mac",
            "num_grat_arp",
            "peer_notif_delay",
        ],
    ),
    (HAVE_ACTIVE, &["primary", "primary_reselect"]),
    (
        &[
            Mode::BalanceRr,
            Mode::ActiveBackup,
            Mode::BalanceTlb,
            Mode::BalanceAlb,
        ],
        &["resend_igmp"],
    ),
    (
        &[
            Mode::BalanceRr,
            Mode::ActiveBackup,
            Mode::BalanceXor,
            Mode::Broadcast,
        ],
        &[
            "arp_interval",
            "arp_ip_target",
            "arp_missed_max",
            "arp_validate",
            "ns_ip6_target",
        ],
    ),
    (&[Mode::BalanceXor, Mode::Ieee8023ad], &["mapping"]),
    (
        &[
            Mode::BalanceXor,
            Mode::Ieee8023ad,
            Mode::BalanceTlb,
            Mode::BalanceAlb,
        ],
        &["xmit_hash_policy"],
    ),
    (
        &[Mode::BalanceTlb, Mode::BalanceAlb],
        &["lp_interval", "tlb_dynamic_lb"],
    ),
    (
        &[Mode::Ieee8023ad],
        &[
            "ad_actor_sys_prio",
            "ad_actor_system",
            "ad_select",
            "ad_user_port_key",
            "broadcast_neighbor",
            "coupled_control",
            "fallback",
            "fallback_delay",
            "lacp_active",
            "lacp_max_bundle",
            "lacp_rate",
            "lacp_strict",
            "min_links",
        ],
    ),
];

/// The options of a member.
pub(super) const MEMBER_OPTIONS: &[Rule] = &[
    (HAVE_ACTIVE, &["prio"]),
    (&[Mode::Ieee8023ad], &["actor_port_prio"]),
    (&[Mode::BalanceXor, Mode::Ieee8023ad], &["weight"]),
];

/// Each option that is given although `mode` has none of the name is a fault that names the modes
/// that have it.
pub(super) fn check(table: &Section<'_, '_>, mode: Mode, rules: &[Rule]) {
    for (modes, keys) in rules.iter().filter(|(modes, _)| !modes.contains(&mode)) {
        for key in keys.iter().filter(|key| table.has(key)) {
            table.fault(key, missing_in(mode, modes));
        }
    }
}

pub(super) fn missing_in(mode: Mode, modes: &[Mode]) -> String {
    let names: Vec<String> = modes
        .iter()
        .map(|mode| format!("{} ({})", mode.name(), mode.number()))
        .collect();
    let have = if names.len() == 1 { "has" } else { "have" };
    format!(
        "not set: mode {mode} has no such option, {} {have}",
        names.join(" and ")
    )
}
