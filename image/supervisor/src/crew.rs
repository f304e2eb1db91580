//! All daemons together: taken over or started one after another, and stopped in reverse order.

use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_local};

use crate::configuration::Identity;
use crate::keeper::{Begin, Keeper, asked};
use crate::service::Service;
use crate::shared::Shared;
use crate::state::living;
use crate::{check, strays};

/// The daemons that do not accept the configuration: which file that was, and what they say.
pub type Refused = BTreeMap<&'static str, (Option<Identity>, String)>;

/// A daemon's task and the flag that stops it.
pub struct Kept {
    stop: watch::Sender<bool>,
    settled: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Kept {
    fn new(service: Service, shared: &Rc<Shared>, begin: Begin) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (settle, settled) = watch::channel(false);
        let keeper = Keeper::new(service, Rc::clone(shared), stopped, settle);
        Self {
            stop,
            settled,
            task: spawn_local(keeper.keep(begin)),
        }
    }
}

/// Takes over the daemons that live, all at once; then starts the others one after another, each when those
/// before it have settled.
pub async fn start(
    services: Vec<Service>,
    mut refused: Refused,
    shared: &Rc<Shared>,
    kept: &mut BTreeMap<usize, Kept>,
) {
    for (place, service) in services.iter().enumerate() {
        let record = shared.board.one(service.name);
        if let Some(process) = record.as_ref().and_then(living) {
            let text = format!("{}: process {} goes on", service.name, process.pid());
            shared.log.line("supervisor", &text);
            kept.insert(
                place,
                Kept::new(service.clone(), shared, Begin::Adopted(process)),
            );
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
        let begin = match refused.remove(service.name) {
            Some((file, why)) => Begin::Refused(file, why),
            None => Begin::New,
        };
        let own = kept
            .entry(place)
            .or_insert_with(|| Kept::new(service, shared, begin));
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
pub async fn stop(kept: BTreeMap<usize, Kept>) {
    for Kept { stop, task, .. } in kept.into_values().rev() {
        stop.send_replace(true);
        task.await.ok(); // a keeper's panic is its own; the others are still to be stopped
    }
}
