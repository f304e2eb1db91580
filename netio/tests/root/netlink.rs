//! Links, addresses, routes and neighbours over rtnetlink.

use std::net::IpAddr;

use netio::netlink::{
    Address, Event, Neighbour, NeighbourState, Netlink, Route, RouteKind, Rule, Upkeep, Watch,
};
use netio::tap::Tap;
use nix::net::if_::if_nametoindex;
use wire::Mac;

use crate::lab::{self, Lab, PATIENCE};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Runs `test` in our namespace, within a runtime.
fn run<F: Future<Output = ()>>(lab: &Lab, test: impl FnOnce(Netlink, Watch, u32) -> F + Send) {
    lab.inside(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let netlink = Netlink::new().unwrap();
            let watch = netlink.watch().await.unwrap();
            test(netlink, watch, if_nametoindex("p0").unwrap()).await;
        });
    });
}

/// What `pick` makes of the next event that it wants.
async fn event<T>(watch: &mut Watch, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    let find = async {
        loop {
            if let Some(found) = pick(watch.next().await.unwrap()) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, find)
        .await
        .expect("the event comes")
}

#[test]
fn a_link_is_listed_and_its_changes_are_told() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    run(&lab, async |netlink, mut watch, index| {
        let links = netlink.links().await.unwrap();
        let link = links.iter().find(|link| link.name == "p0").unwrap();
        assert_eq!(
            (link.index, link.mtu, link.up, link.carrier),
            (index, 1500, true, true)
        );
        assert_eq!(link.max_mtu, Some(65_535));
        assert_eq!(link.kind.as_deref(), Some("veth"));
        assert!(link.mac.is_some_and(|mac| !mac.is_group()));
        assert!(links.iter().any(|link| link.name == "lo"));

        lab::ip(&format!("-n {} link set q0 down", lab.there));
        let own = |event| match event {
            Event::Link(link) if link.index == index => Some(link),
            _ => None,
        };
        let without_carrier = |event| own(event).filter(|link| !link.carrier);
        assert!(event(&mut watch, without_carrier).await.up);
        netlink.set_mtu(index, 1400).await.unwrap();
        event(&mut watch, |event| {
            own(event).filter(|link| link.mtu == 1400)
        })
        .await;
        netlink.set_up(index, false).await.unwrap();
        event(&mut watch, |event| own(event).filter(|link| !link.up)).await;
        let mac = Mac([2, 0, 0, 0, 0, 0x42]);
        netlink.set_mac(index, mac).await.unwrap();
        event(&mut watch, |event| {
            own(event).filter(|link| link.mac == Some(mac))
        })
        .await;
        lab::ip(&format!("-n {} link del p0", lab.here));
        let gone = event(&mut watch, |event| match event {
            Event::LinkGone(link) => Some(link),
            _ => None,
        });
        assert_eq!(gone.await.name, "p0");
        assert!(netlink.set_up(index, true).await.is_err(), "it is no more");
    });
}

#[test]
fn addresses_and_routes_are_added_listed_and_told() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    run(&lab, async |netlink, mut watch, index| {
        netio::sysctl::disable_ipv6("p0", false).unwrap();
        for (address, prefix) in [(ip("10.9.0.1"), 24), (ip("2001:db8:9::1"), 64)] {
            netlink.add_address(index, address, prefix).await.unwrap();
            netlink.add_address(index, address, prefix).await.unwrap();
            let added = Address {
                ifindex: index,
                address,
                prefix,
            };
            event(&mut watch, |event| {
                (event == Event::Address(added)).then_some(())
            })
            .await;
            assert!(netlink.addresses().await.unwrap().contains(&added));
        }
        for (destination, prefix, gateway) in [
            (ip("192.0.2.0"), 24, Some(ip("10.9.0.2"))),
            (ip("0.0.0.0"), 0, Some(ip("10.9.0.3"))),
            (ip("198.51.100.0"), 24, None),
            (ip("2001:db8:a::"), 48, Some(ip("2001:db8:9::2"))),
        ] {
            let out = gateway.is_none().then_some(index);
            netlink
                .add_route((destination, prefix), gateway, out)
                .await
                .unwrap();
            let wanted = |event| match event {
                Event::Route(route) if route.destination == destination => Some(route),
                _ => None,
            };
            let route = event(&mut watch, |event| {
                wanted(event).filter(|route| route.prefix == prefix && route.is_unicast_main())
            });
            let route = route.await;
            assert_eq!((route.gateway, route.ifindex), (gateway, index));
            assert!(netlink.routes().await.unwrap().contains(&route));
        }
        let routes = netlink.routes().await.unwrap();
        let local = routes
            .iter()
            .find(|route| route.destination == ip("10.9.0.1"))
            .unwrap();
        assert_eq!(
            (local.kind, local.is_unicast_main()),
            (RouteKind::Local, false)
        );
        let nowhere = netlink.add_route((ip("203.0.113.0"), 24), Some(ip("172.16.0.1")), None);
        assert!(nowhere.await.is_err(), "no way to the gateway");
        let mixed = netlink.add_route((ip("203.0.113.0"), 24), Some(ip("::1")), None);
        assert!(mixed.await.is_err(), "mixed families");
        lab::ip(&format!("-n {} route del 192.0.2.0/24", lab.here));
        let gone = event(&mut watch, |event| match event {
            Event::RouteGone(route) => Some(route.destination),
            _ => None,
        });
        assert_eq!(gone.await, ip("192.0.2.0"));
    });
}

