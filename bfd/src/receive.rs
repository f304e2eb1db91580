//! Reception (RFC 5880 6.8.6, RFC 5881 5).

use wire::bfd::{ControlPacket, HOPS, State};
use wire::{Duration, Instant};

use crate::machine::Trigger;
use crate::poll::Poll;
use crate::session::Remote;
use crate::{DownReason, DropReason, Session};

impl Session {
    pub(crate) fn receive(&mut self, payload: &[u8], hops: u8, now: Instant) {
        match self.admit(payload, hops) {
            Ok(packet) => {
                self.counters.received = self.counters.received.wrapping_add(1);
                self.take(&packet, now);
            }
            Err(reason) => self.counters.dropped.count(reason),
        }
    }

    /// Whether a packet is one of this session's.
    fn admit(&self, payload: &[u8], hops: u8) -> Result<ControlPacket, DropReason> {
        if hops != HOPS {
            return Err(DropReason::Hops);
        }
        let packet = ControlPacket::parse(payload)?;
        let yours = packet.your_discriminator;
        if yours != 0 && yours != self.discriminator {
            return Err(DropReason::YourDiscriminator);
        }
        Ok(packet)
    }

    /// 6.8.6 in its order, from the state variables on.
    fn take(&mut self, packet: &ControlPacket, now: Instant) {
        // What we know of the peer is part of what we say.
        self.is_news |=
            self.remote.discriminator != packet.my_discriminator && self.remote.discriminator != 0;
        self.remote = Remote {
            discriminator: packet.my_discriminator,
            state: packet.state,
            diagnostic: packet.diagnostic,
            demand: packet.demand,
            detect_mult: packet.detect_mult,
            min_tx: Duration::from_micros(packet.desired_min_tx.into()),
            min_rx: Duration::from_micros(packet.required_min_rx.into()),
        };
        self.heard(now);
        let before = self.poll;
        self.poll = before.heard(packet.is_final);
        if before != self.poll && self.poll != Poll::Asking {
            self.negotiate(false);
        }
        let reason = match packet.state {
            State::AdminDown => DownReason::PeerAdmin,
            State::Down | State::Init | State::Up => DownReason::Peer,
        };
        self.apply(Trigger::Received(packet.state), reason);
        self.is_asked = packet.poll;
    }
}
