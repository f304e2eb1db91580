//! Adverts that are none: dropped by reason, and nothing changes.

use anyhow::{Result, ensure};
use netio::Port;
use netio::packet::PacketSocket;
use tests::wait;
use vrrp::{Family, State};
use wire::vrrp::GROUP_V4_MAC;

use super::ours::{LIMIT, Ours, Wish, configuration};
use super::segment::{INTERFACE, Segment};

/// The internet checksum of these bytes.
fn sum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let [_, _, high, low] = (!sum).to_be_bytes();
    [high, low]
}

/// A message in an IPv4 packet from 10.81.0.3 with this TTL.
fn packet(ttl: u8, message: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + message.len()).unwrap_or(u16::MAX);
    let [t0, t1] = total.to_be_bytes();
    let mut header = [
        0x45, 0xc0, t0, t1, 0, 1, 0x40, 0, ttl, 112, 0, 0, 10, 81, 0, 3, 224, 0, 0, 18,
    ];
    let checksum = sum(&header);
    header[10..12].copy_from_slice(&checksum);
    let mut frame = GROUP_V4_MAC.0.to_vec();
    frame.extend([0, 0, 0x5e, 0, 1, 51, 8, 0]);
    frame.extend(header);
    frame.extend(message);
    frame
}

/// A message of this first byte, VRID, priority and addresses, its checksum over itself alone.
fn message(first: u8, vrid: u8, priority: u8, count: u8, addresses: &[[u8; 4]]) -> Vec<u8> {
    let mut message = vec![first, vrid, priority, count, 0, 10, 0, 0];
    message.extend(addresses.iter().flatten());
    let checksum = sum(&message);
    message[6..8].copy_from_slice(&checksum);
    message
}

const ADDRESSES: [[u8; 4]; 2] = [[10, 81, 0, 100], [10, 81, 0, 101]];

/// Frames that would end our role if they were taken: of priority 255, or of a leaving router.
fn bad() -> Vec<(&'static str, Vec<u8>)> {
    let good = message(0x31, 51, 255, 2, &ADDRESSES);
    let mut wrong_sum = good.clone();
    wrong_sum[6] ^= 0x55;
    // CARP: version 2, type 1, advskew 0 where the priority is, 36 bytes.
    let mut carp = vec![0x21, 51, 0, 7, 0, 1, 0, 0];
    carp.resize(36, 0);
    let checksum = sum(&carp);
    carp[6..8].copy_from_slice(&checksum);
    let mut broken_header = packet(255, &good);
    broken_header[24] ^= 0x55;
    vec![
        ("ttl", packet(254, &good)),
        ("header_checksum", broken_header),
        ("checksum", packet(255, &wrong_sum)),
        (
            "length",
            packet(255, &message(0x31, 51, 255, 3, &ADDRESSES)),
        ),
        (
            "length",
            packet(255, &message(0x31, 51, 255, 1, &ADDRESSES)),
        ),
        (
            "version2",
            packet(255, &message(0x21, 51, 255, 2, &ADDRESSES)),
        ),
        (
            "version",
            packet(255, &message(0x41, 51, 255, 2, &ADDRESSES)),
        ),
        ("type", packet(255, &message(0x32, 51, 255, 2, &ADDRESSES))),
        (
            "unknown_vrid",
            packet(255, &message(0x31, 52, 255, 2, &ADDRESSES)),
        ),
        ("carp", packet(255, &carp)),
    ]
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn bad_adverts_are_dropped_by_reason_and_change_nothing_and_a_good_one_ends_the_role() -> Result<()>
{
    let segment = Segment::raise()?;
    let mut ours = Ours::start(&segment, &configuration(Wish::new(Family::Ipv4, 100), ""))?;
    ours.wait_for(State::Active)?;
    let socket = segment
        .peer
        .inside(|| Ok(PacketSocket::open(INTERFACE, PacketSocket::NONE)?))?;
    for (reason, frame) in bad() {
        let before = ours.dropped(reason)?;
        socket.send(&frame)?;
        wait::until_ok(LIMIT, || {
            let count = ours.dropped(reason)?;
            ensure!(count == before + 1, "{reason}: {count}");
            Ok(())
        })?;
    }
    // By a member that bondd does not let receive, even a good one is no advert. When the table is
    // heard of, a harmless one says.
    let good = packet(255, &message(0x31, 51, 255, 2, &ADDRESSES));
    let harmless = packet(255, &message(0x31, 52, 255, 2, &ADDRESSES));
    ours.forwarder()?.publish(false, true);
    wait::until_ok(LIMIT, || {
        socket.send(&harmless)?;
        ensure!(ours.dropped("inactive_member")? > 0, "none was dropped");
        Ok(())
    })?;
    let before = ours.dropped("inactive_member")?;
    socket.send(&good)?;
    wait::until_ok(LIMIT, || {
        ensure!(
            ours.dropped("inactive_member")? > before,
            "it was not dropped"
        );
        Ok(())
    })?;
    let status = ours.status()?;
    assert_eq!(
        (status.state, status.counters.became_active),
        (State::Active, 1)
    );
    assert_eq!(status.counters.adverts_received, 0);
    ours.forwarder()?.publish(true, true);
    wait::until_ok(LIMIT, || {
        socket.send(&good)?;
        ensure!(ours.status()?.state == State::Backup, "still Active");
        Ok(())
    })?;
    Ok(())
}
