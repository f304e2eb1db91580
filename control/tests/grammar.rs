//! The table of every word: that it is fit to be shown, and that the reader of the TOML knows the
//! same keys, values and defaults.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

use control::candidate::Candidate;
use control::config;
use control::grammar::{Choice, HELP_CHARS, Kind, Node, Value, configuration};

/// A node with the words that lead to it, names among them.
struct Found {
    path: Vec<String>,
    node: &'static Node,
}

/// Every node of the configuration.
fn every_node() -> Vec<Found> {
    let mut found = Vec::new();
    collect(configuration(), &[], &mut found);
    assert!(found.len() > 80, "{}", found.len());
    found
}

fn collect(nodes: &'static [Node], path: &[String], found: &mut Vec<Found>) {
    for node in nodes {
        let mut path = path.to_vec();
        path.push(node.word.to_owned());
        found.push(Found {
            path: path.clone(),
            node,
        });
        if let Kind::Named { name, .. } = node.kind {
            path.push(a_name(name).to_owned());
        }
        collect(node.below(), &path, found);
    }
}

fn a_name(kind: Value) -> &'static str {
    match kind {
        Value::Integer(..) => "1",
        Value::Endpoint => "10.0.0.1:80",
        Value::Network => "10.0.0.0/8",
        Value::Interface => "nic",
        _ => "a",
    }
}

/// A text that sets the key at `path` to `literal`, and the path as faults call it.
fn text(path: &[String], literal: &str) -> (String, String) {
    let (key, table) = path.split_last().expect("a key");
    if let [route, destination] = table
        && route == "route"
    {
        let text = format!("[[route]]\ndestination = \"{destination}\"\n{key} = {literal}\n");
        return (text, format!("route[0].{key}"));
    }
    let quoted: Vec<String> = table
        .iter()
        .map(|word| {
            let is_bare = word.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
            if is_bare {
                word.clone()
            } else {
                format!("{word:?}")
            }
        })
        .collect();
    let table = quoted.join(".");
    if table.is_empty() {
        (format!("{key} = {literal}\n"), key.clone())
    } else {
        (
            format!("[{table}]\n{key} = {literal}\n"),
            format!("{table}.{key}"),
        )
    }
}

#[test]
fn every_word_has_a_help_that_fits_a_line_and_is_its_own() {
    let is_fit = |word: &str, help: &str| {
        let length = help.chars().count();
        assert!(
            (1..=HELP_CHARS).contains(&length),
            "{word}: {length}: {help}"
        );
        assert!(
            !help.ends_with('.') && help.trim() == help,
            "{word}: {help}"
        );
    };
    for Found { node, .. } in every_node() {
        is_fit(node.word, node.help);
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(node.word.chars().all(legal), "{}", node.word);
        if let Kind::Value(Value::Choice(choices)) = node.kind {
            for choice in choices {
                is_fit(choice.word, choice.help);
            }
        }
        let mut words: Vec<&str> = node.below().iter().map(|node| node.word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), node.below().len(), "{}", node.word);
    }
}

#[test]
fn the_reader_reads_every_key_of_the_table() {
    for Found { path, node } in every_node() {
        // Of a type that no key takes.
        let literal = match node.kind {
            Kind::Value(_) => "[]",
            Kind::List(_) | Kind::Words(_) | Kind::Named { .. } | Kind::Place(_) => "1979-05-27",
        };
        let (text, key) = text(&path, literal);
        let faults = config::parse("x", &text).expect_err(&key);
        let own = faults.iter().find(|fault| fault.key == key);
        let own = own.unwrap_or_else(|| panic!("{key} is not read: {faults:?}"));
        assert!(!own.legal.starts_with("unknown key"), "{own}");
    }
}

#[test]
fn the_reader_knows_no_key_that_the_table_does_not_have() {
    for Found { path, node } in every_node() {
        let below = node.below();
        if below.is_empty() {
            continue;
        }
        let mut path = path.clone();
        if let Kind::Named { name, .. } = node.kind {
            path.push(a_name(name).to_owned());
        }
        path.push("zzzzzzzzzzzzzz".to_owned());
        let (text, key) = text(&path, "1");
        let faults = config::parse("x", &text).expect_err(&key);
        let own = faults.iter().find(|fault| fault.key == key).expect(&key);
        let known = own
            .legal
            .strip_prefix("unknown key; known here: ")
            .expect("a list");
        let mut words: Vec<&str> = below.iter().map(|node| node.word).collect();
        if let Kind::Named { key: Some(key), .. } = node.kind {
            words.push(key);
        }
        words.sort_unstable();
        assert_eq!(known, words.join(", "));
    }
}

#[test]
fn what_a_table_has_to_have_is_what_the_reader_misses() {
    for Found { path, node } in every_node() {
        let mut path = path.clone();
        if let Kind::Named { name, key, .. } = node.kind {
            path.push(a_name(name).to_owned());
            if key.is_some() {
                continue; // [[route]] has no table of its name alone; its stories show it.
            }
        } else if node.below().is_empty() {
            continue;
        }
        let (text, table) = text(&path, "{}");
        let faults = config::parse("x", &text).err().unwrap_or_default();
        let missing = faults.iter().filter(|fault| fault.key == table);
        let missing = missing.filter_map(|fault| Some(fault.legal.split_once(" is missing")?.0));
        let mut missing: Vec<&str> = missing.collect();
        missing.sort_unstable();
        let required = node.below().iter().filter(|node| node.required);
        let mut required: Vec<&str> = required.map(|node| node.word).collect();
        required.sort_unstable();
        assert_eq!(missing, required, "{table}");
    }
}

