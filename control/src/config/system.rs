//! `[system]`: the box's name, and the servers it asks for names and time.

use std::net::IpAddr;

use super::section::Section;
use super::value::{address, is_host, once};

/// What the box is called and whom it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// The host name: a label, or several with dots (RFC 1123 2.1).
    pub host_name: String,
    /// Resolvers, asked in this order; at most three.
    pub name_server: Vec<IpAddr>,
    /// NTP servers by address or name; at most eight.
    pub ntp_server: Vec<String>,
}

impl Default for System {
    fn default() -> Self {
        Self {
            host_name: "fourfold".to_owned(),
            name_server: Vec::new(),
            ntp_server: Vec::new(),
        }
    }
}

/// The most resolvers that a C library asks (MAXNS of resolv.conf(5)).
const MOST_NAME_SERVERS: usize = 3;

const MOST_NTP_SERVERS: usize = 8;

/// The longest host name that Linux takes.
const HOST_NAME_CHARS: usize = 64;

const HOST_NAME_LEGAL: &str =
    "a host name of RFC 1123, 1 to 64 of letters, digits, '-' and '.': \"lb1\"";

const NTP_LEGAL: &str =
    "a server's name or unicast address, each once: \"ntp.example.net\" or \"10.0.0.123\"";

/// Reads `[system]`.
pub(super) fn read(root: &Section<'_, '_>) -> System {
    let default = System::default();
    let Some(table) = root.section("system") else {
        return default;
    };
    let host_name = table.value("host_name", |value| {
        let name = value.as_str().filter(|name| is_host_name(name));
        name.filter(|name| name.len() <= HOST_NAME_CHARS)
            .map(str::to_owned)
            .ok_or_else(|| HOST_NAME_LEGAL.to_owned())
    });
    let name_server = once(&table, "name_server", "each resolver once", |value| {
        address(value).map(|ip| Some((ip, ip)))
    });
    let ntp_server = once(&table, "ntp_server", NTP_LEGAL, |value| {
        let server = value.as_str().and_then(ntp_server);
        Ok(server.map(|server| (server.to_ascii_lowercase(), server)))
    });
    at_most(&table, "name_server", MOST_NAME_SERVERS);
    at_most(&table, "ntp_server", MOST_NTP_SERVERS);
    System {
        host_name: host_name.unwrap_or(default.host_name),
        name_server,
        ntp_server,
    }
}

/// A server by its name or its address, as it is written.
fn ntp_server(text: &str) -> Option<String> {
    match text.parse::<IpAddr>() {
        Ok(ip) => is_host(&ip).then(|| ip.to_string()),
        Err(_) => is_host_name(text).then(|| text.to_owned()),
    }
}

/// Whether `text` is a host's name (RFC 1123 2.1), and cannot be mistaken for an address.
fn is_host_name(text: &str) -> bool {
    let is_inner = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|c| c.is_ascii_digit());
    text.len() <= 253
        && text.split('.').all(is_label)
        && !text.rsplit('.').next().is_some_and(is_number)
}

fn at_most(table: &Section<'_, '_>, key: &str, most: usize) {
    let listed = table.value(key, |value| Ok(value.as_array().map_or(0, |all| all.len())));
    if listed.is_some_and(|listed| listed > most) {
        table.fault(key, format!("at most {most}"));
    }
}
