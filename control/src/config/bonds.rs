//! `[bond.NAME]`: Linux bonding's options, under Linux's names.

mod adaptive;
mod balance;
mod damping;
mod fail_over_mac;
mod lacp;
mod micro_bfd;
pub(super) mod modes;
mod monitor;
mod weight;

use bond::{
    AdSelect, ArpAllTargets, ArpValidate, FailOverMac, Fallback, LacpRate, MAX_MEMBERS, MAX_MTU,
    Mapping, MemberConfig, Mode, PrimaryReselect, XmitHashPolicy,
};
use toml::de::DeValue;

use super::section::{Legal, Section};
use super::value::{
    INTERFACE_LEGAL, Word, addresses, integer, interface, is_interface, numbered, one_of, switch,
    unicast_mac,
};
use super::vlans::{self, Vlan};

/// The longest of Linux's delays and periods, in milliseconds.
const MOST_MS: u32 = i32::MAX.unsigned_abs();

/// An option of the bonding engine with a closed list of words.
trait Choice: Copy + 'static {
    /// Each word with Linux's number.
    fn words() -> Vec<Word<Self>>;
}

macro_rules! choice {
    ($($name:ident),+) => {
        $(impl Choice for $name {
            fn words() -> Vec<Word<Self>> {
                Self::ALL.iter().map(|v| numbered(v.name(), v.number(), *v)).collect()
            }
        })+
    };
}

choice!(
    AdSelect,
    ArpAllTargets,
    ArpValidate,
    FailOverMac,
    Fallback,
    LacpRate,
    Mapping,
    Mode,
    PrimaryReselect,
    XmitHashPolicy
);

fn choice<T: Choice>(value: &DeValue<'_>) -> Legal<T> {
    one_of(&T::words(), value)
}

/// The bonds, and the VLANs on them.
pub(super) fn read(root: &Section<'_, '_>) -> (Vec<bond::Config>, Vec<Vlan>) {
    let (mut bonds, mut vlans) = (Vec::new(), Vec::new());
    for (name, table) in root.named("bond") {
        let own = vlans::read(&name, &table);
        let mut bond = read_bond(&name, &table);
        monitor::place(&own, &mut bond);
        bonds.push(bond);
        vlans.extend(own);
    }
    (bonds, vlans)
}

/// What could be read of one bond; what could not stands at its default, and is a fault.
fn read_bond(name: &str, table: &Section<'_, '_>) -> bond::Config {
    if !is_interface(name) {
        table.fault_here(format!("the bond's name is {INTERFACE_LEGAL}"));
    }
    let words: Vec<&str> = Mode::ALL.iter().map(|mode| mode.name()).collect();
    let mode = table.required("mode", &words.join(" | "), choice::<Mode>);
    let members = read_members(table, mode);
    if let Some(mode) = mode.filter(|_| table.is_whole()) {
        modes::check(table, mode, modes::OPTIONS);
    }
    let mut config = bond::Config::new(name, mode.unwrap_or(Mode::Ieee8023ad), &[]);
    config.members = members;
    config.micro_bfd = micro_bfd::read(table, mode);
    read_common(table, &mut config);
    balance::read(table, &mut config);
    adaptive::read(table, &mut config);
    monitor::read(table, mode, &mut config);
    damping::read(table, &mut config);
    read_lacp(table, &mut config);
    lacp::read(table, &mut config);
    if let Some(value) = table.value("primary_reselect", choice) {
        config.primary_reselect = value;
    }
    config.primary = table.value("primary", interface);
    fail_over_mac::read(table, &mut config);
    read_announcements(table, &mut config);
    if table.is_whole() {
        check_primary(table, &config);
        check_delays(table, &config);
        weight::check(table, &config);
    }
    config
}

fn read_members(table: &Section<'_, '_>, mode: Option<Mode>) -> Vec<MemberConfig> {
    let mut members: Vec<MemberConfig> = Vec::new();
    let legal = format!("1 to {MAX_MEMBERS} interface names: [\"eth1\", \"eth2\"]");
    let names = std::cell::RefCell::new(Vec::new());
    table.require("members", &legal);
    let listed = table.list("members", |value| {
        let name = interface(value)?;
        if names.borrow().contains(&name) {
            return Err("each member once".to_owned());
        }
        names.borrow_mut().push(name.clone());
        Ok(name)
    });
    if table
        .value("members", |v| Ok(v.as_array().map(|a| a.len())))
        .flatten()
        == Some(0)
        || listed.len() > MAX_MEMBERS
    {
        table.fault("members", legal);
    }
    for name in listed {
        members.push(MemberConfig::new(&name));
    }
    read_member_options(table, mode, &mut members);
    members
}

