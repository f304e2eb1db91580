//! ctld's half: one connection for each daemon, all asked at the same time.

use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sys::packet::AsyncPacket;
use sys::sealed;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::cli::socket_in;
use crate::ipc::{Answer, Effect, Request, TransactionAnswer, TransactionRequest};

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

/// Why a daemon does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// It is not there; it starts from the running file, whatever that is by then. With what the
    /// kernel said when that was unusual.
    Away(Option<String>),
    /// It is there and did not answer in time.
    Late(Duration),
    /// It broke off, or answered something else.
    Broken(String),
    /// It said no.
    Refused(String),
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(None) => f.write_str("it is not running"),
            Self::Away(Some(why)) => write!(f, "it cannot be reached: {why}"),
            Self::Late(limit) => write!(f, "it did not answer within {} s", limit.as_secs_f32()),
            Self::Broken(why) => write!(f, "it broke off: {why}"),
            Self::Refused(why) => f.write_str(why),
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
            async move { this.vote(daemon, id, &text).await }
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

    /// The daemon's promise to take up the text, or why there is none.
    async fn vote(&self, daemon: &'static str, id: u64, text: &str) -> Result<Promise, Objection> {
        let path = socket_in(&self.run_dir, daemon);
        let connection = AsyncPacket::connect(path).map_err(|error| away(&error))?;
        let voted = async {
            let text = sealed::seal("configuration", text.as_bytes())
                .map_err(|error| Objection::Broken(error.to_string()))?;
            say(&connection, TransactionRequest::Prepare(id), &[text]).await?;
            match hear(&connection).await? {
                TransactionAnswer::Prepared { id: of, effect } if of == id => Ok(effect),
                other @ (TransactionAnswer::Prepared { .. }
                | TransactionAnswer::Committed(_)
                | TransactionAnswer::Aborted(_)) => Err(senseless(&other)),
            }
        };
        let effect = within(self.limits.vote, voted).await?;
        Ok(Promise {
            daemon,
            effect,
            connection,
        })
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
        let promise = self.vote(daemon, id, text).await?;
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

/// A daemon's vote, and the connection that it holds to.
#[derive(Debug)]
struct Promise {
    daemon: &'static str,
    effect: Effect,
    connection: AsyncPacket,
}

impl Promise {
    async fn keep(&self, id: u64, limit: Duration) -> Result<(), Objection> {
        let kept = async {
            say(&self.connection, TransactionRequest::Commit(id), &[]).await?;
            match hear(&self.connection).await? {
                TransactionAnswer::Committed(of) if of == id => Ok(()),
                other @ (TransactionAnswer::Prepared { .. }
                | TransactionAnswer::Committed(_)
                | TransactionAnswer::Aborted(_)) => Err(senseless(&other)),
            }
        };
        within(limit, kept).await
    }

    /// Returns when the daemon has forgotten, or is gone; the end of the connection says it again.
    async fn forget(&self, id: u64, limit: Duration) -> Result<(), Objection> {
        let forgotten = async {
            say(&self.connection, TransactionRequest::Abort(id), &[]).await?;
            hear(&self.connection).await.map(drop)
        };
        within(limit, forgotten).await
    }
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
            // Nothing is to be heard now but the end of the connection.
            if let Ok(heard) = timeout(Duration::ZERO, hear(&promise.connection)).await {
                lost.push(Said {
                    daemon: promise.daemon,
                    answer: heard.map_or_else(|error| error, |other| senseless(&other)),
                });
            }
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

fn away(error: &io::Error) -> Objection {
    let usual = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    );
    Objection::Away((!usual).then(|| error.to_string()))
}

async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, Objection>>,
) -> Result<T, Objection> {
    match timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(Objection::Late(limit)),
    }
}

async fn say(
    connection: &AsyncPacket,
    request: TransactionRequest,
    fds: &[OwnedFd],
) -> Result<(), Objection> {
    let broken = |error: io::Error| Objection::Broken(error.to_string());
    let record =
        serde_json::to_vec(&Request::Transaction(request)).map_err(|error| broken(error.into()))?;
    let fds: Vec<_> = fds.iter().map(OwnedFd::as_fd).collect();
    connection.send(&record, &fds).await.map_err(broken)
}

async fn hear(connection: &AsyncPacket) -> Result<TransactionAnswer, Objection> {
    let broken = |error: io::Error| Objection::Broken(error.to_string());
    let (bytes, _) = connection.recv().await.map_err(broken)?;
    match serde_json::from_slice::<Answer<()>>(&bytes).map_err(|error| broken(error.into()))? {
        Answer::Transaction(answer) => Ok(answer),
        Answer::Error(reason) => Err(Objection::Refused(reason)),
        other @ (Answer::Begin(_)
        | Answer::Item(())
        | Answer::End(_)
        | Answer::Bond(_)
        | Answer::Vrrp(_)) => Err(Objection::Broken(format!("it said {other:?}"))),
    }
}

fn senseless(answer: &TransactionAnswer) -> Objection {
    Objection::Broken(format!("it said {answer:?}"))
}
