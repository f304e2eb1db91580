//! What belongs to the host: `system`, `management`, `user`, `metrics`, `route`.

use super::super::{Follow, Node, Value};

pub(super) const SYSTEM: Node = Node::words(
    "system",
    "The box's name, and whom it asks",
    &[
        Node::value("host_name", "What the box is called", Value::Text("NAME")).default("fourfold"),
        Node::list("name_server", "DNS resolvers, at most 3", Value::Address),
        Node::list("ntp_server", "Time servers, at most 8", Value::Host),
    ],
);

pub(super) const MANAGEMENT: Node = Node::words(
    "management",
    "The port by which the box is managed",
    &[
        Node::value("interface", "The NIC, in no bond", Value::Interface).required(),
        Node::list("addresses", "Its addresses", Value::Prefix),
        Node::list("gateway", "Its default routes", Value::Address),
        Node::list(
            "allow",
            "Who may connect; nothing set: everybody",
            Value::Network,
        ),
    ],
);

pub(super) const USER: Node = Node::named(
    "user",
    "Who may log in",
    Value::Name,
    Follow::Maybe(&[
        Node::value(
            "password",
            "The password's hash, as crypt(5) has it",
            Value::Text("HASH"),
        ),
        Node::list(
            "ssh_key",
            "Public keys, in quotes: \"TYPE BASE64 COMMENT\"",
            Value::Text("\"KEY\""),
        ),
    ]),
);

pub(super) const METRICS: Node = Node::words(
    "metrics",
    "Figures over HTTP",
    &[Node::value("listen", "Where GET /metrics is answered", Value::Endpoint).required()],
);

pub(super) const ROUTE: Node = Node::array(
    "route",
    "Routes of the host, by destination",
    "destination",
    Value::Network,
    &[Node::value("gateway", "The next hop", Value::Address).required()],
);
