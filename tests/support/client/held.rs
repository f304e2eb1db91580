//! Connections held open, each of which must go on with the real it began with.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use super::Client;
use super::http::Connection;
use crate::real::BODY;

const AT_ONCE: usize = 64;

/// A connection and the real that its first request was answered by.
#[derive(Debug)]
struct Kept {
    connection: Connection,
    real: String,
}

/// Open connections.
#[derive(Debug)]
pub struct Held {
    kept: Vec<Kept>,
    sha256: String,
}

/// What a further request on every connection gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Continued {
    /// Answered rightly by the same real.
    pub same: usize,
    /// Answered by another real.
    pub moved: usize,
    /// Failed, with the first reasons.
    pub failed: usize,
    /// The first failures' reasons.
    pub reasons: Vec<String>,
}

impl Held {
    /// Opens `count` connections, over `targets` in turn, with one request on each.
    pub fn open(
        client: &Client,
        targets: &[SocketAddr],
        count: usize,
        sha256: &str,
    ) -> Result<Self> {
        let targets: Vec<SocketAddr> = targets.iter().copied().cycle().take(count).collect();
        let digest = sha256.to_owned();
        let kept = client.run(async move {
            let mut kept = Vec::new();
            for some in targets.chunks(AT_ONCE) {
                let mut opening: JoinSet<Result<Kept>> = JoinSet::new();
                for target in some {
                    opening.spawn(open_one(*target, digest.clone()));
                }
                while let Some(one) = opening.join_next().await {
                    kept.push(one.context("a connection's task ended early")??);
                }
            }
            Ok(kept)
        })?;
        ensure!(
            kept.len() == count,
            "opened {} of {count} connections",
            kept.len()
        );
        Ok(Self {
            kept,
            sha256: sha256.to_owned(),
        })
    }

    /// How many connections each real has.
    pub fn per_real(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for kept in &self.kept {
            *counts.entry(kept.real.clone()).or_default() += 1;
        }
        counts
    }

    /// Sends one more request on every connection, all at the same time. Connections that fail are
    /// given up.
    pub fn each_continues(&mut self, client: &Client) -> Result<Continued> {
        let kept = std::mem::take(&mut self.kept);
        let digest = self.sha256.clone();
        let (left, continued) = client.run(async move {
            let mut asking = JoinSet::new();
            for one in kept {
                asking.spawn(ask_one(one, digest.clone()));
            }
            let (mut left, mut continued) = (Vec::new(), Continued::default());
            while let Some(one) = asking.join_next().await {
                match one.context("a connection's task ended early")? {
                    Ok((kept, true)) => {
                        continued.same += 1;
                        left.push(kept);
                    }
                    Ok((_, false)) => continued.moved += 1,
                    Err(error) => continued.fail(&error),
                }
            }
            Ok((left, continued))
        })?;
        self.kept = left;
        Ok(continued)
    }
}

impl Continued {
    /// Whether all of `count` connections went on with their real.
    pub fn all(&self, count: usize) -> bool {
        self.same == count && self.moved == 0 && self.failed == 0
    }

    fn fail(&mut self, error: &anyhow::Error) {
        self.failed += 1;
        if self.reasons.len() < 5 {
            self.reasons.push(format!("{error:#}"));
        }
    }
}

async fn open_one(target: SocketAddr, sha256: String) -> Result<Kept> {
    let mut connection = Connection::open(target).await?;
    let answer = connection.get(BODY).await?;
    answer.check(&sha256)?;
    Ok(Kept {
        connection,
        real: answer.real,
    })
}

/// The connection, and whether its real is still the same.
async fn ask_one(mut kept: Kept, sha256: String) -> Result<(Kept, bool)> {
    let answer = kept.connection.get(BODY).await?;
    answer.check(&sha256)?;
    let same = answer.real == kept.real;
    Ok((kept, same))
}
