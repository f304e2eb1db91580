//! Packet sockets, TAP, ethtool and sysctl.

use netio::Port;
use netio::ethtool::{Duplex, Ethtool};
use netio::packet::{IpFamily, PacketSocket};
use netio::tap::Tap;
use wire::Mac;

use crate::lab::{self, Lab, arrivals, assert_silent, numbered};

const MAC: Mac = Mac([2, 0, 0, 0, 0, 0x77]);

#[test]
fn a_packet_socket_hears_its_ethertype_and_not_itself() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let peer = lab.peer(0);
    let slow = lab.inside(|| PacketSocket::open("p0", 0x8809).unwrap());
    slow.join_multicast(Mac([1, 0x80, 0xc2, 0, 0, 2])).unwrap();
    slow.join_unicast(MAC).unwrap();
    slow.join_promiscuous().unwrap();
    let mut pdu = numbered(1);
    pdu[12..14].copy_from_slice(&[0x88, 0x09]);
    peer.send(&numbered(2)).unwrap();
    peer.send(&pdu).unwrap();
    assert_eq!(arrivals(&slow, 1), vec![pdu.clone()]);
    slow.send(&pdu).unwrap();
    assert_eq!(arrivals(&peer, 1), vec![pdu]);
    assert_silent(&slow);
}

#[test]
fn a_vlan_tag_is_back_in_its_place() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let kernel = lab.inside(|| PacketSocket::open("p0", PacketSocket::ALL).unwrap());
    let plain = numbered(9);
    let tagged = [&plain[..12], &[0x81, 0x00, 0x60, 0x05], &plain[12..]].concat();
    lab.peer(0).send(&tagged).unwrap();
    assert_eq!(arrivals(&kernel, 1), vec![tagged]);
}

#[test]
fn a_packet_socket_for_one_protocol_hears_no_other() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let vrrp = lab.inside(|| PacketSocket::open("p0", 0x0800).unwrap());
    vrrp.admit_only(23, 112).unwrap();
    let packet = |protocol: u8| {
        let mut frame = numbered(1);
        frame[..6].copy_from_slice(&[0x01, 0, 0x5e, 0, 0, 0x12]);
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        frame[23] = protocol;
        frame
    };
    for protocol in [6, 112, 17] {
        lab.peer(0).send(&packet(protocol)).unwrap();
    }
    assert_eq!(arrivals(&vrrp, 1), vec![packet(112)]);
}

#[test]
fn a_packet_socket_for_one_protocol_hears_no_vlan() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let vrrp = lab.inside(|| PacketSocket::open("p0", 0x0800).unwrap());
    vrrp.admit_only(23, 112).unwrap();
    let mut packet = numbered(1);
    packet[..6].copy_from_slice(&[0x01, 0, 0x5e, 0, 0, 0x12]);
    packet[12..14].copy_from_slice(&[0x08, 0x00]);
    packet[23] = 112;
    // A tag of VLAN 100, and one that is a priority alone (802.1Q: VLAN 0).
    for (tag, is_heard) in [([0x81, 0, 0, 0x64], false), ([0x81, 0, 0xc0, 0], true)] {
        let tagged = [&packet[..12], &tag, &packet[12..]].concat();
        lab.peer(0).send(&tagged).unwrap();
        if is_heard {
            assert_eq!(arrivals(&vrrp, 1), vec![packet.clone()]);
        }
        assert_silent(&vrrp);
    }
}

/// A datagram to a group and a port, over IPv4 with options or over IPv6.
fn datagram(family: IpFamily, port: u16) -> Vec<u8> {
    let mut frame = vec![0x01, 0, 0x5e, 0x90, 0, 1, 2, 0, 0, 0, 0, 7];
    match family {
        IpFamily::V4 => {
            frame.extend([0x08, 0x00, 0x46, 0, 0, 32, 0, 0, 0, 0, 255, 17, 0, 0]);
            frame.extend([0; 12]);
        }
        IpFamily::V6 => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 255]);
            frame.extend([0; 32]);
        }
    }
    let [high, low] = port.to_be_bytes();
    frame.extend([0xc0, 0, high, low, 0, 8, 0, 0]);
    frame
}

