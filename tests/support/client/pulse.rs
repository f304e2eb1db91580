//! A pulse that times an outage to the millisecond: a small request each millisecond, each on a
//! connection of its own, so that none waits for the retransmission of another. The connections are
//! open ones that are idle, or new ones where an outage ends those that are open.

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
        Ok(Self::run(client, Source::Open(pool, 0)))
    }

    /// Starts to beat with a new connection to one of `targets` each time.
    pub fn start_anew(client: &Client, targets: &[SocketAddr]) -> Result<Self> {
        ensure!(!targets.is_empty(), "a pulse needs a target");
        Ok(Self::run(client, Source::New(targets.to_vec(), 0)))
    }

    fn run(client: &Client, source: Source) -> Self {
        let ending = Arc::new(AtomicBool::new(false));
        let running = client.spawn(beat(source, Arc::clone(&ending)));
        Self { ending, running }
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

/// Where the next beat's connection comes from.
#[derive(Debug)]
enum Source {
    /// Open ones, and where to look for an idle one first.
    Open(Pool, usize),
    /// New ones to these targets, and which is next.
    New(Vec<SocketAddr>, usize),
}

/// What a beat is sent on.
#[derive(Debug)]
enum Means {
    Open(tokio::sync::OwnedMutexGuard<Connection>),
    New(SocketAddr),
}

impl Source {
    /// The next connection; none when all wait for an answer: this beat is left out then.
    fn next(&mut self) -> Option<Means> {
        match self {
            Self::Open(pool, next) => {
                let (index, connection) = (0..pool.len())
                    .map(|step| (*next + step) % pool.len())
                    .find_map(|index| {
                    let connection = Arc::clone(pool.get(index)?);
                    Some((index, connection.try_lock_owned().ok()?))
                })?;
                *next = index + 1;
                Some(Means::Open(connection))
            }
            Self::New(targets, next) => {
                *next += 1;
                targets.get(*next % targets.len()).copied().map(Means::New)
            }
        }
    }
}

impl Means {
    async fn answers(self) -> bool {
        match self {
            Self::Open(mut connection) => connection.get(BODY).await.is_ok(),
            Self::New(target) => match Connection::open(target).await {
                Ok(mut connection) => connection.get(BODY).await.is_ok(),
                Err(_) => false,
            },
        }
    }
}

async fn beat(mut source: Source, ending: Arc<AtomicBool>) -> Result<Vec<Beat>> {
    let beats = Arc::new(Mutex::new(Vec::new()));
    let mut under_way = JoinSet::new();
    let mut ticks = interval(PERIOD);
    while !ending.load(Ordering::Acquire) {
        ticks.tick().await;
        if let Some(means) = source.next() {
            let beats = Arc::clone(&beats);
            under_way.spawn(async move {
                let sent = Instant::now();
                let answered = means.answers().await.then(Instant::now);
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
