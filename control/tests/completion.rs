//! What a line means, what may follow it, and what an operator is told of one that means nothing.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

use control::candidate::Candidate;
use control::grammar::{
    Completion, Follow, Names, Node, Nothing, Offer, Purpose, Value, complete, expand,
};

const SHOW: &[Node] = &[
    Node::named_or_all(
        "bond",
        "The bonds",
        Value::Reference(&["bond"]),
        Follow::Nothing,
    ),
    Node::maybe(
        "vrrp",
        "The virtual routers",
        &[Node::plain("why", "Changes of state")],
    ),
    Node::plain("version", "What runs here"),
];

const COMMANDS: &[Node] = &[
    Node::place("set", "Set a key", Purpose::Set),
    Node::place("delete", "Delete a key", Purpose::Delete),
    Node::place("list", "Show the candidate", Purpose::Show),
    Node::place("edit", "Go to a table", Purpose::Edit),
    Node::words("show", "Show the state of something", SHOW),
    Node::words(
        "run",
        "Run a command",
        &[Node::words("show", "Show something", SHOW)],
    ),
    Node::options(
        "commit",
        "Make the candidate the running configuration",
        &[
            Node::plain("check", "Only say what is wrong"),
            Node::named_or_all(
                "confirmed",
                "Go back unless confirmed",
                Value::Integer(1, 60, "minutes"),
                Follow::Nothing,
            ),
            Node::value("comment", "A word for the history", Value::Text("TEXT")),
        ],
    ),
    Node::named(
        "ping",
        "Ask a host",
        Value::Host,
        Follow::Any(&[
            Node::value("count", "How often", Value::Integer(1, 1000, "")),
            Node::value("interface", "By which bond", Value::Reference(&["bond"])),
            Node::value("df", "Whether to fragment", Value::Switch),
        ]),
    ),
];

/// A session with a candidate, on a box with three NICs.
struct Session(Candidate);

impl Names for Session {
    fn at(&self, path: &[&str]) -> Vec<String> {
        self.0.names_at(path)
    }

    fn interfaces(&self) -> Vec<String> {
        ["eth1", "eth2", "lo0"].map(str::to_owned).to_vec()
    }
}

