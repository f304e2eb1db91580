//! The records: one JSON text a packet, at most 64 KiB.
//!
//! ```text
//! client ─ {"show":"bond"} ─►  ◄─ {"begin":"bond"} ◄─ {"item":{…}}* ◄─ {"end":2}    or {"error":"…"} at any point
//! bondd  ─ {"bond":{"attach":"bond0"}} + egress memfd ─► lvsd  ◄─ {"bond":{"attached":"bond0"}} + feedback memfd
//! ```

use serde::{Deserialize, Serialize};

use crate::show::Noun;

/// The largest record, in bytes.
pub const RECORD_BYTES: usize = 64 * 1024;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Everything of one kind, as a stream of items.
    Show(Noun),
    /// bondd's word to lvsd; the connection is taken over.
    Bond(BondRequest),
}

/// bondd's words to lvsd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BondRequest {
    /// Serve the bond of this name; its egress memfd comes with the record.
    Attach(String),
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer<T> {
    /// The items of this noun follow.
    Begin(Noun),
    /// One of them.
    Item(T),
    /// That was all: so many.
    End(u64),
    /// None will come, or no more.
    Error(String),
    /// lvsd's word to bondd.
    Bond(BondAnswer),
}

/// lvsd's words to bondd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BondAnswer {
    /// The bond of this name is served; its feedback memfd comes with the record.
    Attached(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: Serialize>(record: &T) -> String {
        serde_json::to_string(record).expect("a record")
    }

    #[test]
    fn requests_are_spelt_as_agreed() {
        assert_eq!(text(&Request::Show(Noun::Bond)), r#"{"show":"bond"}"#);
        let attach = Request::Bond(BondRequest::Attach("bond0".into()));
        assert_eq!(text(&attach), r#"{"bond":{"attach":"bond0"}}"#);
    }

    #[test]
    fn answers_are_spelt_as_agreed() {
        assert_eq!(
            text(&Answer::<()>::Begin(Noun::Drops)),
            r#"{"begin":"drops"}"#
        );
        assert_eq!(text(&Answer::Item(7)), r#"{"item":7}"#);
        assert_eq!(text(&Answer::<()>::End(2)), r#"{"end":2}"#);
        assert_eq!(text(&Answer::<()>::Error("no".into())), r#"{"error":"no"}"#);
        let attached = Answer::<()>::Bond(BondAnswer::Attached("bond0".into()));
        assert_eq!(text(&attached), r#"{"bond":{"attached":"bond0"}}"#);
    }

    #[test]
    fn an_unknown_request_is_refused() {
        assert!(serde_json::from_str::<Request>(r#"{"show":"weather"}"#).is_err());
        assert!(serde_json::from_str::<Request>(r#"{"erase":"all"}"#).is_err());
    }
}
