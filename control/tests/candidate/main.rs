//! A candidate: as lines and back, edited at random, and what an operator is told.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

mod edits;

use std::fs;
use std::path::Path;

use control::candidate::Candidate;
use control::words::split;

/// The stories of `tests/config` that are legal: as written, and in the canonical form.
fn stories() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    let entries = fs::read_dir(folder).expect("the folder");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "ok"));
    paths.sort();
    assert!(paths.len() > 7);
    let read = |path: &Path| fs::read_to_string(path).expect("the story");
    paths
        .iter()
        .map(|path| (read(&path.with_extension("toml")), read(path)))
        .collect()
}

fn parse(text: &str) -> Candidate {
    Candidate::parse("x.toml", text).expect("legal keys")
}

fn set(candidate: &mut Candidate, line: &str) -> Result<(), String> {
    let words = split(line).expect("closed quotes");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["set", words @ ..] => candidate.set(words),
        ["delete", words @ ..] => candidate.delete(words),
        _ => panic!("{line}"),
    }
}

fn pasted(lines: &[String]) -> Candidate {
    let mut candidate = Candidate::default();
    for line in lines {
        set(&mut candidate, line).expect("a line that was printed");
    }
    candidate
}

fn candidate(lines: &[&str]) -> Candidate {
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    pasted(&lines)
}

fn changes(old: &Candidate, new: &Candidate) -> Vec<String> {
    let changes = new.changes_from(old);
    changes.iter().map(ToString::to_string).collect()
}

fn faults(candidate: &Candidate) -> Vec<String> {
    candidate.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn every_story_is_the_same_by_its_set_lines() {
    for (written, canonical) in stories() {
        let candidate = parse(&written);
        assert_eq!(candidate.to_toml(), canonical);
        assert_eq!(faults(&candidate), [""; 0]);
        let lines = candidate.lines();
        let again = pasted(&lines);
        assert_eq!(again.to_toml(), canonical);
        assert_eq!(again.lines(), lines);
        assert_eq!(parse(&canonical).lines(), lines);
        assert_eq!(changes(&candidate, &again), [""; 0]);
    }
}

#[test]
fn the_lines_of_a_story_are_those_that_an_operator_would_type() {
    let (_, everything) = &stories()[1];
    let lines = parse(everything).lines();
    for line in [
        "set lvs timeouts syn_sent 1",
        "set bond trunk members eth3",
        "set bond trunk member eth2 actor_port_prio 10",
        "set route 10.0.0.0/16 gateway 10.1.0.3",
        "set service web6 real [2001:db8:1::12]:80 weight 3",
        "set service web6 check path \"/health?quick=1\"",
        "set service web6 check status 304",
        "set vrrp inside advert_int 0.1",
        "set vrrp inside track_service web7 weight -53",
    ] {
        assert!(
            lines.iter().any(|other| other == line),
            "{line}: {lines:#?}"
        );
    }
    // Routes and reals stand in the order of their addresses, not of their letters.
    let routes: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("set route"))
        .collect();
    assert!(routes[0].contains("10.0.0.0/8") && routes[1].contains("10.0.0.0/16"));
}

#[test]
fn a_value_replaces_one_and_an_element_joins_others() {
    let mut edited = candidate(&["set lvs queues 2", "set bond b members eth1"]);
    set(&mut edited, "set lvs queues 4").expect("legal");
    set(&mut edited, "set bond b members eth2 eth3 eth1").expect("legal");
    let lines = [
        "set lvs queues 4",
        "set bond b members eth1",
        "set bond b members eth2",
        "set bond b members eth3",
    ];
    assert_eq!(edited.lines(), lines);
    set(&mut edited, "delete bond b members eth1 eth3").expect("there");
    assert_eq!(edited.lines(), [lines[0], lines[2]]);
    set(&mut edited, "delete bond b members eth2").expect("there");
    assert_eq!(edited.lines(), [lines[0], "set bond b"]);
    set(&mut edited, "delete bond").expect("there");
    set(&mut edited, "delete lvs queues").expect("there");
    assert_eq!(edited.lines(), [""; 0]);
    assert_eq!(edited.to_toml(), "");
}

