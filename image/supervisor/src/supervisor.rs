//! From the check, or from the daemons that another supervisor has left, to the orderly stop.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, absolute};
use std::process::ExitCode;
use std::rc::Rc;

use sys::packet::{AsyncListener, Packet, check_path};
use sys::process::Process;
use sys::store::{MAX_DESCRIPTORS, Store};
use tokio::sync::watch;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use crate::desk::Desk;
use crate::keeper::{Keeper, Shared, asked};
use crate::log::Log;
use crate::service::{Service, services};
use crate::signals::Signals;
use crate::state::{StateFile, living};
use crate::status::{Board, Record};
use crate::{check, socket, strays};

/// The exit status for a configuration that a daemon does not accept.
const BAD_CONFIGURATION: u8 = 2;
/// Descriptors of the supervisor's own: sockets, pipes, processes.
const OWN_DESCRIPTORS: usize = 512;

/// Runs the daemons, whose programs stand beside this one, until a signal asks for the end.
pub fn run(config: &Path, run_dir: &Path) -> io::Result<ExitCode> {
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
    LocalSet::new().block_on(&runtime, supervise(services, &run_dir, &socket))
}

async fn supervise(services: Vec<Service>, run_dir: &Path, socket: &Path) -> io::Result<ExitCode> {
    let mut signals = Signals::new()?;
    let log = Log::default();
    if Packet::connect(socket).is_ok() {
        let why = format!("another supervisor runs in {}", run_dir.display());
        return Err(io::Error::new(io::ErrorKind::AddrInUse, why));
    }
    say_what_is_missing(&log, services.len());
    let file = StateFile::new(run_dir);
    let is_cold = !left(&file, &log).iter().any(|r| living(r).is_some());
    if is_cold {
        let accepted = tokio::select! {
            accepted = check::all_accept(&services, &log) => accepted,
            () = signals.next() => return Ok(ExitCode::SUCCESS),
        };
        if !accepted {
            return Ok(ExitCode::from(BAD_CONFIGURATION));
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
    });
    let serving = spawn_local(socket::serve(listener, Rc::clone(&shared)));
    let sockets: Vec<_> = services.iter().map(|s| s.socket.clone()).collect();

    let mut kept = BTreeMap::new();
    tokio::select! {
        () = start(services, &shared, &mut kept) => signals.next().await,
        () = signals.next() => {}
    }
    stop(kept).await;
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
    Ok(ExitCode::SUCCESS)
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

/// A daemon's task and the flag that stops it.
struct Kept {
    stop: watch::Sender<bool>,
    settled: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Kept {
    fn new(service: Service, shared: &Rc<Shared>, adopted: Option<Process>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (settle, settled) = watch::channel(false);
        let keeper = Keeper::new(service, Rc::clone(shared), stopped, settle);
        Self {
            stop,
            settled,
            task: spawn_local(keeper.keep(adopted)),
        }
    }
}

/// Takes over the daemons that live, all at once; then starts the others one after another, each when those
/// before it have settled.
async fn start(services: Vec<Service>, shared: &Rc<Shared>, kept: &mut BTreeMap<usize, Kept>) {
    for (place, service) in services.iter().enumerate() {
        let record = shared.board.one(service.name);
        if let Some(process) = record.as_ref().and_then(living) {
            let text = format!("{}: process {} goes on", service.name, process.pid());
            shared.log.line("supervisor", &text);
            kept.insert(place, Kept::new(service.clone(), shared, Some(process)));
        }
    }
    if !kept.is_empty() {
        // Beside the takeover: a file with faults stops nothing that runs.
        spawn_local(say_faults(services.clone(), Rc::clone(shared)));
    }
    for (place, service) in services.into_iter().enumerate() {
        if !kept.contains_key(&place) {
            bury(service.name, shared).await;
        }
        let own = kept
            .entry(place)
            .or_insert_with(|| Kept::new(service, shared, None));
        asked(&mut own.settled).await;
    }
    let missing = shared.board.not_ready();
    if missing.is_empty() {
        sys::ready::notify();
    } else {
        let text = format!("not ready: {}", missing.join(", "));
        shared.log.line("supervisor", &text);
    }
}

/// What must be known and done before a daemon is started that an earlier supervisor may have had.
async fn bury(daemon: &str, shared: &Shared) {
    if let Some(pid) = shared.board.one(daemon).and_then(|r| r.daemon.pid) {
        let how = "while there was no supervisor";
        let text = format!("{daemon}: died {how} (process {pid})");
        shared.log.line("supervisor", &text);
        shared.board.ended(daemon, how.to_owned());
        shared.board.restarted(daemon);
    }
    strays::end(daemon, &shared.socket, &shared.log).await;
}

async fn say_faults(services: Vec<Service>, shared: Rc<Shared>) {
    if !check::all_accept(&services, &shared.log).await {
        let text = "the configuration has faults; the daemons that run go on without it";
        shared.log.line("supervisor", text);
    }
}

/// Stops the daemons one after another, the last one in the order first.
async fn stop(kept: BTreeMap<usize, Kept>) {
    for Kept { stop, task, .. } in kept.into_values().rev() {
        stop.send_replace(true);
        task.await.ok(); // a keeper's panic is its own; the others are still to be stopped
    }
}
