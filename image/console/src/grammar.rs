//! Every word that may be typed, beside those of the configuration: what is parsed, completed and
//! shown by `?` comes from here.

use control::grammar::{Completion, Follow, Kind, Names, Node, Offer, Purpose, Value, complete};
use control::grammar::{Error, HASH_MAPPING, HASH_POLICY, expand};

use crate::failure::Failure;

/// One JSON document instead of text.
pub(crate) const JSON: &str = "--json";

const JSON_NODE: Node = Node::plain(JSON, "One JSON document instead of text");
const EXACT: Node = Node::plain("--exact", "Numbers in full, not in K, M, G");
const STATS: Node = Node::plain("--stats", "Packets and bytes since the start");
const RATE: Node = Node::plain("--rate", "Connections, packets and bytes a second");
const ALL: Node = Node::plain("--all", "Also the reasons that never happened");
const WHY: Node = Node::plain("why", "The changes of state and their reasons");
const SET: Node = Node::plain("set", "As lines to be typed after configure");
const COUNT_PICTURES: Node = Node::value(
    "--count",
    "Ends after so many pictures",
    Value::Integer(1, 86_400, "pictures"),
);

const BOND: &str = "The bonds and their members";
const CONFIGURATION: &str = "The running configuration";
const CONNECTIONS: &str = "The connections that are remembered";
const DAEMONS: &str = "The daemons and how they fare";
const DROPS: &str = "Why frames were dropped or punted";
const BFD: &str = "Micro-BFD on each member";
const EVENTS: &str = "What the daemons said lately";
const HEALTH: &str = "The checks of the reals";
const HISTORY: &str = "The commits that one can go back to";
const INTERFACES: &str = "The NICs and other interfaces of the box";
const LACP: &str = "What LACP says on each member";
const LOG: &str = "What was said, also before this boot";
const PORTS: &str = "The NIC queues that are served";
const SERVICE: &str = "The services and their reals";
const VERSION: &str = "What runs here, and what is wrong with it";
const VRRP: &str = "The virtual routers (why: their histories)";

/// What follows `show`.
pub(crate) const SHOWN: &[Node] = &[
    Node::options("bfd", BFD, &[JSON_NODE]),
    Node::options("bond", BOND, &[JSON_NODE]),
    Node::options("configuration", CONFIGURATION, &[SET, JSON_NODE]),
    Node::options("connections", CONNECTIONS, &[JSON_NODE]),
    Node::options("daemons", DAEMONS, &[JSON_NODE]),
    Node::options("drops", DROPS, &[ALL, EXACT, JSON_NODE]),
    Node::options("events", EVENTS, &[JSON_NODE]),
    Node::options("health", HEALTH, &[JSON_NODE]),
    Node::options("history", HISTORY, &[JSON_NODE]),
    Node::options("interfaces", INTERFACES, &[JSON_NODE]),
    Node::options("lacp", LACP, &[JSON_NODE]),
    Node::options("log", LOG, &[JSON_NODE]),
    Node::options("ports", PORTS, &[EXACT, JSON_NODE]),
    Node::options("service", SERVICE, &[STATS, RATE, EXACT, JSON_NODE]),
    Node::options("version", VERSION, &[JSON_NODE]),
    Node::options("vrrp", VRRP, &[WHY, JSON_NODE]),
];

/// What follows `monitor`.
pub(crate) const MONITORED: &[Node] = &[
    Node::options("bfd", BFD, &[COUNT_PICTURES]),
    Node::options("bond", BOND, &[COUNT_PICTURES]),
    Node::options("connections", CONNECTIONS, &[COUNT_PICTURES]),
    Node::options("daemons", DAEMONS, &[COUNT_PICTURES]),
    Node::options("drops", DROPS, &[ALL, EXACT, COUNT_PICTURES]),
    Node::options("events", EVENTS, &[COUNT_PICTURES]),
    Node::options("health", HEALTH, &[COUNT_PICTURES]),
    Node::options("history", HISTORY, &[COUNT_PICTURES]),
    Node::options("interfaces", INTERFACES, &[COUNT_PICTURES]),
    Node::options("lacp", LACP, &[COUNT_PICTURES]),
    Node::options("log", LOG, &[COUNT_PICTURES]),
    Node::options("ports", PORTS, &[EXACT, COUNT_PICTURES]),
    Node::options("service", SERVICE, &[STATS, RATE, EXACT, COUNT_PICTURES]),
    Node::options("version", VERSION, &[COUNT_PICTURES]),
    Node::options("vrrp", VRRP, &[WHY, COUNT_PICTURES]),
];

/// What follows the host of `ping`.
pub(crate) const PING: &[Node] = &[Node::value(
    "count",
    "How many requests: 5 unless told",
    Value::Integer(1, 10_000, "requests"),
)];

/// How a hash becomes a member.
pub(crate) const MAPPING: &str = "--mapping";

/// What follows the frame of `explain hash`.
pub(crate) const EXPLAIN_HASH: &[Node] = &[
    Node::value(MAPPING, "As a bond's mapping; else resilient", HASH_MAPPING),
    JSON_NODE,
];

