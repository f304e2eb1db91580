//! `show bfd`: micro-BFD on the members of bonds.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use ::bfd::{DropReason as BfdDropReason, State as BfdState, Status as BfdSession};

/// One member's micro-BFD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BfdItem {
    /// The bond.
    pub bond: String,
    /// The member.
    pub member: String,
    /// Our address in the packets.
    pub local_address: IpAddr,
    /// The other end's.
    pub remote_address: IpAddr,
    /// Whether micro-BFD lets the member be used.
    pub is_open: bool,
    /// The session; none: the bond neither uses the member nor has it in reserve.
    pub session: Option<BfdSession>,
    /// Frames that came to micro-BFD's port and were not for the session.
    pub frames: PathFrames,
}

/// Frames that came to micro-BFD's port on a member and were not for its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathFrames {
    /// From or to other addresses.
    pub foreign: u64,
    /// With headers that contradict themselves, or a wrong checksum.
    pub malformed: u64,
}
