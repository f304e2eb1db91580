//! Direct routing: the packet stays as it is but for its TTL; the host readdresses the frame to the
//! real, which has the virtual address on its loopback and answers the client itself.

use super::lower_ttl;
use crate::packet::Packet;

/// Makes a client's packet one for a real. `None` when the frame is shorter than its headers say.
#[inline]
pub fn forward(frame: &mut [u8], packet: &Packet) -> Option<()> {
    lower_ttl(frame, packet)
}
