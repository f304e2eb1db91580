//! ctld's half: one connection for each daemon, all asked at the same time.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::promise::{Objection, Promise};
use crate::ipc::Effect;

/// The daemons that take part, in the order of their start.
pub const DAEMONS: [&str; 5] = ["lvsd", "bondd", "hostd", "vrrpd", "healthd"];

/// How often a daemon that is not there is called again.
const AGAIN: Duration = Duration::from_millis(50);

/// How long daemons may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a vote, and for an Abort.
    pub vote: Duration,
    /// To take up what was prepared.
    pub commit: Duration,
    /// To be back with the new configuration, when a daemon died or is started anew.
    pub back: Duration,
    /// To appear, when a daemon is not there in the first place.
    pub away: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            vote: Duration::from_secs(5),
            commit: Duration::from_secs(5),
            back: Duration::from_secs(15),
            away: Duration::from_secs(3),
        }
    }
}

/// One daemon's answer, whatever the question was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// The daemon.
    pub daemon: &'static str,
    /// What it said.
    pub answer: T,
}

/// Asks the daemons whose sockets are in one directory.
#[derive(Clone, Debug)]
pub struct Coordinator {
    run_dir: PathBuf,
    limits: Limits,
}

impl Coordinator {
    /// For the daemons whose sockets are in `run_dir`.
    #[must_use]
    pub fn new(run_dir: &Path, limits: Limits) -> Self {
        Self {
            run_dir: run_dir.to_owned(),
            limits,
        }
    }

    /// Asks every daemon whether it can take up `text`, the canonical one.
    ///
    /// # Errors
    /// Every objection, in the order of [`DAEMONS`]; every daemon forgets what it prepared.
    pub async fn prepare(
        &self,
        id: u64,
        text: &str,
        absent: Absent,
    ) -> Result<Prepared, Vec<Said<Objection>>> {
        let text = Arc::new(text.to_owned());
        let votes = all(DAEMONS, |daemon| {
            let (this, text) = (self.clone(), Arc::clone(&text));
            async move { Promise::ask(&this.run_dir, daemon, id, &text, this.limits.vote).await }
        });
        let mut promises = Vec::new();
        let mut objections = Vec::new();
        for Said { daemon, answer } in votes.await {
            match answer {
                Ok(promise) => promises.push(promise),
                Err(answer) => objections.push(Said { daemon, answer }),
            }
        }
        let excused = |said: &Said<Objection>| match said.answer {
            Objection::Away(_) | Objection::Late(_) | Objection::Broken(_) => {
                absent == Absent::Follows
            }
            Objection::Refused(_) => false,
        };
        let prepared = Prepared {
            coordinator: self.clone(),
            id,
            text,
            promises,
            absent: objections.clone(),
        };
        if objections.iter().all(excused) {
            Ok(prepared)
        } else {
            prepared.abort().await;
            Err(objections)
        }
    }

    /// Gives every daemon `text`, which is the running configuration already: for those that may
    /// have another. Each gets as long as a daemon that was not there in the first place.
    pub async fn settle(&self, id: u64, text: &str) -> Vec<Said<Result<Effect, Objection>>> {
        let text = Arc::new(text.to_owned());
        all(DAEMONS, |daemon| {
            let (this, text) = (self.clone(), Arc::clone(&text));
            async move { this.bring_back(daemon, id, &text, this.limits.away).await }
        })
        .await
    }

    /// Gives a daemon that may be gone, or may be about to go, the running configuration.
    async fn bring_back(
        &self,
        daemon: &'static str,
        id: u64,
        text: &str,
        limit: Duration,
    ) -> Result<Effect, Objection> {
        let until = Instant::now() + limit;
        let mut objection = Objection::Late(limit);
        let brought = async {
            loop {
                match self.give(daemon, id, text).await {
                    // It goes away once more, and starts from the running file.
                    Ok(Effect::Restart) => {}
                    Ok(effect @ (Effect::None | Effect::Live)) => return effect,
                    Err(error) => objection = error,
                }
                sleep(AGAIN).await;
            }
        };
        match timeout_at(until, brought).await {
            Ok(effect) => Ok(effect),
            Err(_) => Err(objection),
        }
    }

