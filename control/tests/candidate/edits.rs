//! What differs between two candidates, and what edits at random do to one.

use std::sync::LazyLock;

use control::candidate::Candidate;
use control::config;
use control::words::split;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{candidate, changes, parse, pasted, set, stories};

#[test]
fn what_differs_stands_in_the_order_of_the_lines() {
    let old = candidate(&[
        "set lvs queues 2",
        "set bond b mode 1",
        "set bond b members eth1 eth2",
        "set service web real 10.0.0.1:80",
        "set service web real 10.0.0.2:80",
        "set service old scheduler rr",
    ]);
    let mut new = old.clone();
    for line in [
        "set lvs queues 4",
        "delete bond b members eth1",
        "set bond b members eth3",
        "set service web real 10.0.0.1:80 weight 5",
        "delete service web real 10.0.0.2:80",
        "delete service old",
        "set service new",
        "set bond b mtu 1500",
    ] {
        set(&mut new, line).expect("legal");
    }
    assert_eq!(
        changes(&old, &new),
        [
            "- set lvs queues 2",
            "+ set lvs queues 4",
            "- set bond b members eth1",
            "+ set bond b members eth3",
            "+ set service new",
            "- set service old scheduler rr",
            "+ set service web real 10.0.0.1:80 weight 5",
            "- set service web real 10.0.0.2:80",
        ]
    );
    assert_eq!(changes(&new, &new), [""; 0]);
    // The order of a list has a meaning: LACP counts its ports by it.
    let other = candidate(&["set bond b members eth2 eth1"]);
    let first = candidate(&["set bond b members eth1 eth2"]);
    assert_eq!(
        changes(&first, &other),
        [
            "- set bond b members eth1",
            "- set bond b members eth2",
            "+ set bond b members eth2",
            "+ set bond b members eth1",
        ]
    );
}

/// Every line of every story, and some that no story has.
static POOL: LazyLock<Vec<String>> = LazyLock::new(pool);

fn pool() -> Vec<String> {
    let stories = stories();
    let lines = stories.iter().flat_map(|(_, text)| parse(text).lines());
    let more = [
        "set bond bond0 mtu 1500",
        "set bond bond0 mode 1",
        "set bond bond0 mode 802.3ad",
        "set route 0.0.0.0/0",
        "set service web",
        "set vrrp \"a\"",
        "set service web check status 200-299",
    ];
    lines.chain(more.map(str::to_owned)).collect()
}

/// A candidate of lines of the pool, some deleted again: a whole line, or what a part of it leads to.
fn edited(pool: &[String], edits: &[(Index, Option<Index>)]) -> Candidate {
    let mut candidate = Candidate::default();
    for (line, deleted) in edits {
        let line = line.get(pool);
        // An element may not fit the others; then nothing changes, which other tests show.
        drop(set(&mut candidate, line));
        if let Some(deleted) = deleted {
            let words = split(line).expect("closed quotes");
            let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            let length = 1 + deleted.index(words.len());
            drop(candidate.delete(&words[..length]));
        }
    }
    candidate
}

fn edits() -> impl Strategy<Value = Vec<(Index, Option<Index>)>> {
    let delete = proptest::option::weighted(0.3, any::<Index>());
    proptest::collection::vec((any::<Index>(), delete), 0..40)
}

proptest! {
    #[test]
    fn lines_make_the_same_of_an_empty_candidate(edits in edits()) {
        let candidate = edited(&POOL, &edits);
        let again = pasted(&candidate.lines());
        prop_assert_eq!(again.lines(), candidate.lines());
        prop_assert_eq!(again.to_toml(), candidate.to_toml());
        prop_assert_eq!(changes(&candidate, &again), [""; 0]);
        // The TOML, whole or not, says the same again.
        prop_assert_eq!(parse(&candidate.to_toml()).lines(), candidate.lines());
        // The faults are those of that text, and none exactly when it is canonical.
        let legal = config::parse("x", &candidate.to_toml());
        prop_assert_eq!(candidate.faults().is_empty(), legal.is_ok());
    }

    #[test]
    fn what_differs_is_what_only_one_of_two_has(one in edits(), other in edits()) {
        let (old, new) = (edited(&POOL, &one), edited(&POOL, &other));
        let (before, after) = (old.lines(), new.lines());
        let found = changes(&old, &new);
        for line in after.iter().filter(|line| !before.contains(line)) {
            // A name that lost all its keys has a line of its own by that, which is no change.
            let is_name = before.iter().any(|other| other.starts_with(&format!("{line} ")));
            prop_assert!(is_name || found.contains(&format!("+ {line}")), "{line}");
        }
        for line in found.iter().filter_map(|line| line.strip_prefix("+ ")) {
            prop_assert!(after.iter().any(|other| other == line), "{line}");
        }
        for line in found.iter().filter_map(|line| line.strip_prefix("- ")) {
            prop_assert!(before.iter().any(|other| other == line), "{line}");
        }
        prop_assert_eq!(found.is_empty(), before == after);
    }

    #[test]
    fn no_words_panic_and_a_refusal_is_one_line(
        words in proptest::collection::vec("set|bond|b|members|vlan|[ -~äñ]{0,5}", 0..6),
    ) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut candidate = Candidate::default();
        if let Err(error) = candidate.set(&words) {
            prop_assert!(!error.contains('\n') && !error.is_empty());
            prop_assert_eq!(candidate.lines(), [""; 0]);
        }
        if let Err(error) = candidate.delete(&words) {
            prop_assert!(!error.contains('\n') && !error.is_empty());
        }
    }
}
