//! The loop: the kernel's changes, and transactions.

use std::io;
use std::time::Duration;

use control::cli::DaemonArgs;
use control::config::Config;
use control::ipc::{Call, Request, Server};
use control::transaction::{Participant, Word};
use sys::supervised::Supervised;
use tokio::time::interval;

use crate::host::Host;
use crate::named::NamedFile;

/// How often the loop comes around when nothing happens.
const LAP: Duration = Duration::from_secs(1);

/// Keeps addresses and routes as configured, until the kernel can no longer be followed.
///
/// # Errors
/// That, or that there is no socket.
pub async fn serve(args: &DaemonArgs, config: Config, supervised: Supervised) -> io::Result<()> {
    let run_dir = args.run_dir();
    let mut host = Host::new(config, NamedFile::new(&run_dir)).await?;
    let mut server = Server::bind(&args.socket("hostd"))?;
    let mut participant = Participant::new("hostd", &run_dir);
    let mut prepared: Option<Box<Config>> = None;
    sys::ready::notify();
    let mut lap = interval(LAP);
    loop {
        supervised.beat();
        tokio::select! {
            changed = host.changed() => {
                changed?;
                host.apply().await?;
            }
            call = server.next() => answer(call, &mut participant),
            word = participant.next() => match word {
                Word::Prepare { config, vote } => {
                    vote.accept(host.effect(&config));
                    prepared = Some(config);
                }
                Word::Commit(done) => {
                    if let Some(config) = prepared.take() {
                        host.take_up(*config).await?;
                    }
                    done.done().await;
                }
                Word::Abort => prepared = None,
            },
            _ = lap.tick() => {}
        }
    }
}

fn answer(call: Call, participant: &mut Participant) {
    match &call.request {
        Request::Transaction(_) => participant.take(call),
        Request::Show(noun) => {
            let why = format!("{} is {}'s", noun.name(), noun.daemon());
            call.refuse(why);
        }
        Request::Bond(_)
        | Request::Vrrp(_)
        | Request::Verdicts(_)
        | Request::Pools(_)
        | Request::Configure(_)
        | Request::Capture(_)
        | Request::Clear => call.refuse("not hostd's"),
    }
}