    async fn give(&self, daemon: &'static str, id: u64, text: &str) -> Result<Effect, Objection> {
        let promise = Promise::ask(&self.run_dir, daemon, id, text, self.limits.vote).await?;
        promise.keep(id, self.limits.commit).await?;
        Ok(promise.effect)
    }
}

/// What a daemon means that is not there when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// No: nothing is changed without it.
    Refuses,
    /// Yes: it starts from the running file, whatever that is by then.
    Follows,
}

/// What every daemon has promised to take up.
#[derive(Debug)]
pub struct Prepared {
    coordinator: Coordinator,
    id: u64,
    text: Arc<String>,
    promises: Vec<Promise>,
    absent: Vec<Said<Objection>>,
}

/// How a daemon has the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it means for the daemon; none when it did not say.
    pub effect: Option<Effect>,
    /// Why it does not have it yet.
    pub missing: Option<Objection>,
}

impl Prepared {
    /// The daemons that are gone since their vote, as far as can be seen.
    pub async fn lost(&self) -> Vec<Said<Objection>> {
        let mut lost = Vec::new();
        for promise in &self.promises {
            let daemon = promise.daemon;
            let said = |answer| Said { daemon, answer };
            lost.extend(promise.lost().await.map(said));
        }
        lost
    }

    /// Makes every daemon take it up: the running file says so already, so that a daemon which died
    /// meanwhile, or is started anew for it, can only come back with this configuration. Waits for
    /// those, within the limits.
    pub async fn commit(self) -> Vec<Said<Outcome>> {
        let Self {
            coordinator,
            id,
            text,
            promises,
            absent,
        } = self;
        let here = || (coordinator.clone(), Arc::clone(&text));
        let kept = all(promises, |promise| {
            let (this, text) = here();
            async move { this.see_through(promise, id, &text).await }
        });
        let away: Vec<&'static str> = absent.iter().map(|said| said.daemon).collect();
        let found = all(away, |daemon| {
            let (this, text) = here();
            async move { this.find(daemon, id, &text).await }
        });
        let (mut outcomes, found) = tokio::join!(kept, found);
        outcomes.extend(found);
        outcomes.sort_by_key(|said| DAEMONS.iter().position(|daemon| *daemon == said.daemon));
        outcomes
    }

    /// Makes every daemon forget it.
    pub async fn abort(self) {
        let (id, limit) = (self.id, self.coordinator.limits.vote);
        all(self.promises, |promise| async move {
            promise.forget(id, limit).await
        })
        .await;
    }
}

impl Coordinator {
    async fn see_through(&self, promise: Promise, id: u64, text: &str) -> Outcome {
        let effect = Some(promise.effect);
        let kept = promise.keep(id, self.limits.commit).await;
        let daemon = promise.daemon;
        drop(promise);
        let missing = match (kept, effect) {
            (Ok(()), Some(Effect::None | Effect::Live) | None) => None,
            (Ok(()), Some(Effect::Restart)) | (Err(_), _) => {
                let back = self.bring_back(daemon, id, text, self.limits.back);
                back.await.err()
            }
        };
        Outcome { effect, missing }
    }

    /// For a daemon that was not there: it may have read the running file just before the decision.
    async fn find(&self, daemon: &'static str, id: u64, text: &str) -> Outcome {
        match self.bring_back(daemon, id, text, self.limits.away).await {
            Ok(effect) => Outcome {
                effect: Some(effect),
                missing: None,
            },
            Err(objection) => Outcome {
                effect: None,
                missing: Some(objection),
            },
        }
    }
}

/// Whom a question is for.
trait Asked {
    fn daemon(&self) -> &'static str;
}

impl Asked for &'static str {
    fn daemon(&self) -> &'static str {
        self
    }
}

impl Asked for Promise {
    fn daemon(&self) -> &'static str {
        self.daemon
    }
}

/// Asks all at the same time; the answers in the order of the questions.
async fn all<A: Asked, F, T>(
    asked: impl IntoIterator<Item = A>,
    ask: impl Fn(A) -> F,
) -> Vec<Said<T>>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (place, one) in asked.into_iter().enumerate() {
        let daemon = one.daemon();
        let answer = ask(one);
        tasks.spawn(async move {
            let answer = answer.await;
            (place, Said { daemon, answer })
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, said)| said).collect()
}
