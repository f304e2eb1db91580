use super::*;
use control::grammar::{HELP_CHARS, Nothing};
use control::show::Noun;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn understood(root: &'static [Node], line: &str) -> Result<String, Vec<String>> {
    let understood = understand(root, &words(line), &Nothing);
    understood
        .map(|words| words.join(" "))
        .map_err(|failure| failure.lines())
}

/// Every word below `nodes`, each with those before it.
fn paths(nodes: &'static [Node], before: &str, found: &mut Vec<(String, &'static Node)>) {
    for node in nodes {
        let path = format!("{before} {}", node.word).trim().to_owned();
        found.push((path.clone(), node));
        // The configuration's own words are control's.
        if !matches!(node.kind, Kind::Place(_)) {
            paths(node.below(), &path, found);
        }
    }
}

fn all() -> Vec<(String, &'static Node)> {
    let mut found = Vec::new();
    for root in [OPERATIONAL, CONFIGURE, PIPES] {
        paths(root, "", &mut found);
    }
    found
}

#[test]
fn every_help_fits_behind_its_word() {
    for (path, node) in all() {
        let length = node.help.chars().count();
        assert!((1..=HELP_CHARS).contains(&length), "{path}: {length}");
        assert!(!node.help.ends_with('.'), "{path}");
    }
}

#[test]
fn no_word_stands_twice_among_its_like() {
    let mut paths: Vec<String> = all().into_iter().map(|(path, _)| path).collect();
    let roots = [OPERATIONAL, CONFIGURE, PIPES].map(|root| {
        let mut words: Vec<&str> = root.iter().map(|node| node.word).collect();
        words.sort_unstable();
        words.windows(2).any(|two| two[0] == two[1])
    });
    assert_eq!(roots, [false; 3]);
    paths.retain(|path| path.starts_with("show ") && path.split(' ').count() == 2);
    assert_eq!(paths.len(), SHOWN.len());
}

#[test]
fn everything_that_can_be_shown_can_be_asked_for_and_watched() {
    for noun in Noun::ALL {
        let line = noun.name().replace('_', " ");
        let shown = understood(SHOWN, &line);
        assert_eq!(shown.as_ref(), Ok(&line));
        // A configuration does not move.
        let watched = understood(MONITORED, &line);
        assert_eq!(watched.is_ok(), noun != Noun::Configuration, "{line}");
    }
}

#[test]
fn words_may_be_shortened_while_they_have_one_meaning() {
    for (typed, meant) in [
        ("sh vr", "show vrrp"),
        ("sh serv --st --ex", "show service --stats --exact"),
        ("mon ev --c 3", "monitor events --count 3"),
        ("cap eth0 co 5 fi x", "capture eth0 count 5 file x"),
        ("req fac --y", "request factory-reset --yes"),
        ("req act bond0 eth2", "request active-member bond0 eth2"),
        ("q", "quit"),
    ] {
        assert_eq!(understood(OPERATIONAL, typed).as_deref(), Ok(meant));
    }
    assert!(understood(OPERATIONAL, "c").is_err());
    assert!(understood(OPERATIONAL, "show v").is_err());
}

#[test]
fn a_line_that_is_not_whole_says_what_may_stand_next() {
    let lines = understood(OPERATIONAL, "request").expect_err("not whole");
    assert_eq!(
        lines,
        [
            "incomplete; next may stand",
            "  reboot         Stops everything and starts the box anew",
            "  poweroff       Stops everything and turns the box off",
            "  factory-reset  Erases configuration, users and logs; reboots",
            "  support        Everything a supporter asks for, as one file",
            "  password       Another password for who is logged in",
            "  active-member  By which member a bond works",
        ]
    );
}

#[test]
fn options_are_read_with_their_values() {
    let words = words("seconds 5 file count count 7");
    let given = Given::read(CAPTURE, &words);
    assert_eq!(given.text("file"), Some("count"), "a value, not an option");
    assert_eq!(given.number::<u64>("count").expect("a number"), Some(7));
    assert_eq!(given.number::<u64>("seconds").expect("a number"), Some(5));
    assert_eq!(given.number::<u32>("length").expect("nothing"), None);
    assert!(given.has("file") && !given.has("length"));
}

#[test]
fn a_number_that_is_none_or_too_large_says_what_would_be_legal() {
    for text in ["0", "many", "-1", "10000000000000000000000"] {
        let words = vec!["count".to_owned(), text.to_owned()];
        let failure = Given::read(PING, &words).number::<u32>("count");
        let line = failure.expect_err("no number").lines();
        let expected = format!("count {text}: an integer from 1 to 10000 requests");
        assert_eq!(line, [expected]);
    }
}