fn read_member_options(table: &Section<'_, '_>, mode: Option<Mode>, members: &mut [MemberConfig]) {
    for (name, options) in table.named("member") {
        if let Some(mode) = mode.filter(|_| table.is_whole()) {
            modes::check(&options, mode, modes::MEMBER_OPTIONS);
        }
        let port_priority = options.value("actor_port_prio", |v| integer(0..=u16::MAX, "", v));
        let weight = weight::read(&options);
        let prio = options.value("prio", |v| integer(i32::MIN..=i32::MAX, "", v));
        match members.iter_mut().find(|member| member.name == name) {
            Some(member) => {
                member.port_priority = port_priority.unwrap_or(member.port_priority);
                member.prio = prio.unwrap_or(member.prio);
                member.weight = weight;
            }
            None if !table.is_whole() && is_interface(&name) => {}
            None => options.fault_here("options of an interface that members lists"),
        }
    }
}

fn read_common(table: &Section<'_, '_>, config: &mut bond::Config) {
    let ms = |value: &_| integer(0..=MOST_MS, "ms", value);
    config.miimon = table.value("miimon", ms).unwrap_or(config.miimon);
    config.updelay = table.value("updelay", ms).unwrap_or(config.updelay);
    config.downdelay = table.value("downdelay", ms).unwrap_or(config.downdelay);
    config.mtu = table
        .value("mtu", |v| integer(68..=MAX_MTU, "bytes", v))
        .unwrap_or(config.mtu);
    config.mac = table.value("mac", unicast_mac);
    config.addresses = addresses(table);
}

fn read_lacp(table: &Section<'_, '_>, config: &mut bond::Config) {
    if let Some(value) = table.value("lacp_rate", choice) {
        config.lacp_rate = value;
    }
    if let Some(value) = table.value("ad_select", choice) {
        config.ad_select = value;
    }
    config.lacp_active = table
        .value("lacp_active", switch)
        .unwrap_or(config.lacp_active);
    let (most, unit) = if table.is_whole() {
        let members = config.members.len();
        (members.max(1), format!("(there are {members} members)"))
    } else {
        (MAX_MEMBERS, String::new())
    };
    let most = u8::try_from(most).unwrap_or(u8::MAX);
    config.min_links = table
        .value("min_links", |v| integer(0..=most, &unit, v))
        .unwrap_or(config.min_links);
    config.ad_actor_sys_prio = table
        .value("ad_actor_sys_prio", |v| integer(1..=u16::MAX, "", v))
        .unwrap_or(config.ad_actor_sys_prio);
    config.ad_actor_system = table.value("ad_actor_system", unicast_mac);
    config.ad_user_port_key = table
        .value("ad_user_port_key", |v| integer(0..=1023, "", v))
        .unwrap_or(config.ad_user_port_key);
}

fn read_announcements(table: &Section<'_, '_>, config: &mut bond::Config) {
    let times = |value: &_| integer(0..=u8::MAX, "times", value);
    config.num_grat_arp = table
        .value("num_grat_arp", times)
        .unwrap_or(config.num_grat_arp);
    config.resend_igmp = table
        .value("resend_igmp", times)
        .unwrap_or(config.resend_igmp);
    config.peer_notif_delay = table
        .value("peer_notif_delay", |v| integer(0..=300_000, "ms", v))
        .unwrap_or(config.peer_notif_delay);
}

fn check_primary(table: &Section<'_, '_>, config: &bond::Config) {
    let Some(primary) = &config.primary else {
        return;
    };
    if !config.members.iter().any(|member| member.name == *primary) {
        let names: Vec<&str> = config
            .members
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        table.fault(
            "primary",
            format!("a member of the bond: {}", names.join(" | ")),
        );
    }
}

fn check_delays(table: &Section<'_, '_>, config: &bond::Config) {
    for (key, delay) in [("updelay", config.updelay), ("downdelay", config.downdelay)] {
        if config.miimon == 0 && delay > 0 {
            table.fault(key, "0, or any with miimon set");
        }
    }
}
