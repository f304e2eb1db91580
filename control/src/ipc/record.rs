//! The records: one JSON text a packet, at most 64 KiB.
//!
//! ```text
//! client ─ {"show":"bond"} ─►  ◄─ {"begin":"bond"} ◄─ {"item":{…}}* ◄─ {"end":2}    or {"error":"…"} at any point
//! bondd  ─ {"bond":{"attach":{"bond":"bond0","members":["eth1"]}}} + egress memfd ─► lvsd  ◄─ {"bond":{"attached":"bond0"}} + feedback memfd
//! ```

use std::net::SocketAddr;

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
    /// vrrpd's word to lvsd; the connection is taken over.
    Vrrp(VrrpRequest),
    /// healthd's word to lvsd: which reals are up. The first of a stream on one connection, which is
    /// taken over; at most [`BATCH`] in a record.
    Verdicts(Vec<RealVerdict>),
    /// healthd's word to vrrpd: which services have a real that is up; a stream like the other.
    Pools(Vec<PoolVerdict>),
    /// ctld's word to a daemon: a step of a transaction; the connection is the transaction.
    Transaction(TransactionRequest),
    /// An operator's word to ctld.
    Configure(ConfigureRequest),
    /// An operator's word to lvsd: hand out copies of the frames of a port or bond. The connection is
    /// taken over, and the capture ends with it.
    Capture(CaptureRequest),
    /// An operator's word to bondd: make a member the active one.
    Activate {
        /// The bond.
        bond: String,
        /// The member's name.
        member: String,
    },
    /// An operator's word to a daemon that counts: `show` counts from here on from zero. What Prometheus
    /// gets goes on as it was.
    Clear,
    /// ctld's word to a daemon that clears, for metrics: as `show`, but counted from the daemon's start,
    /// whatever was cleared since.
    Figures(Noun),
}

/// The most verdicts in one record.
pub const BATCH: usize = 256;

/// Whose frames are wanted, and how much of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureRequest {
    /// A bond's member, or a bond for all of its members.
    pub interface: String,
    /// The most bytes of a frame that are copied.
    pub snap_length: u32,
}

/// One frame of a capture follows in the next packet of the connection, as it was on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedFrame {
    /// When, in nanoseconds since 1970 (UTC).
    pub unix_ns: u64,
    /// The member's place in [`CaptureAnswer::Begun`].
    pub interface: u16,
    /// Whether the box sent it.
    pub sent: bool,
    /// The frame's length on the wire, in bytes; what follows may be shorter.
    pub length: u32,
    /// Frames that were lost to this capture since the last one, because nobody took them in time.
    pub lost: u64,
}

/// lvsd's words of a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureAnswer {
    /// The members whose frames follow.
    Begun(Vec<String>),
    /// The next packet is a frame.
    Frame(CapturedFrame),
}

/// vrrpd's words to lvsd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VrrpRequest {
    /// Give the memory of the leases, and of every bond what bondd and the workers say of it.
    Attach,
}

/// What a check found of a real.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealVerdict {
    /// The service's name.
    pub service: String,
    /// The real.
    pub real: SocketAddr,
    /// Whether it takes new connections.
    pub up: bool,
}

/// What the checks of a service's reals found together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolVerdict {
    /// The service's name.
    pub service: String,
    /// Whether one of its reals is up.
    pub alive: bool,
}

/// The steps of a transaction (see [`crate::transaction`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionRequest {
    /// Say whether the configuration, whose text comes in a sealed memfd with the record, can be
    /// taken up.
    Prepare(u64),
    /// Take it up.
    Commit(u64),
    /// Forget it.
    Abort(u64),
}

/// What a daemon says in a transaction; a refusal is an [`Answer::Error`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionAnswer {
    /// It can be taken up.
    Prepared {
        /// The transaction.
        id: u64,
        /// What taking it up means for the daemon.
        effect: Effect,
    },
    /// It has been.
    Committed(u64),
    /// It has been forgotten.
    Aborted(u64),
}

/// What a new configuration means for a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing of its own has changed.
    None,
    /// It changes while it runs.
    Live,
    /// It ends once the change is committed, and its supervisor starts it anew.
    Restart,
}

