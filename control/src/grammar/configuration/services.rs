//! What the box is for: `lvs`, `service` and `vrrp`.

use super::super::{Choice, Follow, Node, Value};

const fn choice(word: &'static str, help: &'static str) -> Choice {
    Choice {
        word,
        number: None,
        help,
    }
}

const POLL_MODES: Value = Value::Choice(&[
    choice("adaptive", "Spin for 50 us at most, then sleep"),
    choice("busy", "Never sleep: for cores with nothing else"),
]);

const XDP_MODES: Value = Value::Choice(&[
    choice("auto", "The first that all ports can"),
    choice("zerocopy", "The NIC writes into the umem itself"),
    choice("native", "The driver runs the program and copies"),
    choice("generic", "The network stack runs the program"),
]);

const fn timeout(word: &'static str, help: &'static str, default: &'static str) -> Node {
    Node::value(word, help, Value::Integer(1, 31_536_000, "s")).default(default)
}

const TIMEOUTS: Node = Node::words(
    "timeouts",
    "How long a silent connection is remembered",
    &[
        timeout("close", "In state CLOSE", "10"),
        timeout("close_wait", "In state CLOSE_WAIT", "60"),
        timeout("established", "In state ESTABLISHED", "900"),
        timeout("fin_wait", "In state FIN_WAIT", "120"),
        timeout("last_ack", "In state LAST_ACK", "30"),
        timeout("listen", "In state LISTEN", "120"),
        timeout("syn_recv", "In state SYN_RECV", "60"),
        timeout("syn_sent", "In state SYN_SENT", "120"),
        timeout("synack", "In state SYNACK", "120"),
        timeout("time_wait", "In state TIME_WAIT", "120"),
    ],
);

pub(super) const LVS: Node = Node::words(
    "lvs",
    "How the forwarder runs",
    &[
        Node::value(
            "connection_table",
            "Size of the connection table",
            Value::Integer(1, 65_536, "MiB"),
        )
        .default("64"),
        Node::value("poll_mode", "How a worker waits for frames", POLL_MODES).default("adaptive"),
        Node::value(
            "queues",
            "Queues of each port, and so workers",
            Value::Integer(1, 64, ""),
        )
        .default("1"),
        Node::value(
            "ring_size",
            "Size of each ring, a power of two",
            Value::Integer(64, 32_768, "descriptors"),
        )
        .default("2048"),
        Node::value("xdp_mode", "Which mode of AF_XDP", XDP_MODES).default("auto"),
        TIMEOUTS,
    ],
);

const PROTOCOLS: Value = Value::Choice(&[choice("tcp", "TCP")]);

const METHODS: Value = Value::Choice(&[
    choice("nat", "Addresses are translated both ways"),
    choice("dr", "The real answers the client directly"),
]);

const SCHEDULERS: Value = Value::Choice(&[
    choice("rr", "In turn"),
    choice("maglev", "Weighted Maglev hashing"),
]);

const TYPES: Value = Value::Choice(&[
    choice("tcp", "A connection is accepted"),
    choice("http", "A GET is answered"),
    choice("https", "A GET over TLS is answered"),
    choice("udp", "A datagram is not refused"),
]);

const CHECK: Node = Node::words(
    "check",
    "How the reals are checked",
    &[
        Node::value("type", "What is asked", TYPES).required(),
        Node::value("fall", "Failures in a row that make it Down", PROBES).default("3"),
        Node::value(
            "interval",
            "From a probe's end to the next one",
            Value::Seconds(1, 1, 36_000),
        )
        .default("5"),
        Node::value(
            "port",
            "Another port than the real's",
            Value::Integer(1, 65_535, ""),
        ),
        Node::value("rise", "Successes in a row that make it Up", PROBES).default("3"),
        Node::value(
            "timeout",
            "How long a probe may take",
            Value::Seconds(1, 1, 600),
        )
        .default("3"),
        Node::value("host", "http, https: the Host header", Value::Text("NAME")),
        Node::value(
            "path",
            "http, https: what is asked for",
            Value::Text("/PATH"),
        )
        .default("/"),
        Node::list(
            "status",
            "http, https: the answers that are well",
            Value::Statuses,
        )
        .default("200-299"),
        Node::value("payload", "udp: what is sent", Value::Hex).default(""),
        Node::value(
            "require_reply",
            "udp: silence is a failure too",
            Value::Switch,
        )
        .default("false"),
    ],
);

const PROBES: Value = Value::Integer(1, 100, "probes");

const REAL: Node = Node::named(
    "real",
    "Real servers, by address and port",
    Value::Endpoint,
    Follow::Maybe(&[Node::value(
        "weight",
        "Its share; 0: no new connection",
        Value::Integer(0, 65_535, ""),
    )
    .default("1")]),
);

pub(super) const SERVICE: Node = Node::named(
    "service",
    "What is balanced over reals",
    Value::Name,
    Follow::Maybe(&[
        Node::value("protocol", "The transport protocol", PROTOCOLS).required(),
        Node::value("address", "The virtual address and port", Value::Endpoint).required(),
        Node::value("method", "How packets reach a real", METHODS).required(),
        Node::value("scheduler", "How a real is chosen", SCHEDULERS).required(),
        CHECK,
        REAL,
    ]),
);

const TRACK_SERVICE: Node = Node::named(
    "track_service",
    "Services whose health changes the priority",
    Value::Reference(&["service"]),
    Follow::Maybe(&[Node::value(
        "weight",
        "Added while no real of it is up",
        Value::Integer(-253, -1, ""),
    )
    .required()]),
);

pub(super) const VRRP: Node = Node::named(
    "vrrp",
    "Virtual routers",
    Value::Name,
    Follow::Maybe(&[
        Node::value(
            "interface",
            "The bond it is on",
            Value::Reference(&["bond"]),
        )
        .required(),
        Node::value(
            "virtual_router_id",
            "The VRID, the same on all boxes",
            Value::Integer(1, 255, ""),
        )
        .required(),
        Node::list(
            "virtual_ipaddress",
            "The virtual addresses, of one family",
            Value::Address,
        )
        .required(),
        Node::value(
            "advert_int",
            "How often the Active router speaks",
            Value::Seconds(2, 1, 4095),
        )
        .default("1"),
        Node::value(
            "preempt",
            "Take over from a living, lower Active",
            Value::Switch,
        )
        .default("false"),
        Node::value(
            "priority",
            "The highest becomes Active",
            Value::Integer(1, 255, ""),
        )
        .default("100"),
        TRACK_SERVICE,
    ]),
);
