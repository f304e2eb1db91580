//! The main thread: configuration, kernel, lvsd, healthd, operators. Elections are elsewhere.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use control::config::Config;
use control::ipc::{Call, Effect, Request, Server};
use control::show::{DropItem, Noun};
use control::transaction::{Done, Participant, Word};
use sys::supervised::Supervised;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};
use vrrp::Status;

use crate::cleared::Cleared;
use crate::clock::now;
use crate::elections::{Command, Elections};
use crate::forwarder::{self, Attachment};
use crate::inbox::Seen;
use crate::interfaces::{Interfaces, Sources};
use crate::journal::Journal;
use crate::memberships::Memberships;
use crate::plan::{effect, plan};
use crate::pools::{self, Pools};
use crate::port::Members;

/// How often what could not be done at once is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// What tasks may have waiting for the loop.
const INBOX: usize = 64;

/// Everything the main thread has.
#[derive(Debug)]
struct Daemon {
    config: Config,
    /// A configuration that a transaction may still take up.
    prepared: Option<(Box<Config>, Effect)>,
    elections: Elections,
    interfaces: Interfaces,
    members: Members,
    sources: Vec<Sources>,
    memberships: Memberships,
    pools: Pools,
    journal: Journal,
    cleared: Cleared,
    /// lvsd's memory, which the last to let go unmaps: not the elections.
    attachments: Vec<Arc<Attachment>>,
    inbox: mpsc::Sender<Seen>,
}

/// Serves the virtual routers until SIGTERM, or until a transaction wants this process started anew.
///
/// # Errors
/// When the kernel gives no thread or no socket at the start.
pub async fn run(
    config: Config,
    socket: &Path,
    run_dir: &Path,
    supervised: Supervised,
) -> io::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (sender, mut inbox) = mpsc::channel(INBOX);
    let mut daemon = Daemon::start(config, sender.clone()).await?;
    tokio::spawn(forwarder::attach(run_dir.into(), sender));
    let mut participant = Participant::new("vrrpd", run_dir);
    let mut server = Server::bind(socket)?;
    sys::ready::notify();
    let mut retry = interval(RETRY);
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_stopping = false;
    loop {
        supervised.beat();
        tokio::select! {
            said = daemon.elections.next() => match said {
                Some(said) => daemon.journal.note(&said.name, &said.event, now()),
                None => return Ok(ExitCode::SUCCESS),
            },
            Some(seen) = inbox.recv() => daemon.take(seen),
            gone = daemon.interfaces.changed() => daemon.follow(gone.as_deref()).await,
            call = server.next() => daemon.answer(call, &mut participant),
            word = participant.next() => if daemon.transact(word).await == Effect::Restart {
                return Ok(supervised.anew());
            },
            _ = retry.tick() => daemon.retry().await,
            _ = terminate.recv(), if !is_stopping => is_stopping = daemon.stop(),
            _ = interrupt.recv(), if !is_stopping => is_stopping = daemon.stop(),
        }
    }
}

impl Daemon {
    async fn start(config: Config, inbox: mpsc::Sender<Seen>) -> io::Result<Self> {
        if let Err(error) = sys::realtime::lock_memory() {
            eprintln!("vrrpd: memory may be paged out ({error}): adverts may be late");
        }
        let names: Vec<String> = config.bonds.iter().map(|bond| bond.name.clone()).collect();
        let (elections, class) = Elections::start(&names)?;
        if let Some(error) = class {
            eprintln!("vrrpd: no real-time thread ({error}): adverts may be late on a busy host");
        }
        let mut daemon = Self {
            members: Members::new(&config.bonds),
            sources: vec![Sources::default(); names.len()],
            config,
            prepared: None,
            elections,
            interfaces: Interfaces::open().await?,
            memberships: Memberships::default(),
            pools: Pools::default(),
            journal: Journal::default(),
            cleared: Cleared::default(),
            attachments: Vec::new(),
            inbox,
        };
        daemon.follow(Some(&[])).await;
        let all = plan(&[], &daemon.config.routers);
        daemon.elections.tell(Command::Plan(all));
        Ok(daemon)
    }

    /// Looks at the kernel's interfaces. `gone` are those that no socket outlives; none: any.
    async fn follow(&mut self, gone: Option<&[u32]>) {
        let picture = match self.interfaces.look().await {
            Ok(picture) => picture,
            Err(error) => return eprintln!("vrrpd: reading the interfaces: {error}"),
        };
        self.members.follow(&picture, gone, &self.elections);
        self.memberships.follow(&self.config.routers, &picture);
        let bonds = self.config.bonds.iter().zip(&mut self.sources);
        for (bond, (config, last)) in bonds.enumerate() {
            let sources = picture.sources(&config.name);
            if sources != *last {
                *last = sources;
                self.elections.tell(Command::Sources { bond, sources });
            }
        }
    }

    async fn retry(&mut self) {
        self.journal.lost(self.elections.lost());
        if self.members.is_any_closed() {
            self.follow(Some(&[])).await;
        }
    }