#[test]
fn names_and_values_have_one_spelling_however_they_are_typed() {
    let mut edited = candidate(&[
        "set service web real [2001:DB8::0:1]:80 weight 0005",
        "set bond b mode 4",
        "set bond b mac 02-00-00-00-AA-01",
        "set bond b lacp_active off",
        "set service web check interval 0.50",
        "set service web check type http",
        "set service web check status 304-304",
    ]);
    let lines = [
        "set bond b mode 802.3ad",
        "set bond b mac 02:00:00:00:aa:01",
        "set bond b lacp_active false",
        "set service web check type http",
        "set service web check interval 0.5",
        "set service web check status 304",
        "set service web real [2001:db8::1]:80 weight 5",
    ];
    assert_eq!(edited.lines(), lines);
    set(
        &mut edited,
        "set service web real [2001:db8:0::1]:80 weight 6",
    )
    .expect("the same real");
    assert_eq!(edited.lines_below(&["service", "web", "real"]).len(), 1);
    set(&mut edited, "delete service web real [2001:DB8::1]:80").expect("the same real");
    assert_eq!(edited.lines_below(&["service", "web", "real"]), [""; 0]);
}

#[test]
fn keywords_may_be_shortened_and_names_may_not() {
    let short = candidate(&[
        "set bo b mod act",
        "set bo b members eth1",
        "set serv w sched mag",
    ]);
    let long = candidate(&[
        "set bond b mode active-backup",
        "set bond b members eth1",
        "set service w scheduler maglev",
    ]);
    assert_eq!(short.lines(), long.lines());
    let mut edited = candidate(&["set service web scheduler rr"]);
    let error = set(&mut edited, "delete service we").expect_err("another name");
    assert_eq!(error, "service we: not there; there is web");
}

#[test]
fn a_word_with_blanks_is_quoted_and_comes_back() {
    let (_, box_itself) = &stories()[6];
    let candidate = parse(box_itself);
    let below = candidate.lines_below(&["user", "ops", "ssh_key"]);
    assert_eq!(below.len(), 4);
    assert!(below[0].starts_with("set user ops ssh_key \"ecdsa-sha2-nistp256 AAAA"));
    assert!(below[0].ends_with("= the build box, rack 7\""));
    assert_eq!(pasted(&below).lines(), below);
}

#[test]
fn what_is_set_is_judged_by_itself_and_changes_nothing_when_it_is_refused() {
    let refused = [
        (
            "set lvs queues 65",
            "lvs queues 65: an integer from 1 to 64",
        ),
        (
            "set lvs queues four",
            "lvs queues four: an integer from 1 to 64",
        ),
        (
            "set bond b lacp_rate faster",
            "bond b lacp_rate faster: slow (0) | fast (1)",
        ),
        (
            "set bond a/b mode 4",
            "bond a/b: the bond's name is an interface name: 1 to 15 visible ASCII characters \
             other than / : % \" \\",
        ),
        (
            "set bond b addresses 10.0.0.1/24 10.0.0.1/25",
            "bond b addresses 10.0.0.1/25: a unicast address, each once",
        ),
        (
            "set bond b vlan 4095",
            "bond b vlan 4095: a VLAN identifier: 1 to 4094",
        ),
        (
            "set route 0.0.0.0/0 gateway 2001:db8::1",
            "route 0.0.0.0/0 gateway 2001:db8::1: an IPv4 address, as the destination is",
        ),
        (
            "set route 10.0.0.1/8",
            "route 10.0.0.1/8 destination 10.0.0.1/8: a network: 10.0.0.0/8",
        ),
        (
            "set service web check status 99",
            "service web check status 99: statuses from 100 to 599: [\"200-299\", \"304\"]",
        ),
        (
            "set vrrp v virtual_ipaddress 10.0.0.1 2001:db8::1",
            "vrrp v virtual_ipaddress 2001:db8::1: an IPv4 address, as the first is: a virtual \
             router has one family",
        ),
        (
            "set vrrp v advert_int 0.015",
            "vrrp v advert_int 0.015: seconds from 0.01 to 40.95 in steps of 0.01",
        ),
        (
            "set user admin password secret",
            "user admin password: a hash as crypt(5) has it, by SHA-512 ($6$…) or yescrypt \
             ($y$…), never the password itself",
        ),
        (
            "set user root",
            "user root: another name than root, which is the system's: \"admin\"",
        ),
        (
            "set bond b colour red",
            "colour: unknown here; known: mode | members | addresses",
        ),
        ("set bond b mtu", "incomplete: 68..9000 bytes"),
        ("set bond b mtu 1400 1300", "1300: the line ends before it"),
        ("set", "incomplete: system | management | user"),
    ];
    let mut candidate = candidate(&["set lvs queues 2"]);
    for (line, told) in refused {
        let error = set(&mut candidate, line).expect_err(line);
        assert!(error.starts_with(told), "{line}: {error}");
        assert!(!error.contains('\n'));
        assert_eq!(candidate.lines(), ["set lvs queues 2"]);
    }
}

