extern crate std;

use std::string::ToString;
use std::vec::Vec;

use super::{Config, MemberConfig, Mode, XmitHashPolicy};

fn parse(text: &str) -> Result<Config, std::string::String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn bond() -> Config {
    Config::new("bond0", Mode::Ieee8023ad, &["eth1", "eth2"])
}

fn faulty_keys(config: &Config) -> Vec<&'static str> {
    config.faults().iter().map(|fault| fault.key).collect()
}

#[test]
fn what_is_not_said_has_linuxs_default() {
    let mut config = parse(r#"{"mode": "802.3ad", "members": ["eth1", "eth2"]}"#).expect("legal");
    config.name = "bond0".into();
    assert_eq!(config, bond());
}

#[test]
fn linuxs_numbers_are_words_too() {
    let text = r#"{"mode": 4, "members": ["eth1"], "xmit_hash_policy": 1}"#;
    let config = parse(text).expect("legal");
    assert_eq!(config.mode, Mode::Ieee8023ad);
    assert_eq!(config.xmit_hash_policy, XmitHashPolicy::Layer34);
}

#[test]
fn a_member_may_be_a_name_or_a_table() {
    let text = r#"{"mode": 1, "members": ["eth1", {"name": "eth2", "prio": -5}]}"#;
    let members = parse(text).expect("legal").members;
    let second = MemberConfig {
        prio: -5,
        ..MemberConfig::new("eth2")
    };
    assert_eq!(members, [MemberConfig::new("eth1"), second]);
}

#[test]
fn unknown_words_keys_and_numbers_are_refused_with_what_is_legal() {
    let refused = parse(r#"{"mode": "trunk", "members": []}"#).expect_err("no such mode");
    assert!(
        refused.contains("balance-rr active-backup balance-xor broadcast 802.3ad"),
        "{refused}"
    );
    assert!(parse(r#"{"mode": 9, "members": []}"#).is_err());
    assert!(parse(r#"{"mode": 1, "members": [], "miimom": 100}"#).is_err());
}

#[test]
fn what_is_printed_parses_to_the_same() {
    let config = Config {
        primary: Some("eth2".into()),
        addresses: ["10.1.0.2/24", "2001:db8:1::2/64"]
            .map(|a| a.parse().expect("legal"))
            .into(),
        ..bond()
    };
    let text = serde_json::to_string(&config).expect("serialisable");
    let parsed = parse(&text).expect("legal");
    assert_eq!(
        Config {
            name: "bond0".into(),
            ..parsed
        },
        config
    );
}

#[test]
fn a_bond_in_range_has_no_fault() {
    assert_eq!(bond().faults(), []);
    assert_eq!(
        Config {
            miimon: 100,
            updelay: 200,
            min_links: 2,
            ..bond()
        }
        .faults(),
        []
    );
}

#[test]
fn each_value_out_of_range_is_one_fault() {
    let twice = Config::new("bond0", Mode::ActiveBackup, &["eth1", "eth1"]);
    assert_eq!(faulty_keys(&twice), ["members"]);
    assert_eq!(
        faulty_keys(&Config::new("bond0", Mode::ActiveBackup, &[])),
        ["members"]
    );
    let bad = Config {
        name: "a name with spaces".into(),
        primary: Some("eth9".into()),
        updelay: 5,
        min_links: 3,
        ad_actor_sys_prio: 0,
        ad_user_port_key: 1024,
        mac: Some(wire::Mac::BROADCAST),
        mtu: 20,
        ..bond()
    };
    let keys = "name primary updelay min_links ad_actor_sys_prio ad_user_port_key mac mtu";
    assert_eq!(faulty_keys(&bad).join(" "), keys);
}

#[test]
fn an_mtu_is_legal_up_to_nine_thousand() {
    for (mtu, keys) in [(67, "mtu"), (68, ""), (9_000, ""), (9_001, "mtu")] {
        let bond = Config { mtu, ..bond() };
        assert_eq!(faulty_keys(&bond).join(" "), keys, "{mtu}");
    }
}

#[test]
fn at_most_as_many_members_may_carry_as_must_and_no_limit_is_legal() {
    for (min_links, lacp_max_bundle, keys) in [
        (0, 0, ""),
        (2, 0, ""),
        (2, 2, ""),
        (0, 1, ""),
        (2, 1, "lacp_max_bundle"),
        (0, 17, "lacp_max_bundle"),
    ] {
        let bond = Config {
            min_links,
            lacp_max_bundle,
            ..bond()
        };
        assert_eq!(faulty_keys(&bond).join(" "), keys, "{lacp_max_bundle}");
    }
}
