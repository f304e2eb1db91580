//! Markers that bondd has a worker send behind what it has sent.

use bond::egress::Ask;

use super::Forwarder;

/// A marker to send.
#[derive(Clone, Copy, Debug)]
pub struct Marker {
    ask: Ask,
    member: usize,
    /// The port that it leaves by.
    pub port: usize,
    /// Its length.
    pub len: usize,
}

impl Forwarder {
    /// A marker that this worker is to send, put together as [`Forwarder::reply`], and the port that
    /// it leaves by. Whether it has left is said by [`Forwarder::note_marker`].
    pub fn marker(&mut self, bond: usize) -> Option<Marker> {
        let view = &mut self.views[bond];
        loop {
            let (ask, member) = view.unasked(self.worker)?;
            let port = self.shared.bonds[bond].ports.get(member).copied().flatten();
            let frame = view.table().and_then(|table| ask.frame(table, member));
            if let (Some(port), Some(frame)) = (port, frame) {
                let len = frame.len();
                self.reply[..len].copy_from_slice(&frame);
                return Some(Marker {
                    ask,
                    member,
                    port,
                    len,
                });
            }
            // Without a NIC nobody can ask there, and nothing was sent.
            view.note_asked(&ask, member);
        }
    }

    /// A marker was sent.
    pub fn note_marker(&mut self, bond: usize, marker: &Marker) {
        self.views[bond].note_asked(&marker.ask, marker.member);
    }
}
