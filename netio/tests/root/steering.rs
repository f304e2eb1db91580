//! What the XDP program keeps for the kernel, gives to the lane, and drops.

use netio::Port;
use netio::packet::PacketSocket;
use netio::xdp::{Program, XdpMode};

use crate::lab::{self, Lab, arrivals, assert_silent, numbered, received};

const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];

fn ethernet(ethertype: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![1, 0x80, 0xc2, 0, 0, 2, 2, 0, 0, 0, 0, 2];
    frame.extend(ethertype);
    frame.extend(payload);
    frame.resize(frame.len().max(60), 0);
    frame
}

fn ipv4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let fragment = fragment.to_be_bytes();
    let mut packet = vec![
        0x45,
        0,
        length[0],
        length[1],
        0,
        1,
        fragment[0],
        fragment[1],
    ];
    packet.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(payload);
    packet
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, length[0], length[1], next, 64];
    packet.extend([0xfe; 32]);
    packet.extend(payload);
    packet
}

fn udp(source: u16, destination: u16) -> Vec<u8> {
    [
        source.to_be_bytes(),
        destination.to_be_bytes(),
        [0, 8],
        [0, 0],
    ]
    .concat()
}

/// A UDP datagram over IPv4 in a frame.
pub fn udp4(source: u16, destination: u16, fragment: u16) -> Vec<u8> {
    ethernet(IPV4, &ipv4(17, fragment, &udp(source, destination)))
}

fn tagged(frame: &[u8]) -> Vec<u8> {
    [&frame[..12], &[0x81, 0x00, 0x00, 0x05], &frame[12..]].concat()
}

fn control_frames() -> Vec<(&'static str, Vec<u8>)> {
    let vrrp = ethernet(IPV4, &ipv4(112, 0, &[0; 8]));
    vec![
        ("slow protocols", ethernet([0x88, 0x09], &[1, 1])),
        ("LLDP", ethernet([0x88, 0xcc], &[0; 4])),
        ("VRRP over IPv6", ethernet(IPV6, &ipv6(112, &[0; 8]))),
        ("BFD over IPv4", udp4(50000, 3784, 0)),
        ("micro-BFD over IPv4", udp4(50000, 6784, 0)),
        (
            "BFD over IPv6",
            ethernet(IPV6, &ipv6(17, &udp(50000, 3784))),
        ),
        ("VRRP behind a tag", tagged(&vrrp)),
        ("VRRP over IPv4", vrrp),
    ]
}

fn data_frames() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("ARP", ethernet([0x08, 0x06], &[0; 28])),
        ("TCP", ethernet(IPV4, &ipv4(6, 0, &[0; 20]))),
        ("UDP to the next port", udp4(3784, 3785, 0)),
        ("a later fragment that looks like BFD", udp4(50000, 3784, 8)),
        ("UDP over IPv6", ethernet(IPV6, &ipv6(17, &udp(3784, 53)))),
        ("TCP over IPv6", ethernet(IPV6, &ipv6(6, &[0; 20]))),
        (
            "a truncated header",
            ethernet([0x81, 0x00], &[0, 5, 0x08, 0x00])[..18].to_vec(),
        ),
    ]
}

#[test]
fn control_frames_go_to_the_kernel_and_not_to_the_lane() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let (_programs, mut lane) = lab.lane(1);
    let peer = lab.peer(0);
    let kernel = lab.inside(|| PacketSocket::open("p0", PacketSocket::ALL).unwrap());
    for (name, frame) in control_frames() {
        peer.send(&frame).unwrap();
        assert_eq!(arrivals(&kernel, 1)[0], frame, "{name}");
    }
    peer.send(&numbered(1)).unwrap();
    assert_eq!(
        received(&mut lane, 0, 1),
        vec![numbered(1)],
        "nothing else had come"
    );
}

#[test]
fn data_frames_go_to_the_lane_and_not_to_the_kernel() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let (_programs, mut lane) = lab.lane(1);
    let peer = lab.peer(0);
    let kernel = lab.inside(|| PacketSocket::open("p0", PacketSocket::ALL).unwrap());
    for (name, frame) in data_frames() {
        peer.send(&frame).unwrap();
        assert_eq!(received(&mut lane, 0, 1), vec![frame], "{name}");
    }
    assert_silent(&kernel);
}

#[test]
fn without_a_socket_data_is_dropped_and_control_still_passes() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let program =
        lab.inside(|| Program::load_and_attach("p0", &lab.pins, XdpMode::Native).unwrap());
    let peer = lab.peer(0);
    let kernel = lab.inside(|| PacketSocket::open("p0", PacketSocket::ALL).unwrap());
    for (_, frame) in data_frames() {
        peer.send(&frame).unwrap();
    }
    assert_silent(&kernel);
    peer.send(&control_frames()[0].1).unwrap();
    assert_eq!(arrivals(&kernel, 1)[0], control_frames()[0].1);
    program.detach().unwrap();
    // The link goes a moment after its pin.
    let start = std::time::Instant::now();
    loop {
        peer.send(&numbered(1)).unwrap();
        if lab::arrival(&kernel, 10) == Some(numbered(1)) {
            return;
        }
        assert!(
            start.elapsed() < lab::PATIENCE,
            "a detached program still drops"
        );
    }
}