#[test]
fn an_element_is_judged_together_with_those_before_it() {
    let mut edited = candidate(&["set vrrp v virtual_ipaddress 10.0.0.1"]);
    let error = set(&mut edited, "set vrrp v virtual_ipaddress 2001:db8::1");
    assert_eq!(
        error.expect_err("another family"),
        "vrrp v virtual_ipaddress 2001:db8::1: an IPv4 address, as the first is: a virtual router \
         has one family"
    );
    for server in 1..=3 {
        set(
            &mut edited,
            &format!("set system name_server 10.0.0.{server}"),
        )
        .expect("room");
    }
    let error = set(&mut edited, "set system name_server 10.0.0.4").expect_err("no room");
    assert_eq!(error, "system name_server: at most 3");
    set(&mut edited, "set system name_server 10.0.0.3").expect("it is there already");
    assert_eq!(edited.lines().len(), 4);
}

#[test]
fn what_is_missing_or_collides_is_a_fault_later_and_none_when_it_is_set() {
    let mut edited = candidate(&[
        "set bond b primary eth9",
        "set bond b updelay 100",
        "set bond b lacp_rate fast",
        "set bond b min_links 2",
        "set bond b member eth7 prio 3",
        "set route 10.0.0.0/8",
        "set route 9.0.0.0/8",
        "set service web real 10.0.0.1:80",
        "set vrrp v interface c",
    ]);
    set(&mut edited, "set bond b mode 1").expect("legal by itself");
    assert_eq!(
        faults(&edited),
        [
            "bond b: members is missing: 1 to 16 interface names: [\"eth1\", \"eth2\"]",
            "bond b updelay 100: 0, or any with miimon set",
            "bond b primary eth9: a member of the bond: ",
            "bond b lacp_rate fast: not set: mode active-backup has no such option, 802.3ad (4) has",
            "bond b min_links 2: not set: mode active-backup has no such option, 802.3ad (4) has",
            "bond b min_links 2: an integer from 0 to 1 (there are 0 members)",
            "bond b member eth7: options of an interface that members lists",
            "route 9.0.0.0/8: gateway is missing: the next hop's address",
            "route 10.0.0.0/8: gateway is missing: the next hop's address",
            "service web: protocol is missing: tcp",
            "service web: address is missing: a unicast address with a port from 1 to 65535: \
             \"10.1.0.100:80\" or \"[2001:db8::100]:80\"",
            "service web: method is missing: nat | dr",
            "service web: scheduler is missing: rr | maglev",
            "vrrp v: virtual_router_id is missing: an integer from 1 to 255",
            "vrrp v: virtual_ipaddress is missing: 1 to 64 addresses: [\"10.1.0.100\", \
             \"10.1.0.101\"]",
        ]
    );
    let text = edited.to_toml();
    assert_eq!(parse(&text).lines(), edited.lines(), "{text}");
    for line in [
        "delete bond",
        "delete route",
        "delete service web",
        "delete vrrp v interface",
    ] {
        set(&mut edited, line).expect("there");
    }
    set(&mut edited, "delete vrrp").expect("there");
    assert_eq!(faults(&edited), [""; 0]);
}

