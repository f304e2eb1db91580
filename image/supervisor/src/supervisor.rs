//! From the check to the orderly stop.

use std::cell::RefCell;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, absolute};
use std::process::ExitCode;
use std::rc::Rc;

use sys::packet::{AsyncListener, Packet};
use sys::store::Store;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use crate::check;
use crate::keeper::{Keeper, Shared, asked};
use crate::log::Log;
use crate::service::{Service, services};
use crate::socket;
use crate::status::Board;

/// The exit status for a configuration that a daemon does not accept.
const BAD_CONFIGURATION: u8 = 2;

/// Runs the daemons, whose programs stand beside this one, until a signal asks for the end.
pub fn run(config: &Path, run_dir: &Path) -> io::Result<ExitCode> {
    let this = std::env::current_exe()?;
    let programs = this
        .parent()
        .ok_or_else(|| io::Error::other("no directory of its own"))?;
    let run_dir = absolute(run_dir)?;
    let services = services(programs, &absolute(config)?, &run_dir);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, supervise(services, &run_dir))
}

async fn supervise(services: Vec<Service>, run_dir: &Path) -> io::Result<ExitCode> {
    let mut signals = Signals::new()?;
    let log = Log::default();
    let accepted = tokio::select! {
        accepted = check::all_accept(&services, &log) => accepted,
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    if !accepted {
        return Ok(ExitCode::from(BAD_CONFIGURATION));
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(run_dir)
        .map_err(|e| {
            io::Error::new(
                e.kind(),
                format!("run directory {}: {e}", run_dir.display()),
            )
        })?;
    let listener = AsyncListener::bind(run_dir.join("supervisor.sock"))?;
    let shared = Rc::new(Shared {
        board: Board::new(services.iter().map(|service| service.name)),
        store: RefCell::new(Store::new()),
        log,
        socket: listener.path().to_owned(),
    });
    let serving = spawn_local(socket::serve(listener, Rc::clone(&shared)));
    let sockets: Vec<_> = services
        .iter()
        .map(|service| service.socket.clone())
        .collect();

    let mut kept = Vec::new();
    tokio::select! {
        () = start(services, &shared, &mut kept) => signals.next().await,
        () = signals.next() => {}
    }
    stop(kept).await;
    serving.abort();
    // Aborted is how it ends; awaited, so that its listener has removed its file.
    serving.await.ok();
    for socket in sockets {
        // Left by a daemon that was killed; one that answers is a daemon that outlived its supervisor.
        if Packet::connect(&socket).is_err() {
            fs::remove_file(socket).ok();
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A daemon's task and the flag that stops it.
struct Kept {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Starts one daemon after another, each when the one before it has settled.
async fn start(services: Vec<Service>, shared: &Rc<Shared>, kept: &mut Vec<Kept>) {
    for service in services {
        let (stop, stopped) = watch::channel(false);
        let (settle, mut settled) = watch::channel(false);
        let keeper = Keeper::new(service, Rc::clone(shared), stopped, settle);
        kept.push(Kept {
            stop,
            task: spawn_local(keeper.keep()),
        });
        asked(&mut settled).await;
    }
    let missing = shared.board.not_ready();
    if missing.is_empty() {
        sys::ready::notify();
    } else {
        shared
            .log
            .line("supervisor", &format!("not ready: {}", missing.join(", ")));
    }
}

/// Stops the daemons one after another, the last one started first.
async fn stop(kept: Vec<Kept>) {
    for Kept { stop, task } in kept.into_iter().rev() {
        stop.send_replace(true);
        task.await.ok(); // a keeper's panic is its own; the others are still to be stopped
    }
}

/// The signals that ask for the end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
