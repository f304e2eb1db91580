//! A pulse that times an outage to the millisecond: a small request each millisecond, each on a
//! connection of its own that is idle, so that none waits for the retransmission of another.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;
use tokio::time::interval;

use super::http::Connection;
use super::{Client, Running};
use crate::real::BODY;

const PERIOD: Duration = Duration::from_millis(1);

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    /// When it was sent.
    pub sent: Instant,
    /// When its answer was whole; `None` if it failed.
    pub answered: Option<Instant>,
}

/// A running pulse.
#[derive(Debug)]
pub struct Pulse {
    ending: Arc<AtomicBool>,
    running: Running<Vec<Beat>>,
}

/// The beats of a pulse.
#[derive(Clone, Debug)]
pub struct Beats(Vec<Beat>);

impl Pulse {
    /// Opens `connections` over `targets` in turn and starts to beat. More connections than
    /// milliseconds in an outage keep it beating throughout.
    pub fn start(client: &Client, targets: &[SocketAddr], connections: usize) -> Result<Self> {
        let targets: Vec<SocketAddr> = targets.iter().copied().cycle().take(connections).collect();
        let pool = client.run(async move {
            let mut pool = Vec::new();
            for target in targets {
                let mut connection = Connection::open(target).await?;
                connection.get(BODY).await?;
                pool.push(Arc::new(tokio::sync::Mutex::new(connection)));
            }
            Ok(pool)
        })?;
        ensure!(!pool.is_empty(), "a pulse needs a connection");
        let ending = Arc::new(AtomicBool::new(false));
        let running = client.spawn(beat(pool, Arc::clone(&ending)));
        Ok(Self { ending, running })
    }

    /// Stops, waits for the answers under way, and returns every beat in the order of sending.
    pub fn finish(self, client: &Client) -> Result<Beats> {
        self.ending.store(true, Ordering::Release);
        let mut beats = client.finish(self.running)?;
        beats.sort_by_key(|beat| beat.sent);
        Ok(Beats(beats))
    }
}

impl Beats {
    /// How long after `moment` the first answer came to a request that was sent after `moment`.
    pub fn first_answer_after(&self, moment: Instant) -> Option<Duration> {
        let later = self.0.iter().filter(|beat| beat.sent > moment);
        later
            .filter_map(|beat| beat.answered)
            .min()
            .map(|answered| answered - moment)
    }

    /// The longest time between two answers that followed each other, from `from` on.
    pub fn longest_gap_after(&self, from: Instant) -> Duration {
        let mut answers: Vec<Instant> = self.0.iter().filter_map(|beat| beat.answered).collect();
        answers.retain(|answered| *answered >= from);
        answers.push(from);
        answers.sort();
        let pairs = answers.iter().zip(answers.iter().skip(1));
        pairs
            .map(|(first, second)| *second - *first)
            .max()
            .unwrap_or_default()
    }

    /// Beats, and beats without an answer.
    pub fn count(&self) -> (usize, usize) {
        (
            self.0.len(),
            self.0.iter().filter(|beat| beat.answered.is_none()).count(),
        )
    }
}

type Pool = Vec<Arc<tokio::sync::Mutex<Connection>>>;

async fn beat(pool: Pool, ending: Arc<AtomicBool>) -> Result<Vec<Beat>> {
    let beats = Arc::new(Mutex::new(Vec::new()));
    let mut under_way = JoinSet::new();
    let mut ticks = interval(PERIOD);
    let mut next = 0;
    while !ending.load(Ordering::Acquire) {
        ticks.tick().await;
        // The next connection that is idle; when all wait for an answer this beat is left out.
        let idle = (0..pool.len())
            .map(|step| (next + step) % pool.len())
            .find_map(|index| {
                let connection = pool.get(index)?;
                Some((index, Arc::clone(connection).try_lock_owned().ok()?))
            });
        if let Some((index, mut connection)) = idle {
            next = index + 1;
            let beats = Arc::clone(&beats);
            under_way.spawn(async move {
                let sent = Instant::now();
                let answer = connection.get(BODY).await;
                let answered = answer.is_ok().then(Instant::now);
                beats
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(Beat { sent, answered });
            });
        }
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
    let beats = Arc::into_inner(beats).context("a beat is still under way")?;
    Ok(beats.into_inner().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_sent_after_the_moment_count_as_first_answer() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let beat = |sent, answered: u64| Beat {
            sent: at(sent),
            answered: Some(at(answered)),
        };
        let lost = Beat {
            sent: at(11),
            answered: None,
        };
        let beats = Beats(vec![
            beat(1, 2),
            beat(9, 12),
            lost,
            beat(12, 40),
            beat(13, 30),
        ]);
        assert_eq!(
            beats.first_answer_after(at(10)),
            Some(Duration::from_millis(20))
        );
        assert_eq!(beats.longest_gap_after(at(10)), Duration::from_millis(18));
        assert_eq!(beats.count(), (5, 1));
        assert_eq!(beats.first_answer_after(at(100)), None);
    }
}