#[test]
fn what_was_added_can_be_removed_and_what_somebody_else_added_stays() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    run(&lab, async |netlink, _, index| {
        netio::sysctl::disable_ipv6("p0", false).unwrap();
        for (own, far, prefix, to) in [
            (ip("10.9.0.1"), ip("10.9.0.2"), 24, (ip("192.0.2.0"), 24)),
            (
                ip("2001:db8:9::1"),
                ip("2001:db8:9::2"),
                64,
                (ip("2001:db8:a::"), 48),
            ),
        ] {
            netlink.add_address(index, own, prefix).await.unwrap();
            netlink.add_route(to, Some(far), Some(index)).await.unwrap();
            let routes = async || {
                let mut routes = netlink.routes().await.unwrap();
                routes.retain(|route| (route.destination, route.prefix) == to);
                routes.len()
            };
            assert_eq!(routes().await, 1);
            for _ in 0..2 {
                let removed = netlink.remove_route(to, Some(far), Some(index));
                removed.await.unwrap();
                assert_eq!(routes().await, 0);
            }
            let line = format!("-n {} route add {}/{} via {far}", lab.here, to.0, to.1);
            lab::ip(&line);
            netlink
                .remove_route(to, Some(far), Some(index))
                .await
                .unwrap();
            assert_eq!(routes().await, 1, "an operator's");
            for _ in 0..2 {
                netlink.remove_address(index, own, prefix).await.unwrap();
                let addresses = netlink.addresses().await.unwrap();
                assert!(!addresses.iter().any(|address| address.address == own));
            }
        }
    });
}

#[test]
fn each_next_hop_of_a_multipath_route_is_a_route() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    run(&lab, async |netlink, _watch, index| {
        netlink
            .add_address(index, ip("10.9.0.1"), 24)
            .await
            .unwrap();
        lab::ip(&format!(
            "-n {} route add 192.0.2.0/24 metric 7 nexthop via 10.9.0.2 nexthop via 10.9.0.3",
            lab.here
        ));
        let routes = netlink.routes().await.unwrap();
        let hops = routes
            .iter()
            .filter(|route| route.destination == ip("192.0.2.0"));
        let hops: Vec<_> = hops
            .map(|hop| (hop.gateway, hop.ifindex, hop.metric))
            .collect();
        let [one, other] = [ip("10.9.0.2"), ip("10.9.0.3")].map(|via| (Some(via), index, 7));
        assert_eq!(hops, vec![one, other]);
    });
}

#[test]
fn a_managed_neighbour_is_resolved_and_one_that_is_silent_fails() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    let peer = Mac([2, 0, 0, 0, 0, 0x99]);
    lab::ip(&format!("-n {} link set q0 address {peer}", lab.there));
    lab::ip(&format!("-n {} addr add 10.9.0.2/24 dev q0", lab.there));
    run(&lab, async |netlink, mut watch, index| {
        netlink
            .add_address(index, ip("10.9.0.1"), 24)
            .await
            .unwrap();
        let about = |event, address| match event {
            Event::Neighbour(entry) if entry.address == address => Some(entry),
            _ => None,
        };
        netlink
            .resolve(index, ip("10.9.0.2"), Upkeep::Managed)
            .await
            .unwrap();
        netlink
            .resolve(index, ip("10.9.0.3"), Upkeep::Ordinary)
            .await
            .unwrap();
        let found = event(&mut watch, |event| {
            about(event, ip("10.9.0.2")).filter(Neighbour::is_usable)
        });
        let found = found.await;
        assert_eq!(found.mac, Some(peer));
        assert!(
            netlink
                .neighbours()
                .await
                .unwrap()
                .iter()
                .any(|entry| entry.mac == found.mac)
        );
        let failed = event(&mut watch, |event| {
            about(event, ip("10.9.0.3")).filter(|entry| entry.state == NeighbourState::Failed)
        });
        assert!(!failed.await.is_usable());
        netlink.forget(index, ip("10.9.0.2")).await.unwrap();
        let entries = netlink.neighbours().await.unwrap();
        assert!(
            !entries
                .iter()
                .any(|entry| entry.address == ip("10.9.0.2") && entry.is_usable())
        );
        assert!(netlink.forget(index, ip("10.9.0.77")).await.is_err());
    });
}

