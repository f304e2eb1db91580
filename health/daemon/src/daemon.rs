//! The loop: wait, give one input to the engine, hand out what it made.

use std::io;
use std::path::Path;

use control::ipc::{Call, Request, Server};
use control::show::Noun;
use health::Config;
use tokio::signal::unix::{SignalKind, signal};

use crate::checks::Checks;
use crate::limits;
use crate::probe::Tls;
use crate::stream::{Step, Stream};

/// Checks the targets until SIGTERM.
///
/// # Errors
/// When the socket cannot be made.
pub async fn run(config: Config, socket: &Path, run_dir: &Path) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut checks = Checks::new(config, limits::slots()?, Tls::new()?);
    let mut reals = Stream::new("lvsd", run_dir);
    let mut pools = Stream::new("vrrpd", run_dir);
    let mut server = Server::bind(socket)?;
    sys::ready::notify();
    loop {
        tokio::select! {
            () = checks.wait() => {}
            call = server.next() => answer(&checks, call),
            step = reals.step() => if step == Step::Connected {
                reals.add(checks.engine().verdicts().reals);
            },
            step = pools.step() => if step == Step::Connected {
                pools.add(checks.engine().verdicts().pools);
            },
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
        let changes = checks.turn();
        reals.add(changes.reals);
        pools.add(changes.pools);
    }
}

fn answer(checks: &Checks, call: Call) {
    match call.request {
        Request::Show(Noun::Health) => call.answer(Noun::Health, checks.engine().status()),
        Request::Show(noun) => call.refuse(format!("{} is {}'s", noun.name(), noun.daemon())),
        Request::Bond(_)
        | Request::Vrrp(_)
        | Request::Verdicts(_)
        | Request::Pools(_)
        | Request::Transaction(_)
        | Request::Configure(_) => call.refuse("not healthd's"),
    }
}
