//! The BFD control packet (RFC 5880 4.1) and the frame that carries it on one member of an
//! aggregation (RFC 5881 4, RFC 7130 2.2).
//!
//! ```text
//! version=1(3 bits) diagnostic(5 bits)  state(2 bits) P F C A D M
//! detect mult(1)  length=24(1)  my discriminator(4)  your discriminator(4)
//! desired min tx(4)  required min rx(4)  required min echo rx(4)       intervals in microseconds
//! ```
//! Authentication is not spoken: a packet that has the A bit is refused.

mod frame;

pub use frame::{FRAME_MAX, FrameInvalid, MicroFrame};

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{Mac, slow};

/// The version that is spoken.
pub const VERSION: u8 = 1;
/// The length of a packet without authentication, in bytes.
pub const LEN: usize = 24;
/// The UDP port of single-hop control packets (RFC 5881 4).
pub const SINGLE_HOP_PORT: u16 = 3784;
/// The UDP port of micro-BFD (RFC 7130 2.2).
pub const MICRO_PORT: u16 = 6784;
/// The UDP source ports that a sender may take (RFC 5881 4).
pub const SOURCE_PORTS: core::ops::RangeInclusive<u16> = 49_152..=65_535;
/// The TTL or hop limit of every packet, so that none comes from beyond the link (RFC 5881 5).
pub const HOPS: u8 = 255;
/// The Ethernet destination of micro-BFD (RFC 7130 2.2).
pub const MICRO_GROUP: Mac = Mac([0x01, 0x00, 0x5e, 0x90, 0x00, 0x01]);

/// The least length of a packet with authentication: its type and length are there.
const LEN_WITH_AUTHENTICATION: u8 = 26;

/// A session's state, as Sta says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Held down by its operator.
    AdminDown,
    /// Down, or just made.
    Down,
    /// The other side is heard, and may not hear us.
    Init,
    /// Both sides hear each other.
    Up,
}

impl State {
    const fn bits(self) -> u8 {
        match self {
            Self::AdminDown => 0,
            Self::Down => 1,
            Self::Init => 2,
            Self::Up => 3,
        }
    }

    const fn of(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::AdminDown,
            1 => Self::Down,
            2 => Self::Init,
            _ => Self::Up,
        }
    }

    /// The word for it, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AdminDown => "admin_down",
            Self::Down => "down",
            Self::Init => "init",
            Self::Up => "up",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why the sender's session last changed its state: five bits (RFC 5880 4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Diagnostic(u8);

impl Diagnostic {
    /// No Diagnostic.
    pub const NONE: Self = Self(0);
    /// Control Detection Time Expired.
    pub const DETECTION_TIME_EXPIRED: Self = Self(1);
    /// Neighbor Signaled Session Down.
    pub const NEIGHBOR_SIGNALED_DOWN: Self = Self(3);
    /// Administratively Down.
    pub const ADMINISTRATIVELY_DOWN: Self = Self(7);

    /// The lower five bits of a number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number & 0x1f)
    }

    /// Its number, 0 to 31.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// What the standard calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "none",
            1 => "detection time expired",
            2 => "echo function failed",
            3 => "neighbor signaled session down",
            4 => "forwarding plane reset",
            5 => "path down",
            6 => "concatenated path down",
            7 => "administratively down",
            8 => "reverse concatenated path down",
            _ => "reserved",
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why bytes are no control packet that this version may act on (RFC 5880 6.8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invalid {
    /// Another version than 1.
    Version,
    /// Fewer bytes than the fixed fields, or a Length below them or beyond the payload.
    Length,
    /// A Detect Mult of 0.
    DetectMult,
    /// The Multipoint bit.
    Multipoint,
    /// A My Discriminator of 0.
    MyDiscriminator,
    /// A Your Discriminator of 0 in another state than Down and AdminDown.
    YourDiscriminator,
    /// The Authentication Present bit.
    Authentication,
}

/// A control packet.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the header has these four bits, each with a meaning of its own"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlPacket {
    /// Why the sender's state last changed.
    pub diagnostic: Diagnostic,
    /// The sender's state.
    pub state: State,
    /// The sender wants an answer with [`is_final`](Self::is_final): a Poll Sequence.
    pub poll: bool,
    /// The answer to a packet with [`poll`](Self::poll).
    pub is_final: bool,
    /// The sender's BFD outlives its control plane.
    pub control_plane_independent: bool,
    /// The sender wants no periodic packets.
    pub demand: bool,
    /// How many packets of the sender may be missed; not 0.
    pub detect_mult: u8,
    /// The sender's discriminator; not 0.
    pub my_discriminator: u32,
    /// What the sender knows of the receiver's; 0: nothing.
    pub your_discriminator: u32,
    /// The shortest interval that the sender would like to send at, in microseconds.
    pub desired_min_tx: u32,
    /// The shortest interval that the sender can receive at, in microseconds; 0: send nothing.
    pub required_min_rx: u32,
    /// The shortest interval of echo packets that the sender returns, in microseconds; 0: none.
    pub required_min_echo_rx: u32,
}

