//! One daemon's part of a transaction: a connection, a vote, and what it is told.

use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::time::Duration;

use sys::packet::AsyncPacket;
use sys::sealed;
use tokio::time::timeout;

use crate::cli::socket_in;
use crate::ipc::{Answer, Effect, Request, TransactionAnswer, TransactionRequest};

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

/// A daemon's vote, and the connection that it holds to.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) daemon: &'static str,
    pub(super) effect: Effect,
    connection: AsyncPacket,
}

impl Promise {
    /// What the daemon whose socket is in `run_dir` promises of this text, or why nothing.
    pub(super) async fn ask(
        run_dir: &Path,
        daemon: &'static str,
        id: u64,
        text: &str,
        limit: Duration,
    ) -> Result<Self, Objection> {
        let connection =
            AsyncPacket::connect(socket_in(run_dir, daemon)).map_err(|error| away(&error))?;
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
        let effect = within(limit, voted).await?;
        Ok(Self {
            daemon,
            effect,
            connection,
        })
    }

    /// What has become of the daemon since its vote; nothing, as far as can be seen.
    pub(super) async fn lost(&self) -> Option<Objection> {
        // Nothing is to be heard now but the end of the connection.
        let heard = timeout(Duration::ZERO, hear(&self.connection)).await.ok()?;
        Some(heard.map_or_else(|error| error, |other| senseless(&other)))
    }

    /// Makes the daemon take it up.
    pub(super) async fn keep(&self, id: u64, limit: Duration) -> Result<(), Objection> {
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
    pub(super) async fn forget(&self, id: u64, limit: Duration) -> Result<(), Objection> {
        let forgotten = async {
            say(&self.connection, TransactionRequest::Abort(id), &[]).await?;
            hear(&self.connection).await.map(drop)
        };
        within(limit, forgotten).await
    }
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
        | Answer::Vrrp(_)
        | Answer::Capture(_)
        | Answer::Done) => Err(Objection::Broken(format!("it said {other:?}"))),
    }
}

fn senseless(answer: &TransactionAnswer) -> Objection {
    Objection::Broken(format!("it said {answer:?}"))
}