fn session() -> Session {
    let mut candidate = Candidate::default();
    for words in [
        ["bond", "bond0", "members", "eth1"],
        ["bond", "edge", "mode", "1"],
        ["service", "web", "scheduler", "rr"],
        ["service", "mail", "scheduler", "rr"],
    ] {
        candidate.set(&words).expect("legal");
    }
    Session(candidate)
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn expanded(line: &str) -> String {
    let words = expand(COMMANDS, &words(line)).expect(line);
    words.join(" ")
}

fn told(line: &str) -> String {
    let error = expand(COMMANDS, &words(line)).expect_err(line);
    error.to_string()
}

/// What is offered after a line; its last word is being typed unless a blank follows it.
fn offered(line: &str) -> Vec<Completion> {
    let mut words = words(line);
    let prefix = if line.ends_with(' ') {
        ""
    } else {
        words.pop().unwrap_or_default()
    };
    complete(COMMANDS, &words, prefix, &session())
}

fn texts(line: &str) -> Vec<String> {
    offered(line).into_iter().map(|offer| offer.text).collect()
}

#[test]
fn a_unique_prefix_is_the_word() {
    for (line, whole) in [
        ("sh vr", "show vrrp"),
        ("sh vr w", "show vrrp why"),
        ("show bond edge", "show bond edge"),
        ("r s ver", "run show version"),
        ("se sy h lb1", "set system host_name lb1"),
        ("se bo bond0 mod act", "set bond bond0 mode active-backup"),
        (
            "se bo bond0 vl 100 a 10.0.0.1/24",
            "set bond bond0 vlan 100 addresses 10.0.0.1/24",
        ),
        ("se bo bond0 lacp_ra 1", "set bond bond0 lacp_rate 1"),
        ("set vrrp v preempt t", "set vrrp v preempt true"),
        (
            "set ro 0.0.0.0/0 ga 10.0.0.1",
            "set route 0.0.0.0/0 gateway 10.0.0.1",
        ),
        (
            "ping h df f c 5 i edge",
            "ping h df false count 5 interface edge",
        ),
    ] {
        assert_eq!(expanded(line), whole);
    }
}

#[test]
fn a_whole_word_is_itself_though_others_begin_with_it() {
    assert_eq!(expanded("show vrrp"), "show vrrp");
    assert_eq!(
        expanded("set bond b member eth1 prio 2"),
        "set bond b member eth1 prio 2"
    );
    assert_eq!(
        expanded("set bond b primary eth1"),
        "set bond b primary eth1"
    );
    assert_eq!(
        expanded("set bond b xmit_hash_policy layer2"),
        "set bond b xmit_hash_policy layer2"
    );
    assert_eq!(
        told("list sy extra"),
        "extra: unknown here; known: host_name | name_server | ntp_server"
    );
}

#[test]
fn what_means_nothing_or_two_things_is_told_with_what_fits() {
    for (line, error) in [
        ("sh v", "v: more than one word: vrrp | version"),
        ("s version", "s: more than one word: set | show"),
        (
            "show colour",
            "colour: unknown here; known: bond | vrrp | version",
        ),
        (
            "set bond b xmit_hash_policy layer",
            "layer: more than one word: layer2 | layer3+4 | layer2+3",
        ),
        ("show version now", "now: the line ends before it"),
        ("set lvs queues 1 2", "2: the line ends before it"),
        ("show", "incomplete: bond | vrrp | version"),
        ("set bond", "incomplete: NAME"),
        ("set bond b members", "incomplete: NIC"),
        (
            "set bond b member eth1",
            "incomplete: actor_port_prio | prio | weight",
        ),
        ("ping", "incomplete: HOST"),
        ("ping h count", "incomplete: 1..1000"),
        (
            "ping h count 5 count 6",
            "count: unknown here; known: interface | df",
        ),
        (
            "delete",
            "incomplete: system | management | user | lvs | metrics | bond | route | service | vrrp",
        ),
        ("edit lvs queues", "queues: unknown here; known: timeouts"),
        ("edit bond", "incomplete: NAME"),
        (
            "",
            "incomplete: set | delete | list | edit | show | run | commit | ping",
        ),
    ] {
        assert_eq!(told(line), error, "{line}");
    }
}

#[test]
fn options_come_in_any_order_each_once() {
    for line in [
        "commit",
        "commit check",
        "commit confirmed",
        "commit confirmed 5",
        "commit confirmed 5 comment x",
        "commit comment x confirmed",
        "commit confirmed comment x",
    ] {
        assert_eq!(expanded(line), line);
    }
    assert_eq!(
        told("commit check check"),
        "check: unknown here; known: confirmed | comment"
    );
    assert_eq!(
        told("commit confirmed soon"),
        "soon: unknown here; known: 1..60 minutes | check | comment"
    );
    let after = texts("commit confirmed ");
    assert_eq!(after, ["check", "comment", "1..60 minutes", "<Enter>"]);
    assert_eq!(texts("commit confirmed 5 c"), ["check", "comment"]);
}

#[test]
fn a_place_ends_where_its_purpose_lets_it() {
    for line in [
        "set bond b",
        "set service web real 10.0.0.1:80",
        "delete bond",
        "delete bond b",
        "delete bond b members",
        "delete bond b members eth1 eth2",
        "delete lvs timeouts",
        "delete route 0.0.0.0/0 gateway",
        "list",
        "list service web real",
        "list service web scheduler",
        "edit lvs",
        "edit lvs timeouts",
        "edit service web check",
        "edit route 0.0.0.0/0",
    ] {
        assert_eq!(expanded(line), line);
    }
    for line in [
        "set lvs",
        "set lvs queues",
        "set bond b members",
        "edit",
        "delete bond b mtu 1",
    ] {
        assert!(expand(COMMANDS, &words(line)).is_err(), "{line}");
    }
}

#[test]
fn keywords_are_offered_with_their_help_in_the_order_of_the_grammar() {
    let lvs = offered("set lvs ");
    assert_eq!(lvs[0].text, "connection_table");
    assert_eq!(lvs[0].help, "Size of the connection table");
    assert!(lvs.iter().all(|offer| offer.offer == Offer::Keyword));
    assert_eq!(texts("set bond edge mem"), ["members", "member"]);
    let modes = [
        "balance-rr",
        "active-backup",
        "balance-xor",
        "broadcast",
        "802.3ad",
    ];
    assert_eq!(texts("set bond edge mode "), modes);
    assert_eq!(texts("set bond edge lacp_active "), ["true", "false"]);
    assert_eq!(texts("edit lvs "), ["timeouts", "<Enter>"]);
    assert_eq!(texts("set nonsense "), [""; 0]);
    assert_eq!(texts("s"), ["set", "show"]);
}

#[test]
fn names_that_are_there_are_offered_and_what_stands_for_a_new_one() {
    assert_eq!(texts("set bond "), ["bond0", "edge", "NAME"]);
    assert_eq!(texts("set bond e"), ["edge", "NAME"]);
    assert_eq!(texts("set vrrp v interface "), ["bond0", "edge", "NAME"]);
    assert_eq!(texts("set vrrp v track_service "), ["mail", "web", "NAME"]);
    assert_eq!(texts("show bond "), ["bond0", "edge", "NAME", "<Enter>"]);
    assert_eq!(texts("ping h interface b"), ["bond0", "NAME"]);
    let new = offered("set service s");
    assert_eq!((new[0].text.as_str(), new[0].offer), ("NAME", Offer::Value));
    assert_eq!(new[0].help, "What is balanced over reals");
    assert_eq!(offered("set service w")[0].offer, Offer::Name);
}

#[test]
fn of_a_list_the_other_elements_are_offered_to_set_and_its_own_to_delete() {
    assert_eq!(texts("set bond bond0 members "), ["eth2", "lo0", "NIC"]);
    assert_eq!(
        texts("set bond bond0 members eth2 "),
        ["lo0", "NIC", "<Enter>"]
    );
    assert_eq!(texts("delete bond bond0 members "), ["eth1", "<Enter>"]);
    assert_eq!(texts("delete bond bond0 members eth1 "), ["<Enter>"]);
}

#[test]
fn enter_is_offered_exactly_where_the_line_may_end() {
    let lines = [
        "show ",
        "show vrrp ",
        "show vrrp why ",
        "show bond ",
        "set ",
        "set bond ",
        "set bond b ",
        "set bond b mtu ",
        "set bond b mtu 1400 ",
        "set bond b member eth1 ",
        "delete lvs ",
        "delete lvs queues ",
        "commit ",
        "commit confirmed ",
        "commit comment ",
        "edit lvs ",
        "edit ",
        "ping h ",
        "ping h df ",
    ];
    for line in lines {
        let is_offered = texts(line).iter().any(|text| text == "<Enter>");
        assert_eq!(is_offered, expand(COMMANDS, &words(line)).is_ok(), "{line}");
    }
    assert!(!texts("show vrrp w").iter().any(|text| text == "<Enter>"));
}

#[test]
fn whatever_is_offered_to_the_tab_key_may_follow() {
    for line in [
        "",
        "set ",
        "set bond edge ",
        "set bond edge lacp_rate ",
        "delete service ",
        "show ",
        "commit ",
        "ping h ",
        "edit service web ",
        "run show ",
    ] {
        for offer in offered(line) {
            let longer = format!("{line}{} ", offer.text);
            match offer.offer {
                Offer::Keyword | Offer::Name => {
                    let fits = expand(COMMANDS, &words(&longer));
                    let is_whole_or_short = match &fits {
                        Ok(_) => true,
                        Err(error) => error.to_string().starts_with("incomplete: "),
                    };
                    assert!(is_whole_or_short, "{longer}: {fits:?}");
                }
                Offer::Value | Offer::Enter => {}
            }
        }
    }
}

#[test]
fn without_a_session_there_are_no_names() {
    let offers = complete(COMMANDS, &["set", "bond"], "", &Nothing);
    assert_eq!(offers.len(), 1);
    assert_eq!(offers[0].offer, Offer::Value);
}
