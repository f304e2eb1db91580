//! Direct routing: the packet as it is, the client's side alone.

use super::support::{Appliance, Out, addr, service, tcp};
use crate::Method;

const VIP: &str = "10.1.0.100:80";
const REAL: &str = "10.1.0.11:80";
const CLIENT: &str = "198.51.100.7:40000";
const VIP6: &str = "[2001:db8:1::100]:80";
const REAL6: &str = "[2001:db8:1::11]:80";
const CLIENT6: &str = "[2001:db8:9::7]:40000";

fn appliance() -> Appliance {
    Appliance::new(
        [
            service(Method::Dr, VIP, &[(REAL, 1)]),
            service(Method::Dr, VIP6, &[(REAL6, 1)]),
        ]
        .into(),
    )
}

#[test]
fn a_request_goes_to_the_real_with_nothing_changed_but_the_ttl() {
    for (client, vip, real) in [(CLIENT, VIP, REAL), (CLIENT6, VIP6, REAL6)] {
        let (next_hop, seen) = appliance().send(tcp(client, vip, "S")).forwarded();
        assert_eq!(next_hop, addr(real).ip());
        assert_eq!(seen.endpoints(), (addr(client), addr(vip)));
        assert_eq!(seen.ttl, 63);
    }
}

#[test]
fn what_a_real_sends_is_never_taken_for_a_reply() {
    let mut appliance = appliance();
    appliance.send(tcp(CLIENT, VIP, "S"));
    assert_eq!(appliance.send(tcp(REAL, CLIENT, "SA")), Out::NotMine);
}

#[test]
fn states_follow_the_clients_side() {
    let mut appliance = appliance();
    let mut walk = |flags, state, expires| {
        appliance.send(tcp(CLIENT, VIP, flags)).forwarded();
        assert_eq!(appliance.connection(), (state, expires, addr(REAL)));
    };
    walk("S", "SYN_RECV", 60);
    walk("A", "ESTABLISHED", 900);
    walk("FA", "FIN_WAIT", 120);
    walk("A", "FIN_WAIT", 120);
    walk("R", "CLOSE", 10);
}

#[test]
fn a_new_syn_in_fin_wait_begins_a_new_connection() {
    let mut appliance = appliance();
    for flags in ["S", "A", "FA", "S"] {
        appliance.send(tcp(CLIENT, VIP, flags)).forwarded();
    }
    assert_eq!(appliance.connection().0, "SYN_RECV");
    assert_eq!(appliance.status().totals.connections, 2);
}
