//! The loop: wait, give one input to an engine, hand out what it made.

use std::io;
use std::path::Path;
use std::time::Duration;

use control::ipc::{Call, Request, Server};
use control::show::Noun;
use sys::supervised::Supervised;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::clock::now;
use crate::identity::IdentityFile;
use crate::inbox::{Host, Seen};
use crate::interfaces::Interfaces;
use crate::reload;
use crate::served::Served;
use crate::state::StateFile;
use crate::transactions::Transactions;

/// How often carrier and the forwarder's pulse are looked at.
const TICK: Duration = Duration::from_millis(5);
/// Frames and attachments that may wait; more wait in their sockets.
const INBOX: usize = 64;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// In order, as it was told.
    Stopped,
    /// To be started anew on another configuration, going on from what is saved.
    Restart,
}

/// Serves the bonds until SIGTERM, or until another configuration wants a new start.
///
/// # Errors
/// When a member cannot be prepared or a socket not be made at the start.
pub async fn run(
    config: control::config::Config,
    socket: &Path,
    run_dir: &Path,
    supervised: Supervised,
) -> io::Result<Ended> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (sender, mut inbox) = mpsc::channel(INBOX);
    let mut state = StateFile::new(run_dir);
    let mut identities = IdentityFile::new(run_dir);
    let mut interfaces = Interfaces::open().await?;
    let host = Host {
        run_dir: run_dir.into(),
        sender,
    };
    let mut bonds = Vec::new();
    for (i, config) in config.bonds.iter().enumerate() {
        let left = state.left(&config.name, identities.of(&config.name));
        let mut served = Served::new(i, config.clone(), &left, &host)?;
        served.open(&interfaces).await?;
        served.turn();
        served.attach()?;
        bonds.push(served);
    }
    let mut server = Server::bind(socket)?;
    let mut transactions = Transactions::new(run_dir, config);
    sys::ready::notify();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        supervised.beat();
        let due = sleep_until(earliest(&bonds));
        tokio::select! {
            Some(seen) = inbox.recv() => take(&mut bonds, seen),
            change = interfaces.changed() => for served in &mut bonds {
                served.refresh(&interfaces, change).await;
            },
            _ = tick.tick() => for served in &mut bonds {
                served.look(&interfaces).await;
            },
            call = server.next() => match call.request {
                Request::Transaction(_) => transactions.participant.take(call),
                _ => answer(&mut bonds, call),
            },
            word = transactions.participant.next() => {
                let anew = transactions.hear(word, &mut bonds, &interfaces).await?;
                if let Some(configs) = anew {
                    for served in &mut bonds {
                        served.take_leave(reload::heir(served.engine().config(), &configs));
                    }
                    state.leave(&bonds, |config| !reload::is_forgotten(config, &configs));
                    return Ok(Ended::Restart);
                }
            }
            () = due => {}
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
        for served in &mut bonds {
            served.turn();
        }
        identities.keep(&bonds);
        state.keep(&mut bonds);
    }
    for served in &mut bonds {
        served.farewell();
    }
    state.forget();
    Ok(Ended::Stopped)
}

fn take(bonds: &mut [Served], seen: Seen) {
    match seen {
        Seen::Frame { owner, bytes } => {
            if let Some(served) = bonds.get_mut(owner.bond) {
                served.frame(&owner.member, &bytes);
            }
        }
        Seen::Path { owner, bytes } => {
            if let Some(served) = bonds.get_mut(owner.bond) {
                served.path_frame(&owner.member, &bytes);
            }
        }
        Seen::Forwarder {
            bond,
            table,
            feedback,
        } => {
            if let Some(served) = bonds.get_mut(bond) {
                served.forwarder(table, feedback);
            }
        }
    }
}

/// When the first engine has something due; a day when none has.
fn earliest(bonds: &[Served]) -> Instant {
    let due = bonds.iter().filter_map(Served::due).min();
    let span = due.map_or(Duration::from_secs(86_400), |due| due.since(now()).into());
    Instant::now() + span
}

fn answer(bonds: &mut [Served], call: Call) {
    match call.request {
        Request::Show(Noun::Bond) => {
            call.answer(
                Noun::Bond,
                bonds.iter().map(|served| served.engine().status_at(now())),
            );
        }
        Request::Show(Noun::Bfd) => {
            call.answer(Noun::Bfd, bonds.iter().flat_map(Served::path_items));
        }
        Request::Show(Noun::Lacp) => {
            let lacp = bonds
                .iter()
                .filter_map(|served| served.engine().lacp_status());
            call.answer(Noun::Lacp, lacp);
        }
        Request::Show(noun) => call.refuse(format!("{} is {}'s", noun.name(), noun.daemon())),
        Request::Activate {
            ref bond,
            ref member,
        } => match activate(bonds, bond, member) {
            Ok(()) => call.done(),
            Err(reason) => call.refuse(reason),
        },
        Request::Bond(_) => call.refuse("bonds attach to lvsd"),
        Request::Vrrp(_)
        | Request::Verdicts(_)
        | Request::Pools(_)
        | Request::Transaction(_)
        | Request::Configure(_)
        | Request::Capture(_)
        | Request::Clear
        | Request::Figures(_) => call.refuse("not bondd's"),
    }
}

/// Makes a member the active one, or says in one line why it does not become that.
fn activate(bonds: &mut [Served], name: &str, member: &str) -> Result<(), String> {
    let names: Vec<String> = bonds
        .iter()
        .map(|served| served.engine().config().name.clone())
        .collect();
    let place = names.iter().position(|bond| bond == name);
    let served = place.and_then(|place| bonds.get_mut(place));
    let served =
        served.ok_or_else(|| format!("{name}: no bond; there are {}", names.join(", ")))?;
    served
        .activate(member)
        .map_err(|refusal| format!("{name}: {member}: {refusal}"))
}
