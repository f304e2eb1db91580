//! Many connections with one request each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use super::http::Connection;
use crate::real::BODY;

/// Failures that are kept as text; all are counted.
const KEPT: usize = 5;

/// What to send.
#[derive(Clone, Debug)]
pub struct Volley {
    /// Where to.
    pub target: SocketAddr,
    /// How many connections in all.
    pub connections: u32,
    /// How many at the same time.
    pub concurrency: u32,
    /// SHA-256 that the body [`BODY`] must have.
    pub sha256: String,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Right answers, by real.
    pub per_real: BTreeMap<String, u32>,
    /// Connections or requests that failed, or whose body was wrong.
    pub failed: u32,
    /// The first failures' reasons.
    pub reasons: Vec<String>,
}

impl Volley {
    /// Sends it.
    pub async fn send(self) -> Result<Outcome> {
        let left = Arc::new(AtomicU32::new(self.connections));
        let this = Arc::new(self);
        let workers: Vec<_> = (0..this.concurrency)
            .map(|_| tokio::spawn(Arc::clone(&this).work(Arc::clone(&left))))
            .collect();
        let mut outcome = Outcome::default();
        for worker in workers {
            outcome.merge(worker.await.context("a connection's task ended early")?);
        }
        Ok(outcome)
    }

    async fn work(self: Arc<Self>, left: Arc<AtomicU32>) -> Outcome {
        let mut outcome = Outcome::default();
        let take = |left: u32| left.checked_sub(1);
        while left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
        {
            match self.one().await {
                Ok(real) => *outcome.per_real.entry(real).or_default() += 1,
                Err(error) => outcome.fail(format!("{error:#}")),
            }
        }
        outcome
    }

    async fn one(&self) -> Result<String> {
        let mut connection = Connection::open(self.target).await?;
        let answer = connection.get(BODY).await?;
        answer.check(&self.sha256)?;
        // The client closes first: TIME-WAIT stays here, and no real refuses a reused port.
        connection.close().await;
        Ok(answer.real)
    }
}

impl Outcome {
    /// Right answers of all reals.
    pub fn right(&self) -> u32 {
        self.per_real.values().sum()
    }

    /// The largest distance, in percentage points, between a real's share and its weight's. Reals
    /// are named `r1`, `r2` … in the order of `weights`; a stranger's name counts as 100.
    pub fn off_by(&self, weights: &[u32]) -> f64 {
        let names: Vec<String> = (1..=weights.len())
            .map(|number| format!("r{number}"))
            .collect();
        if self.right() == 0 || self.per_real.keys().any(|name| !names.contains(name)) {
            return 100.0;
        }
        let all_weights = f64::from(weights.iter().sum::<u32>());
        let share = |name: &String| {
            f64::from(self.per_real.get(name).copied().unwrap_or(0)) / f64::from(self.right())
        };
        names
            .iter()
            .zip(weights)
            .map(|(name, weight)| 100.0 * (share(name) - f64::from(*weight) / all_weights).abs())
            .fold(0.0, f64::max)
    }

    fn fail(&mut self, reason: String) {
        self.failed += 1;
        if self.reasons.len() < KEPT {
            self.reasons.push(reason);
        }
    }

    fn merge(&mut self, other: Self) {
        for (real, count) in other.per_real {
            *self.per_real.entry(real).or_default() += count;
        }
        self.failed += other.failed;
        self.reasons.extend(other.reasons);
        self.reasons.truncate(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(counts: &[(&str, u32)]) -> Outcome {
        let per_real = counts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect();
        Outcome {
            per_real,
            ..Outcome::default()
        }
    }

    #[test]
    fn shares_are_compared_with_weights_in_points() {
        let even = outcome(&[("r1", 100), ("r2", 100), ("r3", 100)]);
        assert!(even.off_by(&[1, 1, 1]) < 0.01);
        assert!((even.off_by(&[5, 3, 1]) - 22.22).abs() < 0.01);
    }

    #[test]
    fn a_real_that_never_answered_or_a_stranger_that_did_is_far_off() {
        assert!(outcome(&[("r1", 150), ("r2", 150)]).off_by(&[1, 1, 1]) > 33.0);
        assert!(outcome(&[("", 300)]).off_by(&[1, 1, 1]) > 99.0);
        assert!(outcome(&[]).off_by(&[1, 1, 1]) > 99.0);
    }
}
