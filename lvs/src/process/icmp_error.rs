//! ICMP errors about connections: translated like the packets that they quote.

use wire::checksum::update16;
use wire::protocol;

use super::{Outcome, Task};
use crate::address::{Address, Endpoint};
use crate::bytes::{change16, get, get16, put, upto};
use crate::connection::Key;
use crate::method::dr;
use crate::method::nat::{self, Change, End};
use crate::packet::{Family, Packet};
use crate::{DropReason, Verdict};

/// The length of an ICMP error's own header.
const ICMP_HEADER: usize = 8;

/// The packet that an error quotes.
struct Quoted {
    l3: usize,
    l4: usize,
    protocol: u8,
    source: Endpoint,
    destination: Endpoint,
}

impl Task<'_, '_> {
    /// An error to a virtual address, about what a real sent to a client: it goes to the real.
    pub fn error_to_real(&mut self, packet: &Packet) -> Outcome {
        let quoted = quoted(self.frame, packet).ok_or(DropReason::IcmpIgnored)?;
        if quoted.source.address != packet.destination {
            return Err(DropReason::IcmpIgnored);
        }
        let key = Key {
            client: quoted.destination,
            service: quoted.source,
            protocol: quoted.protocol,
        };
        let found = self
            .cx
            .table
            .find(&key, self.tick)
            .ok_or(DropReason::IcmpIgnored)?;
        let real = self
            .cx
            .snapshot
            .real(found.real)
            .ok_or(DropReason::IcmpIgnored)?;
        refuse_expired(packet)?;
        let rewritten = if found.word.is_one_way() {
            dr::forward(self.frame, packet)
        } else {
            let outer = Change {
                end: End::Destination,
                from: quoted.source,
                to: real.endpoint,
            };
            translate(self.frame, packet, &quoted, &outer)
        };
        rewritten.ok_or(DropReason::Malformed)?;
        Ok(Verdict::Forward {
            next_hop: real.endpoint.address.to_ip(),
        })
    }

    /// An error to a client, about what we sent to a NAT real: it comes from the virtual address.
    pub fn error_to_client(&mut self, packet: &Packet) -> Outcome {
        let Some(quoted) = quoted(self.frame, packet) else {
            return Ok(Verdict::NotMine);
        };
        if quoted.source.address != packet.destination
            || !self
                .cx
                .snapshot
                .is_source(quoted.destination, quoted.protocol)
        {
            return Ok(Verdict::NotMine);
        }
        let found = self.find_reply(quoted.protocol, quoted.destination, quoted.source);
        let Some(service) = found.map(|found| found.service) else {
            return Ok(Verdict::NotMine);
        };
        if self.headers.destination.is_group() {
            return Err(DropReason::GroupMac);
        }
        self.verify_header(packet)?;
        refuse_expired(packet)?;
        // Whichever router reports it, the client knows the virtual address alone.
        let from = Endpoint {
            address: packet.source,
            port: quoted.destination.port,
        };
        let outer = Change {
            end: End::Source,
            from,
            to: service,
        };
        translate(self.frame, packet, &quoted, &outer).ok_or(DropReason::Malformed)?;
        Ok(Verdict::Forward {
            next_hop: packet.destination.to_ip(),
        })
    }
}

/// No error answers an error (RFC 1122 3.2.2): one whose TTL ends here is dropped.
const fn refuse_expired(packet: &Packet) -> Result<(), DropReason> {
    if packet.ttl <= 1 {
        Err(DropReason::TtlExpired)
    } else {
        Ok(())
    }
}

/// Translates one end of an error, and the other end of the packet that it quotes. The transport
/// checksum in the quotation is left alone, as IPVS does: receivers do not look at it.
fn translate(frame: &mut [u8], packet: &Packet, quoted: &Quoted, outer: &Change) -> Option<()> {
    dr::forward(frame, packet)?;
    let Change { end, from, to } = *outer;
    nat::set_address(
        frame,
        packet.family,
        packet.l3,
        end,
        from.address,
        to.address,
    )?;
    let (inner_end, inner) = match end {
        End::Source => (End::Destination, quoted.destination),
        End::Destination => (End::Source, quoted.source),
    };
    // Under IPv6 these two bytes are no checksum, and are not looked at.
    let header_check = get16(frame, quoted.l3 + 10)?;
    nat::set_address(
        frame,
        packet.family,
        quoted.l3,
        inner_end,
        inner.address,
        to.address,
    )?;
    put(
        frame,
        quoted.l4 + nat::port_offset(inner_end),
        to.port.to_be_bytes(),
    )?;
    let header_check_after = get16(frame, quoted.l3 + 10)?;
    change16(frame, packet.l4 + 2, |check| {
        let check = nat::update_address(check, packet.family, inner.address, to.address);
        let check = update16(check, inner.port, to.port);
        match packet.family {
            Family::V4 => update16(check, header_check, header_check_after),
            // ICMPv6 covers the addresses of the error itself too (RFC 4443 2.3).
            Family::V6 => nat::update_address(check, packet.family, from.address, to.address),
        }
    })
}

/// The packet that an error quotes, if it is the start of a TCP segment.
fn quoted(frame: &[u8], packet: &Packet) -> Option<Quoted> {
    let l3 = packet.l4 + ICMP_HEADER;
    let frame = upto(frame, packet.end);
    let (source, destination, proto, l4) = match packet.family {
        Family::V4 => {
            let header: [u8; 20] = get(frame, l3)?;
            let [version_ihl, _, _, _, _, _, f0, f1, _, proto, ..] = header;
            let length = usize::from(version_ihl & 0xf) * 4;
            let is_start = u16::from_be_bytes([f0, f1]) & 0x1fff == 0;
            if version_ihl >> 4 != 4 || length < 20 || !is_start {
                return None;
            }
            let address = |at| {
                Some(Address::from(core::net::Ipv4Addr::from(get::<4>(
                    frame,
                    l3 + at,
                )?)))
            };
            (address(12)?, address(16)?, proto, l3 + length)
        }
        Family::V6 => {
            let [version, _, _, _, _, _, next, _] = get(frame, l3)?;
            if version >> 4 != 6 {
                return None;
            }
            let address = |at| {
                Some(Address::from_bits(u128::from_be_bytes(get(
                    frame,
                    l3 + at,
                )?)))
            };
            (address(8)?, address(24)?, next, l3 + 40)
        }
    };
    if proto != protocol::TCP {
        return None;
    }
    let source = Endpoint {
        address: source,
        port: get16(frame, l4)?,
    };
    let destination = Endpoint {
        address: destination,
        port: get16(frame, l4 + 2)?,
    };
    Some(Quoted {
        l3,
        l4,
        protocol: proto,
        source,
        destination,
    })
}