    fn take(&mut self, seen: Seen) {
        match seen {
            Seen::Attached(attachment) => {
                let names = attachment.bonds.iter().map(|bond| bond.name.as_str());
                let names: Vec<&str> = names.collect();
                eprintln!("vrrpd: forwarder attached, with {}", names.join(", "));
                let attachment = Arc::new(attachment);
                self.attachments.retain(|held| Arc::strong_count(held) > 1);
                self.attachments.push(Arc::clone(&attachment));
                self.elections.tell(Command::Attach(attachment));
            }
            Seen::Detached => {
                eprintln!("vrrpd: forwarder detached");
                self.elections.tell(Command::Detach);
            }
            Seen::Pools(verdicts) => {
                for verdict in self.pools.take(verdicts) {
                    let (name, is_up) = (verdict.service, verdict.alive);
                    self.elections.tell(Command::Service { name, is_up });
                }
            }
        }
    }

    /// Everybody leaves; the elections end when they have.
    fn stop(&self) -> bool {
        self.elections.tell(Command::Shutdown);
        true
    }

    /// Goes along with a transaction. [`Effect::Restart`]: this process is to end, without a word to
    /// the network, for its successor goes on where it was.
    async fn transact(&mut self, word: Word) -> Effect {
        match word {
            Word::Prepare { config, vote } => {
                let effect = effect(&self.config, &config);
                self.prepared = Some((config, effect));
                vote.accept(effect);
                Effect::None
            }
            Word::Abort => {
                self.prepared = None;
                Effect::None
            }
            Word::Commit(done) => self.commit(done).await,
        }
    }

    async fn commit(&mut self, done: Done) -> Effect {
        let Some((config, effect)) = self.prepared.take() else {
            return Effect::None;
        };
        match effect {
            Effect::None => self.config = *config,
            Effect::Live => {
                let plan = plan(&self.config.routers, &config.routers);
                self.elections.tell(Command::Plan(plan));
                let cleared = self.cleared.clone();
                self.count(move |counts| {
                    if let Some((routers, drops)) = counts {
                        cleared.renew(&routers, &drops);
                    }
                });
                // Those that have just come know nothing yet; the others hear nothing new.
                for known in self.pools.all() {
                    let (name, is_up) = (known.service, known.alive);
                    self.elections.tell(Command::Service { name, is_up });
                }
                self.config = *config;
                self.follow(Some(&[])).await;
            }
            Effect::Restart => {}
        }
        done.done().await;
        effect
    }

    fn answer(&self, call: Call, participant: &mut Participant) {
        match &call.request {
            Request::Show(noun @ (Noun::Vrrp | Noun::Drops)) => {
                let (noun, cleared) = (*noun, self.cleared.clone());
                self.count(move |counts| show(call, noun, &cleared, counts));
            }
            Request::Figures(noun @ (Noun::Vrrp | Noun::Drops)) => {
                let noun = *noun;
                self.count(move |counts| show(call, noun, &Cleared::default(), counts));
            }
            Request::Clear => {
                let cleared = self.cleared.clone();
                self.count(move |counts| match counts {
                    Some((routers, drops)) => {
                        cleared.clear(&routers, &drops);
                        call.done();
                    }
                    None => call.refuse(STOPPING),
                });
            }
            Request::Show(Noun::VrrpWhy) => {
                let (sender, items) = oneshot::channel();
                self.elections.tell(Command::Why(sender));
                tokio::spawn(async move {
                    match items.await {
                        Ok(items) => call.answer(Noun::VrrpWhy, items),
                        Err(_) => call.refuse(STOPPING),
                    }
                });
            }
            Request::Show(noun) | Request::Figures(noun) => {
                let reason = format!("{} is {}'s", noun.name(), noun.daemon());
                call.refuse(reason);
            }
            Request::Pools(first) => {
                let first = first.clone();
                tokio::spawn(pools::follow(call, first, self.inbox.clone()));
            }
            Request::Transaction(_) => participant.take(call),
            Request::Bond(_)
            | Request::Vrrp(_)
            | Request::Verdicts(_)
            | Request::Configure(_)
            | Request::Activate { .. }
            | Request::Capture(_) => call.refuse("not vrrpd's"),
        }
    }

    /// Gives what the virtual routers and this daemon counted to `take`, from a task of its own; nothing
    /// when they are stopping.
    fn count(&self, take: impl FnOnce(Option<Counts>) + Send + 'static) {
        let (sender, statuses) = oneshot::channel();
        self.elections.tell(Command::Show(sender));
        let drops = Arc::clone(self.elections.drops());
        tokio::spawn(async move {
            take(statuses.await.ok().map(|statuses| {
                let own = statuses.iter().map(|one| one.counters.own_frames);
                let drops = drops.items(own.sum());
                (statuses, drops)
            }));
        });
    }
}

/// The virtual routers, and every reason to drop.
type Counts = (Vec<Status>, Vec<DropItem>);

/// Why there is no answer.
const STOPPING: &str = "vrrpd is stopping";

/// Answers with the virtual routers or the drops, counted since they were `cleared`.
fn show(call: Call, noun: Noun, cleared: &Cleared, counts: Option<Counts>) {
    let Some((mut routers, mut drops)) = counts else {
        return call.refuse(STOPPING);
    };
    if noun == Noun::Drops {
        cleared.drops(&mut drops);
        call.answer(noun, drops);
    } else {
        cleared.routers(&mut routers);
        call.answer(noun, routers);
    }
}
