//! `show service`: services with their reals.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use wire::Duration;

/// Totals since the service or real was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub in_packets: u64,
    /// Packets to clients; none are seen with one-way methods.
    pub out_packets: u64,
    /// Bytes from clients.
    pub in_bytes: u64,
    /// Bytes to clients.
    pub out_bytes: u64,
}

/// What is happening now, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Connections a second.
    pub cps: u64,
    /// Packets a second from clients.
    pub in_pps: u64,
    /// Packets a second to clients.
    pub out_pps: u64,
    /// Bytes a second from clients.
    pub in_bps: u64,
    /// Bytes a second to clients.
    pub out_bps: u64,
}

/// One real server of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealItem {
    /// Its address and port.
    pub address: SocketAddr,
    /// Its share; 0 takes no new connections.
    pub weight: u32,
    /// Connections in an established state.
    pub active: u64,
    /// Connections in any other state.
    pub inactive: u64,
    /// Totals.
    #[serde(flatten)]
    pub counters: Counters,
    /// Rates.
    #[serde(default)]
    pub rates: Rates,
}

/// One service: `show service`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceItem {
    /// The operator's name for it.
    pub name: String,
    /// `tcp`.
    pub protocol: String,
    /// The virtual address and port.
    pub address: SocketAddr,
    /// `nat` or `dr`.
    pub method: String,
    /// The scheduler's name.
    pub scheduler: String,
    /// The scheduler's flags and others, each one word.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Totals.
    #[serde(flatten)]
    pub counters: Counters,
    /// Rates.
    #[serde(default)]
    pub rates: Rates,
    /// Its real servers.
    pub reals: Vec<RealItem>,
}

impl Rates {
    /// What `after` has more than `before` had, `elapsed` earlier, per second.
    #[must_use]
    pub fn between(before: &Counters, after: &Counters, elapsed: Duration) -> Self {
        let rate = |after: u64, before: u64| {
            let more = u128::from(after.saturating_sub(before));
            let a_second = more * 1_000_000_000 / u128::from(elapsed.as_nanos().max(1));
            u64::try_from(a_second).unwrap_or(u64::MAX)
        };
        Self {
            cps: rate(after.connections, before.connections),
            in_pps: rate(after.in_packets, before.in_packets),
            out_pps: rate(after.out_packets, before.out_packets),
            in_bps: rate(after.in_bytes, before.in_bytes),
            out_bps: rate(after.out_bytes, before.out_bytes),
        }
    }
}

impl ServiceItem {
    /// Fills in the rates of the service and its reals, from how the same service stood `elapsed`
    /// earlier. A real that is new since then has none yet.
    pub fn set_rates(&mut self, before: &Self, elapsed: Duration) {
        self.rates = Rates::between(&before.counters, &self.counters, elapsed);
        for real in &mut self.reals {
            if let Some(before) = before
                .reals
                .iter()
                .find(|other| other.address == real.address)
            {
                real.rates = Rates::between(&before.counters, &real.counters, elapsed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_what_was_added_a_second() {
        let before = Counters {
            connections: 10,
            in_bytes: 1_000,
            ..Counters::default()
        };
        let after = Counters {
            connections: 11,
            in_bytes: 3_000,
            ..Counters::default()
        };
        let rates = Rates::between(&before, &after, Duration::from_millis(500));
        assert_eq!(
            rates,
            Rates {
                cps: 2,
                in_bps: 4_000,
                ..Rates::default()
            }
        );
    }

    #[test]
    fn counters_that_began_anew_give_no_rate() {
        let before = Counters {
            connections: 10,
            ..Counters::default()
        };
        let rates = Rates::between(&before, &Counters::default(), Duration::from_secs(1));
        assert_eq!(rates, Rates::default());
    }
}
