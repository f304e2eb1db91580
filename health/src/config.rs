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

/// A check. A target fails after `(interval + timeout) × fall` at the latest and is back after
/// `interval × rise`: each probe begins `interval` after the one before it ended.
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
    /// A UDP datagram is not refused by an ICMP unreachable; with `require_reply`, is answered.
    Udp(UdpConfig),
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

/// A datagram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UdpConfig {
    /// What is sent; default empty.
    pub payload: Vec<u8>,
    /// Whether silence is a failure.
    pub require_reply: bool,
}
