//! Why a probe was not well: the closed vocabulary of logs, `show health` and the manual.

use core::fmt;

/// Why a probe was not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The server refused the connection: nothing listens on the port.
    ConnectRefused,
    /// No connection came about in time: the host is silent, or a filter drops.
    ConnectTimeout,
    /// A router, or the own host after asking for the neighbour in vain, said that the host cannot
    /// be reached.
    HostUnreachable,
    /// A router or the own host said that there is no way to the network.
    NetworkUnreachable,
    /// The server ended the connection by a reset.
    Reset,
    /// The server ended the connection before its answer was whole.
    Closed,
    /// The server's TLS greeting is none, or it refused ours.
    TlsHandshake,
    /// The TLS greeting did not come to its end in time.
    TlsTimeout,
    /// The answer's status is not one of those that are well.
    HttpStatus(u16),
    /// The answer is no HTTP/1, or its head is larger than what is read of it.
    HttpMalformed,
    /// The connection came about, but the answer did not come to its end in time.
    ReplyTimeout,
    /// The datagram was answered by an ICMP port or protocol unreachable.
    IcmpUnreachable,
    /// No datagram came back, where one is required.
    NoReply,
    /// The probe could not be made: the own host is out of descriptors, ports or memory. Says
    /// nothing of the server, and is not counted.
    LocalError,
}

impl Reason {
    /// One of each, in the order of this page; `HttpStatus` with 503.
    pub const ALL: [Self; 14] = [
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::HostUnreachable,
        Self::NetworkUnreachable,
        Self::Reset,
        Self::Closed,
        Self::TlsHandshake,
        Self::TlsTimeout,
        Self::HttpStatus(503),
        Self::HttpMalformed,
        Self::ReplyTimeout,
        Self::IcmpUnreachable,
        Self::NoReply,
        Self::LocalError,
    ];

    /// The words for it, the status left out.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectRefused => "connect refused",
            Self::ConnectTimeout => "connect timeout",
            Self::HostUnreachable => "host unreachable",
            Self::NetworkUnreachable => "network unreachable",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::TlsHandshake => "tls handshake",
            Self::TlsTimeout => "tls timeout",
            Self::HttpStatus(_) => "http status",
            Self::HttpMalformed => "http malformed",
            Self::ReplyTimeout => "reply timeout",
            Self::IcmpUnreachable => "icmp unreachable",
            Self::NoReply => "no reply",
            Self::LocalError => "local error",
        }
    }

    /// Whether it says something of the server.
    #[must_use]
    pub const fn is_of_the_server(self) -> bool {
        match self {
            Self::ConnectRefused
            | Self::ConnectTimeout
            | Self::HostUnreachable
            | Self::NetworkUnreachable
            | Self::Reset
            | Self::Closed
            | Self::TlsHandshake
            | Self::TlsTimeout
            | Self::HttpStatus(_)
            | Self::HttpMalformed
            | Self::ReplyTimeout
            | Self::IcmpUnreachable
            | Self::NoReply => true,
            Self::LocalError => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HttpStatus(status) => write!(f, "{} {status}", self.name()),
            Self::ConnectRefused
            | Self::ConnectTimeout
            | Self::HostUnreachable
            | Self::NetworkUnreachable
            | Self::Reset
            | Self::Closed
            | Self::TlsHandshake
            | Self::TlsTimeout
            | Self::HttpMalformed
            | Self::ReplyTimeout
            | Self::IcmpUnreachable
            | Self::NoReply
            | Self::LocalError => f.pad(self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_reason_has_its_own_words_and_a_status_is_told() {
        let words: BTreeSet<_> = Reason::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        assert_eq!(Reason::HttpStatus(404).to_string(), "http status 404");
        assert_eq!(Reason::ConnectRefused.to_string(), "connect refused");
    }

    #[test]
    fn only_a_local_error_says_nothing_of_the_server() {
        let silent = Reason::ALL
            .iter()
            .filter(|reason| !reason.is_of_the_server());
        assert_eq!(
            silent.collect::<alloc::vec::Vec<_>>(),
            [&Reason::LocalError]
        );
    }
}
