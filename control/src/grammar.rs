//! What may be typed, as one static tree of words: the parser, `?` and completion read the same.
//!
//! [`configuration()`] holds every key of the configuration; the TOML reader knows its keys from
//! there too. A console adds its own commands as more [`Node`]s, with the configuration below some
//! of them ([`Node::place`]):
//! ```
//! use control::grammar::{Nothing, Node, Offer, Purpose, complete, expand};
//!
//! const COMMANDS: &[Node] = &[
//!     Node::place("set", "Set a key of the configuration", Purpose::Set),
//!     Node::words("show", "Show the state of something", &[
//!         Node::plain("version", "What runs here"),
//!         Node::plain("vrrp", "The virtual routers"),
//!     ]),
//! ];
//!
//! assert_eq!(expand(COMMANDS, &["sh", "vr"]).expect("one meaning"), ["show", "vrrp"]);
//! let error = expand(COMMANDS, &["sh", "v"]).expect_err("two meanings").to_string();
//! assert_eq!(error, "v: more than one word: version | vrrp");
//! let offers = complete(COMMANDS, &["set", "lvs"], "qu", &Nothing);
//! assert_eq!((offers[0].text.as_str(), offers[0].offer), ("queues", Offer::Keyword));
//! ```

mod complete;
mod configuration;
mod node;
mod value;
mod walk;

pub use complete::{Completion, Names, Nothing, Offer, complete};
pub use configuration::{HASH_MAPPING, HASH_POLICY, configuration};
pub use node::{Follow, HELP_CHARS, Kind, Node, Purpose};
pub use value::{Choice, Value};
pub use walk::{Error, expand};
