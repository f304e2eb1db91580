//! Changing the configuration: what ctld says to an operator, and the calls of a console.
//!
//! Each call is one request ([`ConfigureRequest`]) with the text, where there is one, in a sealed
//! memfd, and one answer: a stream of [`Item`]s.
//! ```text
//! console ─ {"configure":{"commit":{"file":"new.toml","confirmed":5,"comment":null}}} + memfd ─► ctld
//!   ◄─ {"begin":"configuration"} ◄─ {"item":{"committed":{"id":13,…}}} ◄─ {"item":{"daemon":{…}}}* ◄─ {"end":6}
//! ```

use std::fmt;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sys::sealed;

use crate::diff::Change;
use crate::ipc::client::{self, ClientError, Items};
use crate::ipc::{ConfigureRequest, Effect, Request};
use crate::show::Noun;

/// How long ctld may take for the first record of an answer: it waits for every daemon, and for one
/// that is being started anew.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One item of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Something that happened before and that nobody has been told yet, such as a commit that ctld
    /// finished when it came back. Comes first, and only to who commits or rolls back.
    Note(String),
    /// A fault of the text; nothing was changed.
    Fault(String),
    /// Why not; nothing was changed.
    Refused(String),
    /// The text is the running configuration already; nothing was changed.
    Unchanged,
    /// It is the running configuration now, also after a power cut.
    Committed(Committed),
    /// What became of it in a daemon; one item for each, after `committed`.
    Daemon(DaemonOutcome),
    /// A line of a difference.
    Change(Change),
    /// The commit of this number stays.
    Confirmed(u64),
}

/// A commit that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// Its number in the history.
    pub id: u64,
    /// Lines of the difference that are new.
    pub added: usize,
    /// Lines of the difference that went away.
    pub removed: usize,
    /// Until when it must be confirmed to stay, in seconds since 1970 (UTC).
    pub confirm_by: Option<u64>,
}

/// What became of a commit in one daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonOutcome {
    /// The daemon.
    pub daemon: String,
    /// What the configuration means for it; none when it did not say.
    pub effect: Option<Effect>,
    /// Why it does not have the configuration; none when it has. It will have it when it is started
    /// again, from the running file.
    pub missing: Option<String>,
}

/// What a commit or a rollback came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// What happened before and nobody has been told yet.
    pub notes: Vec<String>,
    /// The commit; none when nothing had to be changed.
    pub committed: Option<Committed>,
    /// What became of it in the daemons.
    pub daemons: Vec<DaemonOutcome>,
}

/// Why the configuration is what it was.
#[derive(Debug)]
pub enum ConfigureError {
    /// The text has faults: one line each.
    Faults(Vec<String>),
    /// ctld, or a daemon through it, said no: a line for each reason.
    Refused(Vec<String>),
    /// No answer came.
    Client(ClientError),
}

impl fmt::Display for ConfigureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults(lines) => f.write_str(&lines.join("\n")),
            Self::Refused(lines) => write!(f, "not committed: {}", lines.join("\nnot committed: ")),
            Self::Client(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConfigureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Client(error) => Some(error),
            Self::Faults(_) | Self::Refused(_) => None,
        }
    }
}

impl From<ClientError> for ConfigureError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

/// Makes `text`, which faults call `file`, the running configuration. With `confirmed` it goes back
/// by itself unless [`confirm`] is called within so many minutes.
///
/// # Errors
/// When the configuration stays what it was, or ctld could not say what it is now.
pub fn commit(
    run_dir: &Path,
    file: &str,
    text: &str,
    confirmed: Option<u32>,
    comment: Option<&str>,
) -> Result<Commit, ConfigureError> {
    let request = ConfigureRequest::Commit {
        file: file.to_owned(),
        confirmed,
        comment: comment.map(str::to_owned),
        base: None,
    };
    outcome(ask(run_dir, request, Some(text))?)
}

/// As [`commit`], of a `text` that was edited from the canonical text `base`: refused when another
/// one is running by now.
///
/// # Errors
/// As [`commit`].
pub fn commit_from(
    run_dir: &Path,
    base: &str,
    file: &str,
    text: &str,
    confirmed: Option<u32>,
    comment: Option<&str>,
) -> Result<Commit, ConfigureError> {
    let request = ConfigureRequest::Commit {
        file: file.to_owned(),
        confirmed,
        comment: comment.map(str::to_owned),
        base: Some(digest(base)),
    };
    outcome(ask(run_dir, request, Some(text))?)
}

