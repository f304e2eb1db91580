//! Hosts on both sides of the box: on the management port's link, and on the bond's; and behind the router
//! of each link a client, both with the same addresses, so that only a right route brings an answer back.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::stage::shell;

/// As long as a client waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);
/// As long as it waits for what must not come.
const SILENCE: Duration = Duration::from_millis(1_500);

/// The namespaces: a router on each link, a client behind it.
pub const MANAGER: &str = "manager";
pub const MANAGERS_ROUTER: &str = "mrouter";
pub const CLIENT: &str = "client";
pub const CLIENTS_ROUTER: &str = "crouter";

/// Makes `eth0` and `bond0`, and all that is beyond them.
pub fn raise() {
    for (router, client, nic) in [
        (MANAGERS_ROUTER, MANAGER, "eth0"),
        (CLIENTS_ROUTER, CLIENT, "bond0"),
    ] {
        shell(&format!(
            "ip netns add {router}; ip netns add {client}
             # A router whose link-local address is still tentative asks for no neighbour.
             for it in {router} {client}; do
                 ip netns exec $it sh -c \"echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad\"
             done
             ip link add {nic} type veth peer name near netns {router}
             ip -n {router} link add far type veth peer name eth0 netns {client}
             for it in lo near far; do ip -n {router} link set $it up; done
             for it in lo eth0; do ip -n {client} link set $it up; done
             for key in ipv4/ip_forward ipv6/conf/all/forwarding; do
                 ip netns exec {router} sh -c \"echo 1 >/proc/sys/net/$key\"
             done
             ip -n {router} address add 203.0.113.1/24 dev far
             ip -n {router} address add 2001:db8:c::1/64 dev far nodad
             ip -n {client} address add 203.0.113.9/24 dev eth0
             ip -n {client} address add 2001:db8:c::9/64 dev eth0 nodad
             ip -n {client} route add default via 203.0.113.1
             ip -n {client} route add default via 2001:db8:c::1"
        ));
    }
    shell(&format!(
        "ip link set bond0 up
         ip -n {MANAGERS_ROUTER} address add 192.0.2.1/24 dev near
         ip -n {MANAGERS_ROUTER} address add 2001:db8:7::1/64 dev near nodad
         ip -n {CLIENTS_ROUTER} address add 10.1.0.1/24 dev near
         ip -n {CLIENTS_ROUTER} address add 2001:db8:1::1/64 dev near nodad
         ip -n {CLIENTS_ROUTER} route add 192.0.2.0/24 via 10.1.0.2"
    ));
}

/// A listener of the box on this port of every address, which greets whoever comes and repeats what comes.
pub fn listen(port: u16) {
    let listener = TcpListener::bind(("::", port)).expect("a free port");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut bytes = [0; 64];
                while let Ok(read @ 1..) = stream.read(&mut bytes) {
                    if stream.write_all(&bytes[..read]).is_err() {
                        return;
                    }
                }
            });
        }
    });
}

/// A connection from this namespace; fails after a while.
pub fn connect(from: &str, to: &str, port: u16, patience: Duration) -> io::Result<TcpStream> {
    let to: IpAddr = to.parse().expect("an address");
    let to = SocketAddr::from((to, port));
    sys::netns::run(from, || {
        let stream = TcpStream::connect_timeout(&to, patience)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    })
    .expect("a namespace")
}

/// Whether what is sent comes back.
pub fn is_alive(mut stream: &TcpStream) -> bool {
    let mut bytes = [0; 5];
    stream.write_all(b"hello").is_ok() && stream.read_exact(&mut bytes).is_ok()
}

pub fn assert_reaches(from: &str, to: &str, port: u16) {
    let stream = connect(from, to, port, PATIENCE);
    let stream = stream.unwrap_or_else(|e| panic!("{from} to {to} port {port}: {e}"));
    assert!(is_alive(&stream), "{from} to {to} port {port}: no answer");
}

/// Nothing comes back, not even a refusal.
pub fn assert_silent(from: &str, to: &str, port: u16) {
    match connect(from, to, port, SILENCE) {
        Err(e) if e.kind() == io::ErrorKind::TimedOut => {}
        other => panic!("{from} to {to} port {port}: {other:?}"),
    }
}

/// Whether an echo comes back.
pub fn pings(from: &str, to: &str) -> bool {
    let ping = format!("ip netns exec {from} ping -c 1 -W 2 {to} && echo came || true");
    shell(&ping).contains("came")
}
