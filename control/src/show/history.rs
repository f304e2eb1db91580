//! `show history`: the commits that one can go back to.

use serde::{Deserialize, Serialize};

/// Whether a commit stayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was never on trial.
    Plain,
    /// It was on trial, and nobody confirmed it so far. Of one that is not the newest: it went back.
    Trial,
    /// It was on trial and was confirmed.
    Confirmed,
}

/// One commit, the newest first: `show history`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryItem {
    /// What `rollback` calls it: 0 is the running configuration.
    pub rollback: usize,
    /// Its number, from 1.
    pub commit: u64,
    /// When it was made, in seconds since 1970 (UTC).
    pub unix: u64,
    /// Who made it; `ctld` for what it did or found by itself.
    pub user: String,
    /// A word for it.
    pub comment: Option<String>,
    /// Whether it stayed.
    pub standing: Standing,
    /// Lines that were new with it.
    pub added: usize,
    /// Lines that went away with it.
    pub removed: usize,
}