/// What a commit calls the canonical text that its own was edited from: its SHA-256 (FIPS 180-4) in
/// lower-case hexadecimal.
#[must_use]
pub fn digest(text: &str) -> String {
    let bytes = Sha256::digest(text);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the configuration of `commits` commits ago the running one: a commit of its own.
///
/// # Errors
/// As [`commit`].
pub fn rollback(run_dir: &Path, commits: u32) -> Result<Commit, ConfigureError> {
    outcome(ask(run_dir, ConfigureRequest::Rollback(commits), None)?)
}

/// What committing `text` would change.
///
/// # Errors
/// When the text has faults, or no answer came.
pub fn compare(run_dir: &Path, file: &str, text: &str) -> Result<Vec<Change>, ConfigureError> {
    let file = file.to_owned();
    let items = ask(run_dir, ConfigureRequest::Compare { file }, Some(text))?;
    let mut changes = Vec::new();
    for item in said(items)? {
        match item {
            Item::Change(change) => changes.push(change),
            Item::Note(_) => {}
            item @ (Item::Fault(_)
            | Item::Refused(_)
            | Item::Unchanged
            | Item::Committed(_)
            | Item::Daemon(_)
            | Item::Confirmed(_)) => return Err(unexpected(&item)),
        }
    }
    Ok(changes)
}

/// Keeps the commit that is on trial; gives its number.
///
/// # Errors
/// When none is, or no answer came.
pub fn confirm(run_dir: &Path) -> Result<u64, ConfigureError> {
    let mut confirmed = Err(unexpected(&Item::Unchanged));
    for item in said(ask(run_dir, ConfigureRequest::Confirm, None)?)? {
        match item {
            Item::Confirmed(id) => confirmed = Ok(id),
            Item::Note(_) => {}
            item @ (Item::Fault(_)
            | Item::Refused(_)
            | Item::Unchanged
            | Item::Committed(_)
            | Item::Daemon(_)
            | Item::Change(_)) => return Err(unexpected(&item)),
        }
    }
    confirmed
}

fn ask(
    run_dir: &Path,
    request: ConfigureRequest,
    text: Option<&str>,
) -> Result<Items<Item>, ClientError> {
    let daemon = Noun::Configuration.daemon();
    let broken = |source| ClientError::Broken { daemon, source };
    let text = text.map(|text| sealed::seal("configuration", text.as_bytes()));
    let text = text.transpose().map_err(broken)?;
    let fds: Vec<_> = text.iter().map(|fd| fd.as_fd()).collect();
    let request = Request::Configure(request);
    client::ask(run_dir, &request, &fds, Noun::Configuration, PATIENCE)
}

/// All items, unless they say that nothing was done.
fn said(items: Items<Item>) -> Result<Vec<Item>, ConfigureError> {
    let items: Vec<Item> = items.collect::<Result<_, _>>()?;
    let mut faults = Vec::new();
    let mut refusals = Vec::new();
    for item in &items {
        match item {
            Item::Fault(line) => faults.push(line.clone()),
            Item::Refused(line) => refusals.push(line.clone()),
            Item::Note(_)
            | Item::Unchanged
            | Item::Committed(_)
            | Item::Daemon(_)
            | Item::Change(_)
            | Item::Confirmed(_) => {}
        }
    }
    if !faults.is_empty() {
        Err(ConfigureError::Faults(faults))
    } else if !refusals.is_empty() {
        Err(ConfigureError::Refused(refusals))
    } else {
        Ok(items)
    }
}

fn outcome(items: Items<Item>) -> Result<Commit, ConfigureError> {
    let mut commit = Commit {
        notes: Vec::new(),
        committed: None,
        daemons: Vec::new(),
    };
    for item in said(items)? {
        match item {
            Item::Note(note) => commit.notes.push(note),
            Item::Unchanged => {}
            Item::Committed(committed) => commit.committed = Some(committed),
            Item::Daemon(outcome) => commit.daemons.push(outcome),
            item @ (Item::Fault(_) | Item::Refused(_) | Item::Change(_) | Item::Confirmed(_)) => {
                return Err(unexpected(&item));
            }
        }
    }
    Ok(commit)
}

fn unexpected(item: &Item) -> ConfigureError {
    ConfigureError::Client(ClientError::Misunderstood {
        daemon: Noun::Configuration.daemon(),
        what: format!("{item:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(item: &Item) -> String {
        serde_json::to_string(item).expect("an item")
    }

    #[test]
    fn a_digest_is_that_of_the_standards_example() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest("abc"), abc);
        assert_ne!(digest("abc\n"), abc);
    }

    #[test]
    fn items_are_spelt_as_agreed() {
        assert_eq!(text(&Item::Note("n".into())), r#"{"note":"n"}"#);
        assert_eq!(text(&Item::Fault("f".into())), r#"{"fault":"f"}"#);
        assert_eq!(text(&Item::Refused("r".into())), r#"{"refused":"r"}"#);
        assert_eq!(text(&Item::Unchanged), r#""unchanged""#);
        assert_eq!(text(&Item::Confirmed(7)), r#"{"confirmed":7}"#);
        let change = Change::Added("lvs.queues = 2".into());
        assert_eq!(
            text(&Item::Change(change)),
            r#"{"change":{"added":"lvs.queues = 2"}}"#
        );
    }

    #[test]
    fn a_commit_is_spelt_as_agreed() {
        let committed = Committed {
            id: 7,
            added: 2,
            removed: 1,
            confirm_by: None,
        };
        assert_eq!(
            text(&Item::Committed(committed)),
            r#"{"committed":{"id":7,"added":2,"removed":1,"confirm_by":null}}"#
        );
        let outcome = DaemonOutcome {
            daemon: "lvsd".into(),
            effect: Some(Effect::Live),
            missing: None,
        };
        assert_eq!(
            text(&Item::Daemon(outcome)),
            r#"{"daemon":{"daemon":"lvsd","effect":"live","missing":null}}"#
        );
    }
}
