//! The loop: wait, give one input to the engine, hand out what it made.

use std::io;
use std::path::Path;

use control::ipc::{Call, Effect, Request, Server};
use control::show::Noun;
use control::transaction::{Participant, Word};
use health::Config;
use sys::supervised::Supervised;
use tokio::signal::unix::{SignalKind, signal};

use crate::checks::Checks;
use crate::limits;
use crate::probe::Tls;
use crate::stream::{Step, Stream};

/// The checks, and what a transaction makes of them.
#[derive(Debug)]
struct Daemon {
    checks: Checks,
    running: Config,
    /// What was prepared, and is taken up or forgotten next.
    prepared: Option<Config>,
}

/// Checks the targets until SIGTERM.
///
/// # Errors
/// When the socket cannot be made.
pub async fn run(
    config: Config,
    socket: &Path,
    run_dir: &Path,
    supervised: Supervised,
) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut daemon = Daemon {
        checks: Checks::new(config.clone(), limits::slots()?, Tls::new()?),
        running: config,
        prepared: None,
    };
    let mut reals = Stream::new("lvsd", run_dir);
    let mut pools = Stream::new("vrrpd", run_dir);
    let mut participant = Participant::new("healthd", run_dir);
    let mut server = Server::bind(socket)?;
    sys::ready::notify();
    loop {
        supervised.beat();
        tokio::select! {
            () = daemon.checks.wait() => {}
            call = server.next() => match call.request {
                Request::Transaction(_) => participant.take(call),
                _ => daemon.answer(call),
            },
            word = participant.next() => daemon.hear(word),
            step = reals.step() => if step == Step::Connected {
                reals.add(daemon.checks.engine().verdicts().reals);
            },
            step = pools.step() => if step == Step::Connected {
                pools.add(daemon.checks.engine().verdicts().pools);
            },
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
        let changes = daemon.checks.turn();
        reals.add(changes.reals);
        pools.add(changes.pools);
    }
}

impl Daemon {
    /// Does what the transaction wants. Checks change while they run.
    fn hear(&mut self, word: Word) {
        match word {
            Word::Prepare { config, vote } => {
                let is_same = config.checks == self.running;
                self.prepared = Some(config.checks);
                vote.accept(if is_same { Effect::None } else { Effect::Live });
            }
            Word::Commit(done) => {
                if let Some(config) = self.prepared.take().filter(|next| *next != self.running) {
                    self.checks.set_config(config.clone());
                    self.running = config;
                    eprintln!("configuration taken up");
                }
                // Nothing is left to do: probes do not wait until ctld has read the answer.
                tokio::spawn(done.done());
            }
            Word::Abort => self.prepared = None,
        }
    }

    fn answer(&self, call: Call) {
        match call.request {
            Request::Show(Noun::Health) => {
                call.answer(Noun::Health, self.checks.engine().status());
            }
            Request::Show(noun) => call.refuse(format!("{} is {}'s", noun.name(), noun.daemon())),
            Request::Bond(_)
            | Request::Vrrp(_)
            | Request::Verdicts(_)
            | Request::Pools(_)
            | Request::Transaction(_)
            | Request::Configure(_)
            | Request::Capture(_)
            | Request::Activate { .. }
            | Request::Clear
            | Request::Figures(_) => call.refuse("not healthd's"),
        }
    }
}