#[test]
fn what_is_not_there_cannot_be_deleted_and_the_error_says_what_is() {
    let mut edited = candidate(&["set bond b mode 1", "set bond b members eth1 eth2"]);
    let lines = edited.lines();
    for (line, told) in [
        ("delete bond c", "bond c: not there; there is b"),
        ("delete bond b mtu", "bond b mtu: not set"),
        ("delete lvs", "lvs: not set"),
        ("delete lvs queues", "lvs: not set"),
        (
            "delete bond b members eth1 eth9",
            "bond b members eth9: not in the list: eth1 | eth2",
        ),
        ("delete bond b mode 1", "1: the line ends before it"),
    ] {
        assert_eq!(set(&mut edited, line).expect_err(line), told);
        assert_eq!(edited.lines(), lines);
    }
    let error = set(&mut edited, "delete").expect_err("everything");
    assert!(error.starts_with("incomplete: system | "), "{error}");
}

#[test]
fn of_many_names_an_error_lists_a_few() {
    let lines: Vec<String> = (1..=20).map(|id| format!("set bond b vlan {id}")).collect();
    let mut many = pasted(&lines);
    let error = set(&mut many, "delete bond b vlan 99").expect_err("none of these");
    let told = "bond b vlan 99: not there; there is 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 12 more";
    assert_eq!(error, told);
}

#[test]
fn a_file_with_a_key_that_is_illegal_by_itself_is_no_candidate() {
    let text = "[lvs]\nqueues = 65\ncolour = 1\n[bond.b]\nlacp_rate = \"fast\"\n[service.web]\n";
    let faults = Candidate::parse("x.toml", text).expect_err("two faults");
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "x.toml:2: lvs.queues = 65: an integer from 1 to 64",
            "x.toml:3: lvs.colour: unknown key; known here: connection_table, poll_mode, queues, \
             ring_size, timeouts, xdp_mode",
        ]
    );
    let text = text.replace("queues = 65\ncolour = 1\n", "");
    assert_eq!(
        parse(&text).lines(),
        ["set bond b lacp_rate fast", "set service web"]
    );
    let faults = Candidate::parse("x.toml", "[lvs").expect_err("no TOML");
    assert_eq!(faults.len(), 1);
}

#[test]
fn lines_below_a_place_are_whole_and_a_place_that_is_not_there_has_none() {
    let candidate = candidate(&[
        "set service web scheduler rr",
        "set service web real 10.0.0.1:80",
        "set service web real 10.0.0.2:80 weight 2",
        "set service db scheduler rr",
        "set lvs queues 1",
    ]);
    let below = |words: &[&str]| candidate.lines_below(words);
    assert_eq!(below(&["service", "web", "real"]).len(), 2);
    let line = "set service web real 10.0.0.1:80";
    assert_eq!(below(&["service", "web", "real", "10.0.0.1:80"]), [line]);
    assert_eq!(below(&["service"]).len(), 4);
    assert_eq!(below(&["service", "sql"]), [""; 0]);
    assert_eq!(
        below(&["service", "web", "scheduler"]),
        ["set service web scheduler rr"]
    );
    assert!(candidate.has(&["service", "web"]) && !candidate.has(&["service", "sql"]));
    assert_eq!(candidate.names_at(&["service"]), ["db", "web"]);
    let reals = ["10.0.0.1:80", "10.0.0.2:80"];
    assert_eq!(candidate.names_at(&["service", "web", "real"]), reals);
    assert_eq!(candidate.names_at(&["bond"]), [""; 0]);
    // What is at its default is set, but needs no line.
    assert!(candidate.has(&["lvs", "queues"]));
    assert_eq!(below(&["lvs"]), [""; 0]);
}