#[test]
fn a_packet_socket_for_one_udp_port_hears_no_other_and_no_part_of_a_datagram() {
    if !lab::is_root() {
        return;
    }
    for (family, ethertype) in [(IpFamily::V4, 0x0800), (IpFamily::V6, 0x86dd)] {
        let lab = Lab::new(1, 1);
        let bfd = lab.inside(|| PacketSocket::open("p0", ethertype).unwrap());
        bfd.admit_only_udp(family, 6784).unwrap();
        let wanted = datagram(family, 6784);
        let mut tcp = wanted.clone();
        tcp[if family == IpFamily::V4 { 23 } else { 20 }] = 6;
        let mut others = vec![datagram(family, 6785), tcp];
        if family == IpFamily::V4 {
            for part in [[0x20, 0], [0, 1]] {
                let mut frame = wanted.clone();
                frame[20..22].copy_from_slice(&part);
                others.push(frame);
            }
        }
        let mut to_another = wanted.clone();
        to_another[..6].copy_from_slice(&[2, 9, 9, 9, 9, 9]);
        others.push(to_another);
        for frame in &others {
            lab.peer(0).send(frame).unwrap();
        }
        lab.peer(0).send(&wanted).unwrap();
        assert_eq!(arrivals(&bfd, 1), vec![wanted]);
        assert_silent(&bfd);
    }
}

#[test]
fn a_packet_socket_on_no_interface_says_so() {
    let error = PacketSocket::open("netio-none", 0x8809).unwrap_err();
    assert!(error.to_string().contains("netio-none"), "{error}");
}

#[test]
fn a_tap_carries_frames_both_ways_and_outlives_one_descriptor() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(0, 1);
    lab.inside(|| {
        let tap = Tap::open("tap0").unwrap();
        tap.set_mac(MAC).unwrap();
        tap.set_mtu(1400).unwrap();
        tap.set_up(true).unwrap();
        assert_eq!((tap.name(), tap.mtu().unwrap()), ("tap0", 1400));
        let kernel = PacketSocket::open("tap0", PacketSocket::ALL).unwrap();
        tap.send(&numbered(1)).unwrap();
        assert_eq!(arrivals(&kernel, 1), vec![numbered(1)]);
        kernel.send(&numbered(2)).unwrap();
        assert_eq!(arrivals(&tap, 1), vec![numbered(2)]);

        let index = tap.ifindex().unwrap();
        assert!(Tap::open("tap0").is_err(), "the name is taken");
        let stored = std::os::fd::AsFd::as_fd(&tap).try_clone_to_owned().unwrap();
        drop(tap);
        let tap = Tap::from_fd(stored).unwrap();
        assert_eq!((tap.name(), tap.ifindex().unwrap()), ("tap0", index));
        kernel.send(&numbered(3)).unwrap();
        assert_eq!(arrivals(&tap, 1), vec![numbered(3)]);
        drop((tap, kernel));
        assert!(
            nix::net::if_::if_nametoindex("tap0").is_err(),
            "the last descriptor takes it"
        );
    });
}

#[test]
fn the_carrier_of_a_tap_is_what_it_is_set_to() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(0, 1);
    lab.inside(|| {
        let tap = Tap::open("tap0").unwrap();
        tap.set_up(true).unwrap();
        let ethtool = Ethtool::open().unwrap();
        for carrier in [false, true, false] {
            tap.set_carrier(carrier).unwrap();
            assert_eq!(ethtool.carrier("tap0").unwrap(), carrier);
        }
        tap.set_up(false).unwrap();
    });
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    if !lab::is_root() {
        return;
    }
    let error = Tap::open("sixteen-bytes-ab").unwrap_err().to_string();
    assert!(error.contains("1 to 15"), "{error}");
}

#[test]
fn ethtool_tells_link_and_queues_and_switches_offloads_off() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 2);
    lab.inside(|| {
        let ethtool = Ethtool::open().unwrap();
        assert!(ethtool.carrier("p0").unwrap());
        let settings = ethtool.link_settings("p0").unwrap();
        assert_eq!(
            (settings.speed, settings.duplex),
            (Some(10_000), Some(Duplex::Full))
        );
        assert_eq!(ethtool.receive_queues("p0").unwrap(), 2);
        ethtool.set_queues("p0", 1).unwrap();
        assert_eq!(ethtool.receive_queues("p0").unwrap(), 1);
        let still_on = ethtool.disable_offloads("p0").unwrap();
        assert!(still_on.iter().all(|name| *name == "rx"), "{still_on:?}");
        lab::ip(&format!("-n {} link set q0 down", lab.there));
        assert!(!ethtool.carrier("p0").unwrap());
        assert!(ethtool.carrier("netio-none").is_err());
        // A loopback has no speed, which is no fault.
        assert_eq!(ethtool.link_settings("lo").unwrap().speed, None);
        assert_eq!(ethtool.receive_queues("lo").unwrap(), 1);
    });
}

#[test]
fn sysctls_are_set_in_the_threads_own_namespace() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    lab.inside(|| {
        netio::sysctl::arp_ignore("p0", 8).unwrap();
        netio::sysctl::disable_ipv6("p0", true).unwrap();
        let value = std::fs::read_to_string("/proc/sys/net/ipv4/conf/p0/arp_ignore").unwrap();
        assert_eq!(value, "8\n");
        assert!(netio::sysctl::arp_ignore("netio-none", 8).is_err());
    });
}
