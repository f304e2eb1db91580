//! From the check, or from the daemons that another supervisor has left, to the orderly stop.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;
use std::rc::Rc;

use sys::packet::{AsyncListener, Packet, check_path};
use sys::store::{MAX_DESCRIPTORS, Store};
use sys::watchdog::{self, Watchdog};
use tokio::sync::watch;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{MissedTickBehavior, interval};

use crate::configuration::identity;
use crate::crew::{Refused, start, stop};
use crate::desk::Desk;
use crate::log::Log;
use crate::logfile::LogFile;
use crate::place::Place;
use crate::service::{Service, services};
use crate::shared::Shared;
use crate::signals::Signals;
use crate::state::{StateFile, living};
use crate::status::{Board, Record};
use crate::wish::Wish;
use crate::{check, socket};

/// The exit status for a configuration that a daemon does not accept.
const BAD_CONFIGURATION: u8 = 2;
/// Descriptors of the supervisor's own: sockets, pipes, processes.
const OWN_DESCRIPTORS: usize = 512;

/// Runs the daemons, whose programs stand beside this one, until a signal or an operator asks for the end.
pub fn run(
    config: &Path,
    run_dir: &Path,
    log: Option<PathBuf>,
    place: Place,
) -> io::Result<ExitCode> {
    let this = std::env::current_exe()?;
    let programs = this
        .parent()
        .ok_or_else(|| io::Error::other("no directory of its own"))?;
    let run_dir = absolute(run_dir)?;
    let services = services(programs, &absolute(config)?, &run_dir);
    let socket = run_dir.join("supervisor.sock");
    check_path(&socket)?;
    for service in &services {
        check_path(&service.socket)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let file = log.map(LogFile::begin).transpose()?;
    LocalSet::new().block_on(&runtime, async {
        let log = Rc::new(Log::with(file));
        let turning = spawn_local(turn(Rc::clone(&log)));
        let ended = supervise(services, &run_dir, &socket, Rc::clone(&log), place).await;
        log.end().await;
        turning.abort();
        ended
    })
}

/// Says that this loop turns, also while all start or stop; and what is wrong with the log.
async fn turn(log: Rc<Log>) {
    let watchdog = Watchdog::from_env();
    let mut rhythm = interval(watchdog::RHYTHM);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        rhythm.tick().await;
        if let Some(watchdog) = &watchdog {
            watchdog.feed();
        }
        log.look();
    }
}

async fn supervise(
    services: Vec<Service>,
    run_dir: &Path,
    socket: &Path,
    log: Rc<Log>,
    place: Place,
) -> io::Result<ExitCode> {
    let mut signals = Signals::new()?;
    if Packet::connect(socket).is_ok() {
        let why = format!("another supervisor runs in {}", run_dir.display());
        return Err(io::Error::new(io::ErrorKind::AddrInUse, why));
    }
    say_what_is_missing(&log, services.len());
    let file = StateFile::new(run_dir);
    let is_cold = !left(&file, &log).iter().any(|r| living(r).is_some());
    let mut refused = Refused::new();
    if is_cold {
        let checked = tokio::select! {
            checked = check_all(&services, &log, place) => checked,
            () = signals.next() => return Ok(ExitCode::SUCCESS),
        };
        match checked {
            Some(others) => refused = others,
            None => return Ok(ExitCode::from(BAD_CONFIGURATION)),
        }
    }
    make(run_dir)?;
    let listener = AsyncListener::bind(socket)?;
    // Once more: now nobody else writes it.
    let left = left(&file, &log);
    if let Err(e) = log.events.borrow_mut().keep_in(&run_dir.join("events")) {
        eprintln!("supervisor: {}: {e}", run_dir.join("events").display());
    }
    let names = services.iter().map(|service| service.name);
    let shared = Rc::new(Shared {
        board: Board::new(names, left, file),
        store: RefCell::new(Store::new()),
        log,
        desk: Desk::default(),
        socket: listener.path().to_owned(),
        place,
        wish: watch::Sender::new(None),
    });
    let serving = spawn_local(socket::serve(listener, Rc::clone(&shared)));
    let sockets: Vec<_> = services.iter().map(|s| s.socket.clone()).collect();

    let wish = keep(services, refused, &shared, &mut signals).await;
    serving.abort();
    // Aborted is how it ends; awaited, so that its listener has removed its file.
    serving.await.ok();
    shared.board.forget();
    shared.log.events.borrow_mut().remove_file();
    for socket in sockets {
        // Left by a daemon that was killed; one that answers is none of this supervisor's.
        if Packet::connect(&socket).is_err() {
            fs::remove_file(socket).ok();
        }
    }
    Ok(ExitCode::from(wish.map_or(0, Wish::status)))
}

/// Who does not accept the configuration, and why: with none of them the others are started. `None`: nothing
/// is to be started. A faulty file is one that somebody has just written, on a host; on the appliance it must
/// not cost the console that could put it right.
async fn check_all(services: &[Service], log: &Log, place: Place) -> Option<Refused> {
    match place {
        Place::Host => check::all_accept(services, log).await.then(Refused::new),
        Place::Appliance => {
            // Before they read it: what is written after that has them tried again.
            let file = services.first().and_then(|one| identity(&one.config));
            let refusals = check::refusals(services, log).await;
            let refusals = refusals.into_iter();
            Some(refusals.map(|(name, why)| (name, (file, why))).collect())
        }
    }
}

/// From the start of all to their orderly stop; gives what an operator wants then.
async fn keep(
    services: Vec<Service>,
    refused: Refused,
    shared: &Rc<Shared>,
    signals: &mut Signals,
) -> Option<Wish> {
    let mut kept = BTreeMap::new();
    let mut wish = shared.wish.subscribe();
    let end = async {
        tokio::select! {
            () = signals.next() => None,
            // Its sender lives as long as what is shared.
            wish = wish.wait_for(Option::is_some) => wish.ok().and_then(|wish| *wish),
        }
    };
    tokio::pin!(end);
    let ended = tokio::select! {
        () = start(services, refused, shared, &mut kept) => None,
        wish = &mut end => Some(wish),
    };
    let wish = match ended {
        Some(wish) => wish,
        None => end.await,
    };
    stop(kept).await;
    wish
}

/// What a predecessor left; nothing, when it cannot be understood.
fn left(file: &StateFile, log: &Log) -> Vec<Record> {
    file.read().unwrap_or_else(|e| {
        log.line("supervisor", &e.to_string());
        Vec::new()
    })
}

/// One line for each thing that the daemons will lack.
fn say_what_is_missing(log: &Log, services: usize) {
    if !nix::unistd::geteuid().is_root() {
        log.line("supervisor", "without root: the daemons lack what needs it");
    }
    let wanted = services * MAX_DESCRIPTORS + OWN_DESCRIPTORS;
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    match sys::limit::descriptors(wanted) {
        Ok(most) if most < wanted => {
            let text = format!("{most} descriptors: the daemons may store {wanted}");
            log.line("supervisor", &text);
        }
        Ok(_) => {}
        Err(e) => log.line("supervisor", &format!("its limit of descriptors: {e}")),
    }
}

fn make(run_dir: &Path) -> io::Result<()> {
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(run_dir);
    made.map_err(|e| {
        let why = format!("run directory {}: {e}", run_dir.display());
        io::Error::new(e.kind(), why)
    })
}