const HASH_FRAME: Node = Node::named(
    "frame",
    "With its Ethernet header, in hexadecimal",
    Value::Text("FRAME, or - for a line each of standard input"),
    Follow::Any(EXPLAIN_HASH),
);

/// How many members `explain hash` chooses from.
pub(crate) const HASH_MEMBERS: Node = Node::named(
    "members",
    "How many members the bond has",
    Value::Integer(1, 16, "members"),
    Follow::Then(&HASH_FRAME),
);

/// What follows `explain`.
const EXPLAINED: &[Node] = &[Node::named(
    "hash",
    "The member of a bond that a frame leaves by",
    HASH_POLICY,
    Follow::Then(&HASH_MEMBERS),
)];

/// What follows the interface of `capture`.
pub(crate) const CAPTURE: &[Node] = &[
    Node::value("file", "A name in /data/capture", Value::Text("NAME")),
    Node::value(
        "count",
        "Ends after so many frames",
        Value::Integer(1, 10_000_000, "frames"),
    ),
    Node::value(
        "seconds",
        "Ends after so long",
        Value::Integer(1, 86_400, "seconds"),
    ),
    Node::value(
        "length",
        "The most bytes of each frame",
        Value::Integer(64, 65_535, "bytes"),
    ),
];

const YES: Node = Node::plain("--yes", "Without a question");

/// What follows `request`.
const REQUESTS: &[Node] = &[
    Node::options("reboot", "Stops everything and starts the box anew", &[YES]),
    Node::options("poweroff", "Stops everything and turns the box off", &[YES]),
    Node::options(
        "factory-reset",
        "Erases configuration, users and logs; reboots",
        &[YES],
    ),
    Node::plain("support", "Everything a supporter asks for, as one file"),
    Node::plain("password", "Another password for who is logged in"),
    Node::named(
        "active-member",
        "By which member a bond works",
        Value::Interface,
        Follow::Then(&ACTIVE_MEMBER),
    ),
];

const ACTIVE_MEMBER: Node = Node::named(
    "member",
    "A member with a link, in a mode that has one active",
    Value::Interface,
    Follow::Nothing,
);

const MINUTES: Value = Value::Integer(1, u32::MAX as i64, "minutes");
const COMMITS: Value = Value::Integer(1, u32::MAX as i64, "commits ago");

/// What follows the file of `commit`.
pub(crate) const COMMIT_FILE: &[Node] = &[
    Node::value(
        "--confirmed",
        "Goes back by itself unless confirmed in time",
        MINUTES,
    ),
    Node::value("--comment", "A word for the history", Value::Text("TEXT")),
    JSON_NODE,
];

const FILE: Value = Value::Text("FILE, or - for standard input");

/// What may be typed at `HOST> `, and what a program may ask for.
pub(crate) const OPERATIONAL: &[Node] = &[
    Node::words("show", "The state of something", SHOWN),
    Node::words("monitor", "The state of something, every second", MONITORED),
    Node::words(
        "clear",
        "Has counters begin anew",
        &[Node::plain("counters", "All that show counts")],
    ),
    Node::words("explain", "What a bond makes of a frame", EXPLAINED),
    Node::named(
        "ping",
        "Whether a host answers",
        Value::Host,
        Follow::Any(PING),
    ),
    Node::named(
        "capture",
        "The frames of a port or bond, as pcapng",
        Value::Interface,
        Follow::Any(CAPTURE),
    ),
    Node::named_or_all(
        "fetch",
        "A capture or bundle, to standard output",
        Value::Text("NAME"),
        Follow::Nothing,
    ),
    Node::words(
        "request",
        "Reboot, power off, reset, support, active member",
        REQUESTS,
    ),
    Node::plain("configure", "Change the configuration, line by line"),
    Node::named(
        "commit",
        "Make a file the running configuration",
        FILE,
        Follow::Any(COMMIT_FILE),
    ),
    Node::named(
        "compare",
        "What committing a file would change",
        FILE,
        Follow::Any(&[JSON_NODE]),
    ),
    Node::named(
        "rollback",
        "Make what ran N commits ago run again, at once",
        COMMITS,
        Follow::Any(&[JSON_NODE]),
    ),
    Node::options("confirm", "Keep the commit that is on trial", &[JSON_NODE]),
    Node::plain("help", "What may be typed, and how"),
    Node::plain("exit", "The end of the session"),
    Node::plain("quit", "The end of the session"),
];

/// What follows `commit` in configure mode.
pub(crate) const COMMIT: &[Node] = &[
    Node::value(
        "confirmed",
        "Goes back by itself unless confirmed in time",
        MINUTES,
    ),
    Node::value("comment", "A word for the history", Value::Text("TEXT")),
];

