//! The loop: answers what can be answered at once, and hands the rest to the one writer.

use std::io;
use std::path::Path;
use std::time::Duration;

use control::ipc::{Call, Request, Server};
use control::show::Noun;
use control::transaction::{Coordinator, Limits};
use sys::supervised::Supervised;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::interval;

use crate::books::Books;
use crate::commit::Committer;
use crate::durable;
use crate::metrics::Metrics;
use crate::operator::Operator;
use crate::shown::Shown;

/// Requests that may wait for the one before them.
const MOST_WAITING: usize = 8;

/// How often an idle loop comes around.
const TURN: Duration = Duration::from_secs(2);

/// Serves operators until SIGTERM.
///
/// # Errors
/// When the running file cannot be read or the socket cannot be made.
pub async fn run(
    config: &Path,
    socket: &Path,
    run_dir: &Path,
    supervised: Supervised,
) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // Where it really is: a rename must not put a file in the place of a link to it.
    let config = config.canonicalize()?;
    let _alone = match durable::alone(durable::directory(&config)) {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => return Err(error),
        // What cannot be written can be shown all the same, and a commit says why it cannot be made.
        alone => alone.inspect_err(|error| eprintln!("ctld: {error}")).ok(),
    };
    let books = Books::open(&config, None)?;
    let metrics = Metrics::start(run_dir, books.running.config.metrics);
    let coordinator = Coordinator::new(run_dir, Limits::default());
    let committer = Committer::new(run_dir, coordinator, metrics);
    let mut server = Server::bind(socket)?;
    let (sender, calls) = mpsc::channel(MOST_WAITING);
    let (operator, shown) = Operator::new(books, committer);
    let (end, ended) = oneshot::channel();
    let writer = tokio::spawn(operator.run(calls, ended));
    sys::ready::notify();
    let mut turn = interval(TURN);
    loop {
        supervised.beat();
        tokio::select! {
            _ = turn.tick() => {}
            call = server.next() => take(call, &sender, &shown),
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    // A commit under way comes to its end; those that wait are not begun.
    drop(end);
    writer.await.map_err(io::Error::other)
}

fn take(call: Call, writer: &mpsc::Sender<Call>, shown: &watch::Receiver<Shown>) {
    match &call.request {
        Request::Show(Noun::Configuration) => {
            call.answer(Noun::Configuration, &shown.borrow().configuration);
        }
        Request::Show(Noun::History) => call.answer(Noun::History, &shown.borrow().history),
        Request::Show(noun) => {
            let reason = format!("{} is {}'s", noun.name(), noun.daemon());
            call.refuse(reason);
        }
        Request::Configure(_) => {
            if let Err(full) = writer.try_send(call) {
                full.into_inner().refuse("too many requests wait already");
            }
        }
        Request::Transaction(_) => call.refuse("transactions are ctld's to make"),
        Request::Bond(_)
        | Request::Vrrp(_)
        | Request::Verdicts(_)
        | Request::Pools(_)
        | Request::Capture(_)
        | Request::Activate { .. }
        | Request::Clear
        | Request::Figures(_) => {
            call.refuse("not ctld's");
        }
    }
}