mod bit {
    pub(super) const POLL: u8 = 0x20;
    pub(super) const FINAL: u8 = 0x10;
    pub(super) const CONTROL_PLANE_INDEPENDENT: u8 = 0x08;
    pub(super) const AUTHENTICATION: u8 = 0x04;
    pub(super) const DEMAND: u8 = 0x02;
    pub(super) const MULTIPOINT: u8 = 0x01;
}

impl ControlPacket {
    /// Reads a UDP payload; what follows the packet's own length is not looked at.
    ///
    /// # Errors
    /// What RFC 5880 6.8.6 has discarded before a session is looked for, in its order, and then the
    /// A bit, since no session here uses authentication.
    pub fn parse(payload: &[u8]) -> Result<Self, Invalid> {
        let (&[first, flags, detect_mult, length], rest) =
            payload.split_first_chunk::<4>().ok_or(Invalid::Length)?;
        let (words, _) = rest.as_chunks::<4>();
        let is_set = |bit: u8| flags & bit != 0;
        if first >> 5 != VERSION {
            return Err(Invalid::Version);
        }
        let least = if is_set(bit::AUTHENTICATION) {
            LEN_WITH_AUTHENTICATION
        } else {
            24
        };
        let &[mine, yours, desired, required, echo, ..] = words else {
            return Err(Invalid::Length);
        };
        if length < least || usize::from(length) > payload.len() {
            return Err(Invalid::Length);
        }
        let packet = Self {
            diagnostic: Diagnostic::new(first),
            state: State::of(flags >> 6),
            poll: is_set(bit::POLL),
            is_final: is_set(bit::FINAL),
            control_plane_independent: is_set(bit::CONTROL_PLANE_INDEPENDENT),
            demand: is_set(bit::DEMAND),
            detect_mult,
            my_discriminator: u32::from_be_bytes(mine),
            your_discriminator: u32::from_be_bytes(yours),
            desired_min_tx: u32::from_be_bytes(desired),
            required_min_rx: u32::from_be_bytes(required),
            required_min_echo_rx: u32::from_be_bytes(echo),
        };
        if detect_mult == 0 {
            return Err(Invalid::DetectMult);
        }
        if is_set(bit::MULTIPOINT) {
            return Err(Invalid::Multipoint);
        }
        if packet.my_discriminator == 0 {
            return Err(Invalid::MyDiscriminator);
        }
        if packet.your_discriminator == 0 && matches!(packet.state, State::Init | State::Up) {
            return Err(Invalid::YourDiscriminator);
        }
        if is_set(bit::AUTHENTICATION) {
            return Err(Invalid::Authentication);
        }
        Ok(packet)
    }

    /// The packet's bytes: the UDP payload.
    #[must_use]
    pub fn emit(&self) -> [u8; LEN] {
        let set = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        let flags = self.state.bits() << 6
            | set(self.poll, bit::POLL)
            | set(self.is_final, bit::FINAL)
            | set(
                self.control_plane_independent,
                bit::CONTROL_PLANE_INDEPENDENT,
            )
            | set(self.demand, bit::DEMAND);
        let mut bytes = [0; LEN];
        slow::fill(
            &mut bytes,
            &[
                &[
                    VERSION << 5 | self.diagnostic.number(),
                    flags,
                    self.detect_mult,
                    24,
                ],
                &self.my_discriminator.to_be_bytes(),
                &self.your_discriminator.to_be_bytes(),
                &self.desired_min_tx.to_be_bytes(),
                &self.required_min_rx.to_be_bytes(),
                &self.required_min_echo_rx.to_be_bytes(),
            ],
        );
        bytes
    }
}