/// What `set` says of a value at a path, in an empty candidate.
fn set(path: &[String], value: &str) -> Result<(), String> {
    let words = path.iter().map(String::as_str).chain([value]);
    Candidate::default().set(&words.collect::<Vec<_>>())
}

#[test]
fn a_range_of_the_table_is_the_readers() {
    let spell = |number: i64, digits: u32| {
        let digits = usize::try_from(digits).expect("few");
        let text = format!("{number:0width$}", width = digits + 1);
        let (whole, fraction) = text.split_at(text.len() - digits);
        format!("{whole}.{fraction}")
            .trim_end_matches('.')
            .to_owned()
    };
    for Found { path, node } in every_node() {
        let (first, last, digits) = match node.kind {
            Kind::Value(Value::Integer(first, last, _)) => (first, last, 0),
            Kind::Value(Value::Seconds(digits, first, last)) => (first.into(), last.into(), digits),
            Kind::Named {
                name: Value::Integer(first, last, _),
                ..
            } => (first, last, 0),
            _ => continue,
        };
        for legal in [first, last] {
            set(&path, &spell(legal, digits)).expect("within the range");
        }
        for illegal in [first - 1, last + 1] {
            let value = spell(illegal, digits);
            set(&path, &value).expect_err(&format!("{path:?} {value}"));
        }
    }
}

#[test]
fn a_list_of_words_of_the_table_is_the_readers() {
    let spelling = |choice: &Choice| match choice.number {
        Some(number) => format!("{} ({number})", choice.word),
        None => choice.word.to_owned(),
    };
    let mut seen = 0;
    for Found { path, node } in every_node() {
        let Kind::Value(Value::Choice(choices)) = node.kind else {
            continue;
        };
        seen += 1;
        let all: Vec<String> = choices.iter().map(spelling).collect();
        let error = set(&path, "zzz").expect_err("no such word");
        assert_eq!(
            error,
            format!("{} zzz: {}", path.join(" "), all.join(" | "))
        );
        for choice in choices {
            set(&path, choice.word).expect("a word");
            let mut candidate = Candidate::default();
            let mut words: Vec<&str> = path.iter().map(String::as_str).collect();
            let number = choice.number.map(|number| number.to_string());
            words.push(number.as_deref().unwrap_or(choice.word));
            candidate.set(&words).expect("a word or its number");
            if node.default != Some(choice.word) {
                let line = format!("set {} {}", path.join(" "), choice.word);
                assert_eq!(candidate.lines(), [line]);
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

/// Texts that have each table, each key without a value of its own.
const BASES: [&str; 5] = [
    r#"[system]
[lvs]
[lvs.timeouts]
[bond.a]
mode = "802.3ad"
members = ["nic"]
[bond.a.member.nic]
[service.a]
protocol = "tcp"
address = "10.0.0.9:80"
method = "nat"
scheduler = "rr"
[service.a.check]
type = "http"
[service.a.real."10.0.0.1:80"]
[vrrp.a]
interface = "a"
virtual_router_id = 1
virtual_ipaddress = ["10.0.0.9"]
"#,
    r#"[bond.a]
mode = "active-backup"
members = ["nic"]
[bond.a.member.nic]
[service.a]
protocol = "tcp"
address = "10.0.0.9:80"
method = "nat"
scheduler = "rr"
[service.a.check]
type = "udp"
"#,
    r#"[bond.a]
mode = "balance-rr"
members = ["nic"]
[bond.a.micro_bfd]
local_address = "10.0.0.1"
remote_address = "10.0.0.2"
"#,
    r#"[bond.a]
mode = "active-backup"
members = ["nic"]
arp_interval = 100
arp_ip_target = ["10.0.0.9"]
damping = true
"#,
    r#"[bond.a]
mode = "balance-tlb"
members = ["nic"]
"#,
];

#[test]
fn a_default_of_the_table_is_the_readers() {
    for Found { path, node } in every_node() {
        let Some(default) = node.default else {
            continue;
        };
        let literal = match node.kind {
            Kind::Value(Value::Integer(..) | Value::Seconds(..) | Value::Switch) => default.into(),
            Kind::Value(_) => format!("{default:?}"),
            _ => format!("[{default:?}]"),
        };
        let (added, key) = text(&path, &literal);
        let (header, line) = added.split_once('\n').expect("two lines");
        let mut legal = 0;
        for base in BASES {
            let whole = base.replace(&format!("{header}\n"), &format!("{header}\n{line}"));
            let without = config::print(&config::parse("x", base).expect("legal"));
            if whole != base
                && let Ok(with) = config::parse("x", &whole)
            {
                legal += 1;
                assert_eq!(config::print(&with), without, "{key}");
            }
        }
        assert!(legal > 0, "{key} = {default}");
    }
}
