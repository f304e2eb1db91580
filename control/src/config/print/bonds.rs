//! `[bond.NAME]`.

mod adaptive;
mod monitor;

use bond::{Config, MemberConfig, MicroBfd, Mode};

use super::Page;
use crate::config::section::join;

pub(super) fn print(page: &mut Page, bond: &Config) {
    let path = join("bond", &bond.name);
    let default = Config::new(&bond.name, bond.mode, &[]);
    page.table(&path);
    page.text("mode", bond.mode);
    page.texts("members", bond.members.iter().map(|member| &member.name));
    page.texts_unless_empty("addresses", &bond.addresses);
    page.bare_unless(
        default.all_members_active,
        "all_members_active",
        bond.all_members_active,
    );
    page.bare_unless(default.downdelay, "downdelay", bond.downdelay);
    if let Some(mac) = bond.mac {
        page.text("mac", mac);
    }
    page.bare_unless(default.miimon, "miimon", bond.miimon);
    page.bare_unless(default.mtu, "mtu", bond.mtu);
    page.bare_unless(default.updelay, "updelay", bond.updelay);
    monitor::print(page, bond);
    print_mode(page, bond, &default);
    for member in &bond.members {
        page.optional_table(&join(&join(&path, "member"), &member.name));
        print_member(page, member);
    }
    if let Some(micro_bfd) = &bond.micro_bfd {
        page.table(&join(&path, "micro_bfd"));
        print_micro_bfd(page, micro_bfd);
    }
}

/// The options that not every mode has.
fn print_mode(page: &mut Page, bond: &Config, default: &Config) {
    match bond.mode {
        Mode::BalanceRr => {
            page.bare_unless(
                default.packets_per_member,
                "packets_per_member",
                bond.packets_per_member,
            );
            page.bare_unless(default.resend_igmp, "resend_igmp", bond.resend_igmp);
        }
        Mode::BalanceXor => {
            page.text_unless(default.mapping, "mapping", bond.mapping);
            print_policy(page, bond, default);
        }
        Mode::Broadcast => {}
        Mode::ActiveBackup => print_active_backup(page, bond, default),
        Mode::Ieee8023ad => print_8023ad(page, bond, default),
        Mode::BalanceTlb | Mode::BalanceAlb => adaptive::print(page, bond, default),
    }
}

fn print_member(page: &mut Page, member: &MemberConfig) {
    let plain = MemberConfig::new("");
    page.bare_unless(plain.port_priority, "actor_port_prio", member.port_priority);
    page.bare_unless(plain.prio, "prio", member.prio);
    if let Some(weight) = member.weight {
        page.bare("weight", weight);
    }
}

fn print_micro_bfd(page: &mut Page, micro_bfd: &MicroBfd) {
    let default = MicroBfd::new(micro_bfd.local_address, micro_bfd.remote_address);
    page.text("local_address", micro_bfd.local_address);
    page.text("remote_address", micro_bfd.remote_address);
    page.bare_unless(default.min_rx, "min_rx", micro_bfd.min_rx);
    page.bare_unless(default.min_tx, "min_tx", micro_bfd.min_tx);
    page.bare_unless(default.multiplier, "multiplier", micro_bfd.multiplier);
}

fn print_active_backup(page: &mut Page, bond: &Config, default: &Config) {
    page.text_unless(default.fail_over_mac, "fail_over_mac", bond.fail_over_mac);
    page.bare_unless(default.num_grat_arp, "num_grat_arp", bond.num_grat_arp);
    page.bare_unless(
        default.peer_notif_delay,
        "peer_notif_delay",
        bond.peer_notif_delay,
    );
    print_primary(page, bond, default);
    page.bare_unless(default.resend_igmp, "resend_igmp", bond.resend_igmp);
}

fn print_primary(page: &mut Page, bond: &Config, default: &Config) {
    if let Some(primary) = &bond.primary {
        page.text("primary", primary);
    }
    page.text_unless(
        default.primary_reselect,
        "primary_reselect",
        bond.primary_reselect,
    );
}

fn print_8023ad(page: &mut Page, bond: &Config, default: &Config) {
    page.bare_unless(
        default.ad_actor_sys_prio,
        "ad_actor_sys_prio",
        bond.ad_actor_sys_prio,
    );
    if let Some(system) = bond.ad_actor_system {
        page.text("ad_actor_system", system);
    }
    page.text_unless(default.ad_select, "ad_select", bond.ad_select);
    page.bare_unless(
        default.ad_user_port_key,
        "ad_user_port_key",
        bond.ad_user_port_key,
    );
    page.bare_unless(
        default.broadcast_neighbor,
        "broadcast_neighbor",
        bond.broadcast_neighbor,
    );
    page.bare_unless(
        default.coupled_control,
        "coupled_control",
        bond.coupled_control,
    );
    page.text_unless(default.fallback, "fallback", bond.fallback);
    page.bare_unless(
        default.fallback_delay,
        "fallback_delay",
        bond.fallback_delay,
    );
    page.bare_unless(default.lacp_active, "lacp_active", bond.lacp_active);
    page.bare_unless(
        default.lacp_max_bundle,
        "lacp_max_bundle",
        bond.lacp_max_bundle,
    );
    page.text_unless(default.lacp_rate, "lacp_rate", bond.lacp_rate);
    page.bare_unless(default.lacp_strict, "lacp_strict", bond.lacp_strict);
    page.text_unless(default.mapping, "mapping", bond.mapping);
    page.bare_unless(default.min_links, "min_links", bond.min_links);
    print_policy(page, bond, default);
}

fn print_policy(page: &mut Page, bond: &Config, default: &Config) {
    page.text_unless(
        default.xmit_hash_policy,
        "xmit_hash_policy",
        bond.xmit_hash_policy,
    );
}
