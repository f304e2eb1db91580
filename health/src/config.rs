//! What an operator may set on a check.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};
use wire::Duration;

/// All targets of all services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The targets; each {service, real} once.
    pub targets: Vec<TargetConfig>,
}

/// One real of one service, and how it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetConfig {
    /// The service's name.
    pub service: String,
    /// The real, as the service names it.
    pub real: SocketAddr,
    /// The check.
    pub check: CheckConfig,
}

/// A check. Each probe begins `interval` after the one before it ended, and ends after `timeout` at the
/// latest. So a server that dies is Down after `(interval + timeout) × fall` at the latest, and one that
/// is back is Up `interval × rise` after the end of the last failed probe, and what its answers take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckConfig {
    /// What is asked.
    pub kind: Kind,
    /// From the end of one probe to the start of the next.
    pub interval: Duration,
    /// How long a probe may take.
    pub timeout: Duration,
    /// Successes in a row that make a target Up.
    pub rise: u32,
    /// Failures in a row that make it Down.
    pub fall: u32,
    /// Another port than the real's.
    pub port: Option<u16>,
}

impl TargetConfig {
    /// Where its probes go.
    #[must_use]
    pub const fn probed(&self) -> SocketAddr {
        let mut probed = self.real;
        if let Some(port) = self.check.port {
            probed.set_port(port);
        }
        probed
    }
}

/// What a probe asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A TCP connection is accepted.
    Tcp,
    /// An HTTP GET is answered with a status of `status`.
    Http(HttpConfig),
    /// The same over TLS; whose certificate is not verified.
    Https(HttpConfig),
    /// A UDP datagram is not refused by an ICMP unreachable; with `require_reply`, is answered. Without it
    /// a dead host of the own link is noticed with a timeout above 3 s only, when the kernel has given it up.
    Udp(UdpConfig),
}

impl Kind {
    /// The word for it, as in the configuration.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http(_) => "http",
            Self::Https(_) => "https",
            Self::Udp(_) => "udp",
        }
    }
}

/// A GET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpConfig {
    /// The path and query; default `/`.
    pub path: String,
    /// The Host header, and the name in the TLS greeting; the real's address where there is none.
    pub host: Option<String>,
    /// The statuses that are well; default 200-299.
    pub status: Vec<StatusRange>,
}

/// Statuses from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange {
    /// The first: 100 to 599.
    pub first: u16,
    /// The last: not below the first.
    pub last: u16,
}

impl HttpConfig {
    /// Whether the status is well.
    #[must_use]
    pub fn is_well(&self, status: u16) -> bool {
        self.status.iter().any(|range| range.contains(status))
    }
}

impl StatusRange {
    /// Whether the status is among them.
    #[must_use]
    pub const fn contains(self, status: u16) -> bool {
        self.first <= status && status <= self.last
    }
}

/// A datagram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UdpConfig {
    /// What is sent; default empty.
    pub payload: Vec<u8>,
    /// Whether silence is a failure.
    pub require_reply: bool,
}
