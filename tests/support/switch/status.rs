//! A switch as it is shown.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::counters::{Counters, Ways};
use super::fault::Fault;
use super::group::GroupStatus;

/// A switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its ports.
    pub ports: Vec<PortStatus>,
    /// Its groups.
    pub groups: Vec<GroupStatus>,
    /// What is recorded.
    pub recordings: Vec<RecordingStatus>,
}

/// A port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortStatus {
    /// Its name.
    pub name: String,
    /// The group that it is in.
    pub group: Option<String>,
    /// Whether frames pass: it has carrier and, in a group, collects and distributes.
    pub carries: bool,
    /// Whether its cable is in.
    pub carrier: bool,
    /// What is wrong with its cable.
    pub faults: Ways<Fault>,
    /// The port that sees a copy of its frames.
    pub mirror: Option<String>,
    /// What it has carried and dropped.
    pub counters: Ways<Counters>,
}

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingStatus {
    /// Its file.
    pub file: PathBuf,
    /// Its port; `None`: all.
    pub port: Option<String>,
    /// Frames in it.
    pub frames: u64,
    /// Why it ended before it was stopped.
    pub failure: Option<String>,
}

impl Status {
    /// The port of this name.
    #[must_use]
    pub fn port(&self, name: &str) -> Option<&PortStatus> {
        self.ports.iter().find(|port| port.name == name)
    }

    /// The group of this name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&GroupStatus> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// The members of a group that carry traffic; none for a group that is not there.
    #[must_use]
    pub fn carrying(&self, group: &str) -> &[String] {
        self.group(group).map_or(&[], |group| &group.carrying)
    }
}
