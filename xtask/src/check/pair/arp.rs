//! Who answers for a VIP: ARP requests from the client, heard at the ends of each box's cables.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Result, bail};
use tests::arp::{self, Ear, Heard, Operation};
use tests::host::INTERFACE;
use tests::pair::Pair;
use tests::plan::{self, CLIENT, Family, Method, Subnet, Vip};

use crate::check::observe;
use crate::report::Report;

const REQUESTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(20);

/// The silent box answers none of 20 requests for a VIP, which it is asked all the same; the other one
/// answers all, with the virtual MAC.
pub fn judge(
    report: &mut Report,
    pair: &Pair,
    when: &str,
    method: Method,
    silent: u8,
) -> Result<()> {
    let vip = Vip::rr(method, Family::V4);
    let (target, own) = (v4(vip.address().ip())?, v4(client(method))?);
    let wires = pair.lab.cable_namespace();
    let place = pair.lab.place(silent)?;
    let asked = Ear::open(wires, &place.near_ends())?;
    let answering = Ear::open(wires, &place.far_ends())?;
    let other = pair.lab.place(plan::other(silent))?;
    let other = Ear::open(wires, &other.far_ends())?;
    let namespace = pair.lab.client_namespace();
    arp::ask(namespace, INTERFACE, own, target, REQUESTS, PAUSE)?;
    observe(Duration::from_millis(300));

    let delivered = asked
        .heard()?
        .iter()
        .filter(|one| is_request(one, target))
        .count();
    report.figure(
        &format!("{when}: ARP requests that reached it"),
        delivered,
        &format!(">= {REQUESTS}"),
        delivered >= REQUESTS as usize,
    );
    let answers = answering
        .heard()?
        .iter()
        .filter(|one| is_answer(one, target))
        .count();
    report.none(
        &format!("{when}: ARP requests that it answered"),
        u64::try_from(answers).unwrap_or(u64::MAX),
    );
    let mac = vip.router().virtual_mac();
    let heard = other.heard()?;
    let right = heard
        .iter()
        .filter(|one| is_answer(one, target) && one.sender == mac)
        .count();
    report.figure(
        &format!("{when}: answers of the other box, with the virtual MAC"),
        right,
        &format!(">= {REQUESTS}"),
        right >= REQUESTS as usize,
    );
    Ok(())
}

fn client(method: Method) -> IpAddr {
    let subnet = match method {
        Method::Nat => Subnet::A,
        Method::Dr => Subnet::B,
    };
    plan::address(Family::V4, subnet, CLIENT)
}

fn is_request(heard: &Heard, target: Ipv4Addr) -> bool {
    heard.operation == Operation::Request && heard.target_address == target
}

fn is_answer(heard: &Heard, target: Ipv4Addr) -> bool {
    heard.operation == Operation::Reply && heard.sender_address == target
}

fn v4(address: IpAddr) -> Result<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(address) => bail!("{address} has no ARP"),
    }
}
