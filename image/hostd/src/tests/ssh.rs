use control::config::{Management, User};

use super::*;

fn config(addresses: &[&str], password: Option<&str>) -> Config {
    let addresses = addresses.iter().map(|a| a.parse().expect("address"));
    let text = include_str!("../../tests/root/appliance.toml");
    Config {
        management: Some(Management {
            interface: "eth0".to_owned(),
            addresses: addresses.collect(),
            gateway: Vec::new(),
            allow: Vec::new(),
        }),
        users: vec![User {
            name: "admin".to_owned(),
            password: password.map(str::to_owned),
            ssh_key: Vec::new(),
        }],
        ..control::config::parse("test.toml", text).expect("no fault")
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("address")
}

fn server_of(config: &Config, present: &[IpAddr]) -> Option<Program> {
    let keys = [PathBuf::from("/data/ssh/host_key_ed25519")];
    server(Path::new("/run"), &keys, config, present)
}

/// What follows `-p`.
fn listens(program: &Program) -> Vec<&str> {
    let pairs = program.args.windows(2).filter(|pair| pair[0] == "-p");
    pairs.map(|pair| pair[1].as_str()).collect()
}

#[test]
fn it_listens_on_the_management_addresses_that_are_there() {
    let config = config(&["192.0.2.10/24", "2001:db8:7::a/64"], Some("$6$s$h"));
    let both = [ip("192.0.2.10"), ip("2001:db8:7::a"), ip("10.1.0.2")];
    let program = server_of(&config, &both).expect("a program");
    assert_eq!(listens(&program), ["192.0.2.10:22", "[2001:db8:7::a]:22"]);
    let program = server_of(&config, &both[1..]).expect("a program");
    assert_eq!(listens(&program), ["[2001:db8:7::a]:22"]);
    assert_eq!(server_of(&config, &both[2..]), None);
}

#[test]
fn without_a_management_port_or_anybody_who_may_log_in_there_is_none() {
    let whole = config(&["192.0.2.10/24"], None);
    let present = [ip("192.0.2.10")];
    assert!(server_of(&whole, &present).is_some());
    let nobody = Config {
        users: Vec::new(),
        ..whole.clone()
    };
    assert_eq!(server_of(&nobody, &present), None);
    let nowhere = Config {
        management: None,
        ..whole.clone()
    };
    assert_eq!(server_of(&nowhere, &present), None);
    assert_eq!(
        server(Path::new("/run"), &[], &whole, &present),
        None,
        "no host key"
    );
}

#[test]
fn passwords_are_asked_for_only_when_somebody_has_one() {
    let is_asked = |password| {
        let program = server_of(&config(&["192.0.2.10/24"], password), &[ip("192.0.2.10")]);
        !program.expect("a program").args.contains(&"-s".to_owned())
    };
    assert!(is_asked(Some("$6$s$h")));
    assert!(!is_asked(None));
}

#[tokio::test]
#[ignore = "needs dropbear"]
async fn host_keys_are_made_once_and_one_that_makes_no_sense_is_replaced() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path().join("ssh");
    let keys = host_keys(&dir).await.expect("made");
    let read = || keys.iter().map(|key| fs::read(key).expect("a key"));
    let first: Vec<_> = read().collect();
    assert_eq!(host_keys(&dir).await.expect("there"), keys);
    assert_eq!(read().collect::<Vec<_>>(), first, "the same box");
    fs::write(&keys[0], "").expect("spoilt");
    assert_eq!(host_keys(&dir).await.expect("made"), keys);
    let second: Vec<_> = read().collect();
    assert!(!second[0].is_empty() && second[1] == first[1]);
}