/// An operator's words to ctld. A configuration's text comes in a sealed memfd with the record. The
/// answer is a stream of [`crate::configure::Item`]s, which begins with `configuration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfigureRequest {
    /// Make the text the running configuration.
    Commit {
        /// What faults call the text: the file that it came from.
        file: String,
        /// Roll back by itself unless confirmed within so many minutes.
        confirmed: Option<u32>,
        /// A word for the history.
        comment: Option<String>,
        /// What the text was edited from: the digest ([`crate::configure::digest`]) of the canonical
        /// text that was running then. Another one running now is a reason to refuse; none: whatever
        /// is running is replaced.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<String>,
    },
    /// Say what committing the text would change.
    Compare {
        /// What faults call the text.
        file: String,
    },
    /// Make the running configuration what it was so many commits ago.
    Rollback(u32),
    /// Keep what was committed on trial.
    Confirm,
}

/// bondd's words to lvsd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BondRequest {
    /// Serve a bond; its egress memfd comes with the record.
    Attach {
        /// The bond's name.
        bond: String,
        /// Its members in the order of the egress table, which names them by their places: lvsd's
        /// own, or it refuses.
        members: Vec<String>,
    },
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
    /// lvsd's word to vrrpd.
    Vrrp(VrrpAnswer),
    /// A daemon's word to ctld.
    Transaction(TransactionAnswer),
    /// lvsd's word to who captures.
    Capture(CaptureAnswer),
    /// What was asked for without an answer of its own is done.
    Done,
}

/// lvsd's words to bondd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BondAnswer {
    /// The bond of this name is served; its feedback memfd comes with the record.
    Attached(String),
}

/// lvsd's words to vrrpd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VrrpAnswer {
    /// The bonds in lvsd's order. With the record come the memory of the leases ([`vrrp::lease`]),
    /// and for each bond its feedback and its egress table. The connection ends when one of these is
    /// replaced, to be made anew.
    Attached(Vec<String>),
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
        let commit = ConfigureRequest::Commit {
            file: "new.toml".into(),
            confirmed: Some(5),
            comment: None,
            base: None,
        };
        let spelt = r#"{"configure":{"commit":{"file":"new.toml","confirmed":5,"comment":null}}}"#;
        assert_eq!(text(&Request::Configure(commit.clone())), spelt);
        assert_eq!(
            serde_json::from_str::<Request>(spelt).expect("a request"),
            Request::Configure(commit)
        );
        let commit = ConfigureRequest::Commit {
            file: "session".into(),
            confirmed: None,
            comment: None,
            base: Some("e3b0".into()),
        };
        let spelt = r#"{"configure":{"commit":{"file":"session","confirmed":null,"comment":null,"base":"e3b0"}}}"#;
        assert_eq!(text(&Request::Configure(commit.clone())), spelt);
        assert_eq!(
            serde_json::from_str::<Request>(spelt).expect("a request"),
            Request::Configure(commit)
        );
        let compare = ConfigureRequest::Compare { file: "x".into() };
        assert_eq!(
            text(&Request::Configure(compare)),
            r#"{"configure":{"compare":{"file":"x"}}}"#
        );
        assert_eq!(
            text(&Request::Configure(ConfigureRequest::Rollback(2))),
            r#"{"configure":{"rollback":2}}"#
        );
        assert_eq!(
            text(&Request::Configure(ConfigureRequest::Confirm)),
            r#"{"configure":"confirm"}"#
        );
        let attach = Request::Bond(BondRequest::Attach {
            bond: "bond0".into(),
            members: vec!["eth1".into(), "eth2".into()],
        });
        assert_eq!(
            text(&attach),
            r#"{"bond":{"attach":{"bond":"bond0","members":["eth1","eth2"]}}}"#
        );
    }

    #[test]
    fn captures_and_figures_are_spelt_as_agreed() {
        let capture = Request::Capture(CaptureRequest {
            interface: "bond0".into(),
            snap_length: 65_535,
        });
        assert_eq!(
            text(&capture),
            r#"{"capture":{"interface":"bond0","snap_length":65535}}"#
        );
        let begun = CaptureAnswer::Begun(vec!["eth1".into()]);
        assert_eq!(
            text(&Answer::<()>::Capture(begun)),
            r#"{"capture":{"begun":["eth1"]}}"#
        );
        let activate = Request::Activate {
            bond: "bond0".into(),
            member: "eth2".into(),
        };
        let line = r#"{"activate":{"bond":"bond0","member":"eth2"}}"#;
        assert_eq!(text(&activate), line);
        assert_eq!(text(&Request::Clear), r#""clear""#);
        assert_eq!(text(&Answer::<()>::Done), r#""done""#);
        assert_eq!(
            text(&Request::Figures(Noun::Drops)),
            r#"{"figures":"drops"}"#
        );
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
