//! `[metrics]`: where the figures can be fetched over HTTP.

use std::net::SocketAddr;

use super::section::Section;

const LISTEN_LEGAL: &str =
    "an address of this host, or all of them, with a port: \"127.0.0.1:9105\" or \"[::]:9105\"";

pub(super) fn read(root: &Section<'_, '_>) -> Option<SocketAddr> {
    let table = root.section("metrics")?;
    table.required("listen", LISTEN_LEGAL, |value| {
        value
            .as_str()
            .and_then(|text| text.parse().ok())
            .filter(is_listener)
            .ok_or_else(|| LISTEN_LEGAL.to_owned())
    })
}

/// Whether a server can listen there: no group, and no address that says nothing without a scope.
fn is_listener(socket: &SocketAddr) -> bool {
    let is_possible = match socket {
        SocketAddr::V4(v4) => !v4.ip().is_multicast() && !v4.ip().is_broadcast(),
        SocketAddr::V6(v6) => {
            let ip = v6.ip();
            let scoped = v6.scope_id() != 0 || v6.flowinfo() != 0 || ip.is_unicast_link_local();
            !scoped && !ip.is_multicast() && ip.to_ipv4_mapped().is_none()
        }
    };
    socket.port() != 0 && is_possible
}
