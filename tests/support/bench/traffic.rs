//! What the generator offers.

use std::fmt::Write;
use std::net::Ipv4Addr;

use anyhow::Result;

use super::layout::PORT_MAC;
use crate::drops::frame::{Flags, Way};
use crate::plan::Vip;

/// Connections that are open when a run begins.
pub const OPEN_FLOWS: u32 = 65_536;
/// Octets of a frame without its check sequence.
const FRAME: usize = 60;
/// The generator's address on the wire.
const GENERATOR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
/// The client of the first open connection.
const OPEN_CLIENTS: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 0);
/// The first client that has none.
const NEW_CLIENTS: Ipv4Addr = Ipv4Addr::new(101, 0, 0, 0);
const CLIENT_PORT: u16 = 40_000;
/// Frames of a run over open connections.
const COUNT: u32 = 1 << 22;
/// Frames of a run that opens some; all runs' fit the connection table.
const NEW_COUNT: u32 = 1 << 21;
/// Frames of a burst that a ring takes whole.
const FITS_A_RING: u32 = 1_024;
/// Knuth's multiplicative hash: turn after turn somewhere else.
const SCATTER: u32 = 2_654_435_761;

/// A pattern of frames of one kind: frame `n` is from client `first` + (`n` * `stride`) modulo
/// `flows`.
#[derive(Clone, Copy, Debug)]
pub struct Flows {
    flags: Flags,
    first: Ipv4Addr,
    flows: u32,
    stride: u32,
    /// How many frames are offered.
    pub(super) count: u32,
    burst: u32,
}

impl Flows {
    /// One open connection.
    pub fn hot() -> Self {
        Self {
            flows: 1,
            ..Self::scattered()
        }
    }

    /// [`OPEN_FLOWS`] open connections, scattered.
    pub fn scattered() -> Self {
        Self {
            flags: Flags::Ack,
            first: OPEN_CLIENTS,
            flows: OPEN_FLOWS,
            stride: SCATTER,
            count: COUNT,
            burst: COUNT,
        }
    }

    /// A new connection with each frame; another `round` has others.
    pub fn new_connections(round: u32) -> Self {
        Self {
            flags: Flags::Syn,
            first: Ipv4Addr::from_bits(NEW_CLIENTS.to_bits() + round * NEW_COUNT),
            flows: NEW_COUNT,
            stride: 1,
            count: NEW_COUNT,
            burst: NEW_COUNT,
        }
    }

    /// Opens what [`Flows::scattered`] uses.
    pub(super) fn opening() -> Self {
        Self {
            flags: Flags::Syn,
            stride: 1,
            count: OPEN_FLOWS,
            burst: FITS_A_RING,
            ..Self::scattered()
        }
    }

    /// The generator's arguments after the interface.
    pub(super) fn arguments(&self, vip: &Vip) -> Result<[String; 6]> {
        let way = Way {
            source: GENERATOR_MAC,
            destination: PORT_MAC,
            from: Ipv4Addr::UNSPECIFIED.into(),
            to: vip.address().ip(),
        };
        let mut frame = way.tcp(CLIENT_PORT, vip.address().port(), self.flags)?;
        frame.resize(FRAME, 0);
        let mut digits = String::new();
        for octet in frame {
            // Writing to a string cannot fail.
            write!(digits, "{octet:02x}").ok();
        }
        Ok([
            digits,
            self.first.to_string(),
            self.flows.to_string(),
            self.stride.to_string(),
            self.count.to_string(),
            self.burst.to_string(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::layout::vip;
    use crate::plan::Method;

    #[test]
    fn a_frame_is_60_octets_from_no_client_yet() {
        let [frame, client, flows, stride, ..] = Flows::hot().arguments(&vip(Method::Nat)).unwrap();
        assert_eq!(frame.len(), 2 * FRAME);
        assert_eq!(&frame[52..60], "00000000", "the source address");
        assert_eq!(&frame[60..68], "0a500165", "10.80.1.101");
        assert_eq!([client, flows], ["100.64.0.0", "1"]);
        assert_eq!(stride, SCATTER.to_string());
    }

    #[test]
    fn two_rounds_of_new_connections_share_no_client_and_none_is_open_before() {
        let [first, second] = [0, 1].map(Flows::new_connections);
        assert_eq!(second.first.to_bits() - first.first.to_bits(), first.flows);
        let open = OPEN_CLIENTS.to_bits();
        assert!(!(open..open + OPEN_FLOWS).contains(&first.first.to_bits()));
    }
}