/// What may be typed at `HOST# `.
pub(crate) const CONFIGURE: &[Node] = &[
    Node::place("set", "Set a key, or add to a list", Purpose::Set),
    Node::place(
        "delete",
        "Delete a key, a name, or of a list",
        Purpose::Delete,
    ),
    Node::place(
        "show",
        "The candidate, or what is below a place",
        Purpose::Show,
    ),
    Node::plain("compare", "What the candidate would change"),
    Node::options("commit", "Make the candidate run, whole or not", COMMIT),
    Node::plain("confirm", "Keep the commit that is on trial"),
    Node::named(
        "rollback",
        "Edit what ran N commits ago; commit makes it run",
        Value::Integer(0, u32::MAX as i64, "commits ago"),
        Follow::Nothing,
    ),
    Node::plain("discard", "Edit what runs now; what was typed is lost"),
    Node::words("run", "A command of the mode outside", OPERATIONAL),
    Node::plain("help", "What may be typed, and how"),
    Node::options(
        "exit",
        "Back to the mode outside",
        &[Node::plain("discard", "What was typed may be lost")],
    ),
    Node::plain("quit", "Back to the mode outside"),
];

/// What may stand behind a `|`.
pub(crate) const PIPES: &[Node] = &[
    Node::value("match", "Only lines with this text", Value::Text("TEXT")),
    Node::value("except", "Only lines without it", Value::Text("TEXT")),
    Node::plain("count", "How many lines there are"),
    Node::plain("no-more", "Without a pause after each page"),
];

/// `words` in full.
pub(crate) fn understand(
    root: &'static [Node],
    words: &[String],
    names: &dyn Names,
) -> Result<Vec<String>, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    expand(root, &words).map_err(|error| {
        let mut lines = vec![error.to_string()];
        if matches!(error, Error::Incomplete { .. }) {
            lines = vec!["incomplete; next may stand".to_owned()];
            lines.extend(offers(&complete(root, &words, "", names)));
        }
        Failure::Usage(lines)
    })
}

/// What may stand next, a line each, as `?` shows it.
pub(crate) fn offers(completions: &[Completion]) -> Vec<String> {
    let text = |one: &Completion| match one.offer {
        Offer::Keyword | Offer::Name => one.text.clone(),
        Offer::Value => format!("<{}>", one.text.trim_matches(['<', '>'])),
        Offer::Enter => "<Enter>".to_owned(),
    };
    let words: Vec<String> = completions.iter().map(text).collect();
    let widths = words.iter().map(|word| word.chars().count());
    let width = widths.filter(|width| *width <= WORD).max().unwrap_or(0);
    let lines = words.iter().zip(completions);
    lines
        .map(|(word, one)| {
            format!("  {word:<width$}  {}", one.help)
                .trim_end()
                .to_owned()
        })
        .collect()
}

/// The widest word that the others' help moves to the right for.
const WORD: usize = 24;

/// The options of a command, as they were given.
#[derive(Debug)]
pub(crate) struct Given<'w> {
    options: Vec<(&'static Node, Option<&'w str>)>,
}

impl<'w> Given<'w> {
    /// What `words`, which were understood, say of the options `nodes`.
    pub(crate) fn read(nodes: &'static [Node], words: &'w [String]) -> Self {
        let mut options = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(node) = nodes.iter().find(|node| node.word == word) else {
                continue;
            };
            let value = match node.kind {
                Kind::Value(_) => words.next().map(String::as_str),
                Kind::Words(_) | Kind::List(_) | Kind::Named { .. } | Kind::Place(_) => None,
            };
            options.push((node, value));
        }
        Self { options }
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.options.iter().any(|(node, _)| node.word == word)
    }

    /// The value of an option, when it was given.
    pub(crate) fn text(&self, word: &str) -> Option<&'w str> {
        let found = self.options.iter().find(|(node, _)| node.word == word);
        found.and_then(|(_, value)| *value)
    }

    /// The same, of an option that is a number.
    pub(crate) fn number<N: TryFrom<i64>>(&self, word: &str) -> Result<Option<N>, Failure> {
        let found = self.options.iter().find(|(node, _)| node.word == word);
        let Some((node, Some(text))) = found else {
            return Ok(None);
        };
        match node.kind {
            Kind::Value(value) => number(word, text, value).map(Some),
            Kind::Words(_) | Kind::List(_) | Kind::Named { .. } | Kind::Place(_) => Ok(None),
        }
    }
}

/// The number that `text` spells, if `value` has it.
pub(crate) fn number<N: TryFrom<i64>>(word: &str, text: &str, value: Value) -> Result<N, Failure> {
    let (least, most, unit) = match value {
        Value::Integer(least, most, unit) => (least, most, unit),
        _ => (i64::MIN, i64::MAX, ""),
    };
    let number = text.parse().ok();
    let number = number.filter(|number| (least..=most).contains(number));
    let number = number.and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| {
        let legal = format!("an integer from {least} to {most} {unit}");
        Failure::usage(format!("{word} {text}: {}", legal.trim_end()))
    })
}

/// The number that stands for the name of the command `word` of `root`.
pub(crate) fn named_number(root: &'static [Node], word: &str, text: &str) -> Result<u32, Failure> {
    let node = root.iter().find(|node| node.word == word);
    match node.map(|node| node.kind) {
        Some(Kind::Named { name, .. }) => number(word, text, name),
        _ => Err(Failure::usage(format!("{word}: no number"))),
    }
}

#[cfg(test)]
#[path = "tests/grammar.rs"]
mod tests;
