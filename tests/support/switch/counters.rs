//! What a port has carried, and what it has not, by reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A way through a port, as the switch sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// From the guest into the switch.
    In,
    /// From the switch to the guest.
    Out,
}

/// Which ways a command is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the guest into the switch.
    In,
    /// From the switch to the guest.
    Out,
    /// Both ways.
    #[default]
    Both,
}

impl Direction {
    /// Its ways.
    #[must_use]
    pub const fn ways(self) -> &'static [Way] {
        match self {
            Self::In => &[Way::In],
            Self::Out => &[Way::Out],
            Self::Both => &[Way::In, Way::Out],
        }
    }
}

/// One of something for each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways<T> {
    /// From the guest into the switch.
    #[serde(rename = "in")]
    pub inward: T,
    /// From the switch to the guest.
    #[serde(rename = "out")]
    pub outward: T,
}

impl<T> Ways<T> {
    /// The one of this way.
    pub const fn of(&self, way: Way) -> &T {
        match way {
            Way::In => &self.inward,
            Way::Out => &self.outward,
        }
    }

    /// The one of this way.
    pub const fn of_mut(&mut self, way: Way) -> &mut T {
        match way {
            Way::In => &mut self.inward,
            Way::Out => &mut self.outward,
        }
    }
}

/// Why a frame was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Too short for an Ethernet header.
    Malformed,
    /// To an address that no bridge forwards, for example a slow-protocol frame on a port without LACP.
    Reserved,
    /// The cable is cut.
    Cut,
    /// The cable loses frames, and this was one.
    Lost,
    /// The cable is pulled out.
    NoCarrier,
    /// The group's member does not collect.
    NotCollecting,
    /// To an address behind the port or group that the frame came from.
    SamePlace,
    /// To a group of which no member distributes.
    NoMember,
    /// Too many frames are on their way already.
    QueueFull,
    /// Nobody has made the guest's socket, or who made it is dead.
    NoGuest,
    /// The kernel refused it.
    SendFailed,
}

/// Frames and their bytes, without FCS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Frames.
    pub frames: u64,
    /// Bytes.
    pub bytes: u64,
}

/// One way's figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// In: whatever came from the guest, also what was dropped then. Out: what the guest was sent.
    pub carried: Carried,
    /// What was dropped.
    pub dropped: BTreeMap<Reason, u64>,
}

impl Counters {
    /// Counts a frame.
    pub fn carry(&mut self, frame: &[u8]) {
        self.carried.frames += 1;
        self.carried.bytes += u64::try_from(frame.len()).unwrap_or(0);
    }

    /// Counts a dropped frame.
    pub fn drop(&mut self, reason: Reason) {
        *self.dropped.entry(reason).or_default() += 1;
    }

    /// How many frames were dropped for this reason.
    #[must_use]
    pub fn dropped(&self, reason: Reason) -> u64 {
        self.dropped.get(&reason).copied().unwrap_or(0)
    }
}
