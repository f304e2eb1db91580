//! What is neither a service's request nor a real's reply: traffic to the virtual addresses
//! themselves, ICMP errors about connections, fragments.

use wire::headers::{Fragment, TcpFlags, Transport};
use wire::{Mac, protocol};

use super::{Outcome, Task};
use crate::address::Endpoint;
use crate::answer::{echo, neighbour, reset, unreachable};
use crate::packet::Packet;
use crate::snapshot::Standing;
use crate::{DropReason, Verdict};

/// ICMP types (RFC 792) and ICMPv6 types (RFC 4443, RFC 4861) that are looked at.
mod kind {
    pub const UNREACHABLE: u8 = 3;
    pub const ECHO: u8 = 8;
    pub const TIME_EXCEEDED: u8 = 11;
    pub const PARAMETER: u8 = 12;
    pub const LAST_ERROR_V6: u8 = 127;
    pub const ECHO_V6: u8 = 128;
    pub const SOLICITATION: u8 = 135;
    pub const ADVERTISEMENT: u8 = 136;
}

/// What an ICMP message is to the balancer.
enum Message {
    Echo,
    Error,
    Solicitation,
    Advertisement,
    Other,
}

const fn message(transport: &Transport) -> Option<Message> {
    match transport {
        Transport::Icmp { kind, .. } => Some(match *kind {
            kind::ECHO => Message::Echo,
            kind::UNREACHABLE | kind::TIME_EXCEEDED | kind::PARAMETER => Message::Error,
            _ => Message::Other,
        }),
        Transport::Icmp6 { kind, .. } => Some(match *kind {
            kind::ECHO_V6 => Message::Echo,
            kind::SOLICITATION => Message::Solicitation,
            kind::ADVERTISEMENT => Message::Advertisement,
            ..=kind::LAST_ERROR_V6 => Message::Error,
            _ => Message::Other,
        }),
        Transport::Tcp { .. } | Transport::Udp { .. } | Transport::Other | Transport::None => None,
    }
}

impl Task<'_, '_> {
    /// A packet that no service and no real's reply claims.
    #[inline(never)]
    pub fn other(&mut self, packet: &Packet) -> Outcome {
        let message = match packet.fragment {
            Fragment::Whole => message(&packet.transport),
            Fragment::First | Fragment::Later => None,
        };
        // Solicitations go to multicast addresses: their target says whom they concern.
        if let Some(Message::Solicitation | Message::Advertisement) = message
            && let Some(target) = neighbour::target(self.frame, packet)
            && let Some(standing) = self.cx.snapshot.standing(target)
        {
            return match (message, self.cx.snapshot.standing(packet.source)) {
                (Some(Message::Solicitation), None) if !self.is_on_link(standing) => {
                    Ok(Verdict::NotMine)
                }
                (Some(Message::Solicitation), None) => {
                    self.tell_of(standing)?;
                    neighbour::answer(self, packet, target, standing)
                }
                // Who advertises a virtual address, or solicits from one, has it too.
                (_, source) => self.claimed(source.unwrap_or(standing), self.headers.source),
            };
        }
        if let Some(standing) = self.cx.snapshot.standing(packet.destination) {
            self.stand_for(standing)?;
            return match standing {
                Standing::Router { is_owner: true, .. } => self.owned(packet, message.as_ref()),
                Standing::Always | Standing::Router { .. } => self.local(packet, message.as_ref()),
            };
        }
        if let Some(Message::Error) = message {
            return self.error_to_client(packet);
        }
        if self.is_fragment_of_reply(packet) {
            return Err(DropReason::Fragment);
        }
        Ok(Verdict::NotMine)
    }

    /// Another station says that it has a virtual address. That is a conflict where the address is
    /// this box's; where its virtual router is Active elsewhere, or announced by its own virtual MAC,
    /// the kernel may learn it.
    pub fn claimed(&mut self, standing: Standing, by: Mac) -> Outcome {
        match (standing, self.tell_of(standing)) {
            (Standing::Router { mac, .. }, _) if mac == by => Ok(Verdict::NotMine),
            (_, Ok(())) => Err(DropReason::AddressConflict),
            (_, Err(_)) => Ok(Verdict::NotMine),
        }
    }

    /// A packet to a virtual address that the kernel has, too: its own but for errors about the
    /// services' connections, which it does not know.
    fn owned(&mut self, packet: &Packet, message: Option<&Message>) -> Outcome {
        let Some(Message::Error) = message else {
            return Ok(Verdict::NotMine);
        };
        match self.local(packet, message) {
            Err(DropReason::IcmpIgnored) => Ok(Verdict::NotMine),
            outcome => outcome,
        }
    }

    /// A packet to a virtual address.
    fn local(&mut self, packet: &Packet, message: Option<&Message>) -> Outcome {
        self.verify_header(packet)?;
        self.refuse_martian(packet)?;
        if packet.fragment != Fragment::Whole {
            return Err(DropReason::Fragment);
        }
        match (message, packet.transport) {
            (Some(Message::Echo), _) => echo::answer(self, packet),
            (Some(Message::Error), _) => self.error_to_real(packet),
            (Some(_), _) => Err(DropReason::IcmpIgnored),
            (None, Transport::Tcp { flags, .. }) if flags.contains(TcpFlags::RST) => {
                Err(DropReason::StrayReset)
            }
            (None, Transport::Tcp { .. }) => reset::no_service(self, packet),
            (None, Transport::Udp { .. }) => unreachable::port(self, packet),
            (None, _) => Err(DropReason::ProtocolUnsupported),
        }
    }

    /// Refuses what no host may have sent, before anything is answered or entered.
    pub fn refuse_martian(&self, packet: &Packet) -> Result<(), DropReason> {
        if self.headers.destination.is_group() {
            return Err(DropReason::GroupMac);
        }
        if !packet.source.is_host() || packet.source == packet.destination {
            return Err(DropReason::MartianSource);
        }
        Ok(())
    }

    fn is_fragment_of_reply(&self, packet: &Packet) -> bool {
        match packet.transport {
            Transport::Tcp { source, .. } if packet.fragment == Fragment::First => {
                let from = Endpoint {
                    address: packet.source,
                    port: source,
                };
                self.cx.snapshot.is_source(from, protocol::TCP)
            }
            Transport::Tcp { .. }
            | Transport::Udp { .. }
            | Transport::Icmp { .. }
            | Transport::Icmp6 { .. }
            | Transport::Other
            | Transport::None => false,
        }
    }
}
