//! `[system]`: the box's name, and the servers it asks for names and time.

use std::net::IpAddr;

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