#[test]
fn who_reads_too_late_is_told_of_the_overrun() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    run(&lab, async |netlink, mut watch, index| {
        for step in 0..3000_u32 {
            netlink.set_mtu(index, 1400 + step % 2).await.unwrap();
        }
        event(&mut watch, |event| (event == Event::Overrun).then_some(())).await;
        while watch.try_next().unwrap().is_some() {}
        netlink.set_mtu(index, 1300).await.unwrap();
        event(&mut watch, |event| match event {
            Event::Link(link) if link.mtu == 1300 => Some(()),
            _ => None,
        })
        .await;
    });
}

#[test]
fn the_carrier_of_a_tap_is_told() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    run(&lab, async |_netlink, mut watch, _index| {
        let tap = Tap::open("tap0").unwrap();
        tap.set_up(true).unwrap();
        tap.set_carrier(false).unwrap();
        let carrier = async |watch: &mut Watch, wanted: bool| {
            event(watch, |event| match event {
                Event::Link(link) if link.name == "tap0" && link.carrier == wanted => Some(()),
                _ => None,
            })
            .await;
        };
        carrier(&mut watch, false).await;
        // Linkwatch holds a second change back for up to a second.
        tap.set_carrier(true).unwrap();
        carrier(&mut watch, true).await;
    });
}

/// The kernel says RTM_DELLINK when an interface leaves a bridge, too.
#[test]
fn an_interface_that_leaves_a_bridge_is_not_gone() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    run(&lab, async |netlink, mut watch, index| {
        lab::ip(&format!("-n {} link add name br0 type bridge", lab.here));
        lab::ip(&format!("-n {} link set p0 master br0", lab.here));
        lab::ip(&format!("-n {} link set p0 nomaster", lab.here));
        netlink.set_mtu(index, 1401).await.unwrap();
        let gone = event(&mut watch, |event| match event {
            Event::LinkGone(link) if link.index == index => Some(true),
            Event::Link(link) if link.mtu == 1401 => Some(false),
            _ => None,
        });
        assert!(!gone.await);
    });
}

#[test]
fn a_rule_and_the_routes_of_its_table_are_added_listed_and_removed() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    run(&lab, async |netlink, _watch, index| {
        netio::sysctl::disable_ipv6("p0", false).unwrap();
        for (own, prefix, gateway) in [
            (ip("192.0.2.10"), 24, ip("192.0.2.1")),
            (ip("2001:db8:7::a"), 64, ip("2001:db8:7::1")),
        ] {
            netlink.add_address(index, own, prefix).await.unwrap();
            let rule = Rule {
                source: (own, if own.is_ipv4() { 32 } else { 128 }),
                table: 240,
                priority: 240,
            };
            let route = |table, metric| Route {
                destination: if own.is_ipv4() {
                    ip("0.0.0.0")
                } else {
                    ip("::")
                },
                prefix: 0,
                gateway: Some(gateway),
                ifindex: index,
                metric,
                source: None,
                table,
                kind: RouteKind::Unicast,
            };
            let routes = [route(240, 1024), route(254, 20_000)];
            for _twice in 0..2 {
                netlink.add_rule(&rule).await.unwrap();
                for route in &routes {
                    netlink.add_static(route).await.unwrap();
                }
            }
            let of = |rules: Vec<Rule>| rules.into_iter().filter(|one| *one == rule).count();
            assert_eq!(of(netlink.rules().await.unwrap()), 1, "once, not twice");
            let listed = netlink.routes().await.unwrap();
            assert!(
                routes.iter().all(|route| listed.contains(route)),
                "{listed:?}"
            );
            for _twice in 0..2 {
                netlink.remove_rule(&rule).await.unwrap();
                for route in &routes {
                    netlink.remove_static(route).await.unwrap();
                }
            }
            assert_eq!(of(netlink.rules().await.unwrap()), 0);
            let listed = netlink.routes().await.unwrap();
            assert!(
                !routes.iter().any(|route| listed.contains(route)),
                "{listed:?}"
            );
        }
    });
}

#[test]
fn a_vlan_is_an_interface_of_its_own_where_the_kernel_has_them() {
    if !lab::is_root() {
        return;
    }
    let lab = Lab::new(1, 1);
    run(&lab, async |netlink, _watch, index| {
        match netlink.add_vlan("p0.100", index, 100).await {
            Ok(()) => {
                let links = netlink.links().await.unwrap();
                let vlan = links.iter().find(|link| link.name == "p0.100").unwrap();
                assert_eq!((vlan.kind.as_deref(), vlan.vlan), (Some("vlan"), Some(100)));
                assert_eq!((vlan.parent, vlan.up), (Some(index), false));
                netlink.remove_link(vlan.index).await.unwrap();
                netlink.remove_link(vlan.index).await.unwrap();
            }
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EOPNOTSUPP), "{error}");
                println!("skipped: this kernel has no 8021q");
            }
        }
        let links = netlink.links().await.unwrap();
        assert!(!links.iter().any(|link| link.name == "p0.100"));
    });
}
