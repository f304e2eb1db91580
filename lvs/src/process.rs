//! One frame in, one verdict out.

mod icmp_error;
mod local;
mod reply;
mod request;
mod takeover;

use heapless::Vec;
use wire::checksum::ipv4_header_valid;
use wire::headers::{Fragment, Headers, Net, Transport};
use wire::{Mac, protocol};

use crate::address::Endpoint;
use crate::answer;
use crate::connection::{Place, Tick};
use crate::packet::{Family, Packet};
use crate::snapshot::Standing;
use crate::{Context, DropReason, Verdict, Worker};

/// Decides what becomes of a frame and rewrites it in place when it goes on.
///
/// `headers` are those that were parsed from `frame`, which may be the head alone of a longer frame: only an
/// echo request is not answered then. `reply` has room for a frame of our own, 1,514 bytes for all of
/// them but long echo replies. Drops are counted here.
#[inline]
pub fn process(
    cx: &Context<'_, '_>,
    worker: &mut Worker,
    frame: &mut [u8],
    headers: &Headers,
    reply: &mut [u8],
) -> Verdict {
    let mut task = Task {
        cx,
        worker,
        frame,
        headers,
        reply,
        tick: Tick::at(cx.now),
        mac: cx.mac,
    };
    match task.dispatch() {
        Ok(verdict) => verdict,
        Err(reason) => {
            task.worker.stats.drops(reason).add(1);
            Verdict::Drop(reason)
        }
    }
}

/// Connections that the cache has room for anyway.
const CACHED: usize = 16_384;
/// Packets of a batch that are looked at ahead; those beyond are only slower.
const BATCH_MAX: usize = 64;

/// Fetches into the cache what [`process`] will read for the packets of a batch, so that their
/// memory accesses overlap. Does nothing while there are so few connections that the cache has them.
#[inline]
pub fn look_ahead<'h>(cx: &Context<'_, '_>, batch: impl IntoIterator<Item = &'h Headers>) {
    if cx.table.held() < CACHED {
        return;
    }
    let places: Vec<Place, BATCH_MAX> = batch
        .into_iter()
        .filter_map(|headers| place(cx, headers))
        .take(BATCH_MAX)
        .collect();
    cx.table.fetch(&places);
}

/// Where the connection of a packet lies, if it may belong to one.
#[inline]
fn place(cx: &Context<'_, '_>, headers: &Headers) -> Option<Place> {
    let packet = Packet::new(headers)?;
    let Transport::Tcp {
        source,
        destination,
        ..
    } = packet.transport
    else {
        return None;
    };
    let from = Endpoint {
        address: packet.source,
        port: source,
    };
    let to = Endpoint {
        address: packet.destination,
        port: destination,
    };
    let is_request = cx.snapshot.service(to, protocol::TCP).is_some();
    let client = if is_request { from } else { to };
    Some(cx.table.place(client, protocol::TCP))
}

/// A frame being processed.
#[derive(Debug)]
pub struct Task<'t, 'm> {
    pub cx: &'t Context<'t, 'm>,
    pub worker: &'t mut Worker,
    pub frame: &'t mut [u8],
    pub headers: &'t Headers,
    pub reply: &'t mut [u8],
    pub tick: Tick,
    /// The MAC address that an answer of our own comes from.
    pub mac: Mac,
}

/// A verdict, or why the packet is dropped.
pub type Outcome = Result<Verdict, DropReason>;

impl Task<'_, '_> {
    #[inline]
    fn dispatch(&mut self) -> Outcome {
        if let Some(packet) = Packet::new(self.headers) {
            return self.ip(&packet);
        }
        match &self.headers.net {
            Net::Arp(arp) => answer::arp::answer(self, arp),
            Net::V4(_) | Net::V6(_) | Net::Other => Ok(Verdict::NotMine),
        }
    }

    #[inline]
    fn ip(&mut self, packet: &Packet) -> Outcome {
        if let (
            Transport::Tcp {
                source,
                destination,
                flags,
                ..
            },
            Fragment::Whole,
        ) = (packet.transport, packet.fragment)
        {
            let snapshot = self.cx.snapshot;
            let to = Endpoint {
                address: packet.destination,
                port: destination,
            };
            let from = Endpoint {
                address: packet.source,
                port: source,
            };
            if let Some(service) = snapshot.service(to, protocol::TCP) {
                return self.request(packet, service, from, to, flags);
            }
            if snapshot.is_source(from, protocol::TCP)
                && let Some(outcome) = self
                    .reply(packet, from, to, flags)
                    .or_else(|| self.take_over_reply(packet, from, to, flags))
            {
                return outcome;
            }
        }
        self.other(packet)
    }

    /// Answers for a virtual address from here on, by the MAC address that it is reached by: on
    /// another link than its virtual router's, by the bond's own. Refuses to while the virtual router
    /// is not Active here (RFC 5798 6.4.2).
    #[inline]
    pub fn stand_for(&mut self, standing: Standing) -> Result<(), DropReason> {
        match standing {
            Standing::Always => Ok(()),
            Standing::Router { mac, lease, .. } if self.cx.is_active(lease) => {
                // A frame from the virtual MAC would call the switches back here once it fades.
                if self.cx.is_here(lease) && !self.cx.is_fading(lease) {
                    self.mac = mac;
                }
                Ok(())
            }
            Standing::Router { .. } => Err(DropReason::NotActive),
        }
    }

    /// As [`Task::stand_for`], to tell where the address is: that is no more here to be told once
    /// another box is Active.
    pub fn tell_of(&mut self, standing: Standing) -> Result<(), DropReason> {
        match standing {
            Standing::Router { lease, .. } if self.cx.is_fading(lease) => {
                Err(DropReason::NotActive)
            }
            Standing::Always | Standing::Router { .. } => self.stand_for(standing),
        }
    }

    /// Whether ARP and neighbour discovery are to be answered on this link: for a virtual router's
    /// address, on its own link only. Elsewhere its virtual MAC may be another router's.
    pub const fn is_on_link(&self, standing: Standing) -> bool {
        match standing {
            Standing::Always => true,
            Standing::Router { lease, .. } => self.cx.is_here(lease),
        }
    }

    /// Takes from the limit on errors and resets of our own.
    pub fn limit(&mut self) -> Result<(), DropReason> {
        if self.worker.limiter.admit(self.cx.now) {
            Ok(())
        } else {
            Err(DropReason::RateLimited)
        }
    }

    /// Refuses a packet whose IPv4 header is damaged.
    #[inline]
    pub fn verify_header(&self, packet: &Packet) -> Result<(), DropReason> {
        match packet.family {
            Family::V4 => {
                let header = self
                    .frame
                    .get(packet.l3..packet.l4)
                    .ok_or(DropReason::Malformed)?;
                if ipv4_header_valid(header) {
                    Ok(())
                } else {
                    Err(DropReason::BadHeaderChecksum)
                }
            }
            Family::V6 => Ok(()),
        }
    }
}
