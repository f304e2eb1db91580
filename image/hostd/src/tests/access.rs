use super::*;

fn management(allow: &[&str]) -> Management {
    Management {
        interface: "eth0".to_owned(),
        addresses: vec!["192.0.2.10/24".parse().expect("address")],
        gateway: Vec::new(),
        allow: allow.iter().map(|a| a.parse().expect("network")).collect(),
    }
}

fn allowing(script: &str) -> Vec<&str> {
    let lines = script.lines().map(str::trim);
    lines.filter(|line| line.contains("saddr")).collect()
}

#[test]
fn without_a_management_port_the_table_is_only_removed() {
    assert_eq!(
        script(None),
        "table inet fourfold\ndelete table inet fourfold\n"
    );
}

#[test]
fn another_table_takes_the_place_of_the_one_before() {
    let script = script(Some(&management(&[])));
    let removed = script.find("delete table").expect("removal");
    assert!(removed < script.find("chain input").expect("the table"));
}

#[test]
fn each_allowed_network_may_open_connections_and_nobody_else() {
    let script = script(Some(&management(&["192.0.2.0/24", "2001:db8::/48"])));
    assert_eq!(
        allowing(&script),
        [
            "ip saddr 192.0.2.0/24 accept",
            "ip6 saddr 2001:db8::/48 accept"
        ]
    );
    assert!(!script.contains("\t\taccept\n"), "{script}");
}

#[test]
fn without_an_allow_list_everybody_may() {
    let script = script(Some(&management(&[])));
    assert_eq!(allowing(&script), [""; 0]);
    assert!(script.contains("\t\taccept\n"), "{script}");
}

#[test]
fn a_name_that_ends_in_a_star_is_no_pattern() {
    let mut odd = management(&[]);
    odd.interface = "eth*".to_owned();
    assert!(script(Some(&odd)).contains(r#"iifname "eth\*" counter"#));
}
