//! The slow path: one loop that serves requests, follows the kernel, and looks after the workers.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use control::config::Config;
use control::ipc::{BondRequest, Call, Effect, RealVerdict, Request, Server, VrrpRequest};
use control::show::{DropItem, Noun, PortItem, ServiceItem};
use control::transaction::{Participant, Word};
use lvs::Director;
use netio::ethtool::Ethtool;
use netio::netlink::Netlink;
use netio::packet::PacketSocket;
use netio::tap::Tap;
use netio::xdp::{PinDir, Program, Statistics, XdpMode};
use sys::supervised::Supervised;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::announce::place::Plan;
use crate::carrier::{self, CarrierWatch};
use crate::cleared::Cleared;
use crate::clock::now;
use crate::keep::{self, Kept};
use crate::kernel::Kernel;
use crate::members::Members;
use crate::nudge::Nudge;
use crate::rates::RateMeter;
use crate::shared::Shared;
use crate::threads::{self, Failures};
use crate::{attach, capture, prepare, reload, routers, show, start, verdicts};

/// How often rates are taken.
const RATES: Duration = Duration::from_secs(1);
/// A whole round over the connection table takes this many looks.
const SWEEPS: usize = 800;

/// The forwarder's slow path and everything that it owns.
#[derive(Debug)]
struct Daemon {
    config: Config,
    /// What was prepared, and is taken up or forgotten next.
    prepared: Option<(Box<Config>, Effect)>,
    verdicts: (mpsc::Sender<Verdicts>, mpsc::Receiver<Verdicts>),
    shared: Arc<Shared>,
    director: Director,
    kernel: Kernel,
    kept: Kept,
    carrier: CarrierWatch,
    nudge: Nudge,
    meter: RateMeter,
    cleared: Cleared,
    ifnames: Vec<String>,
    virtuals: Vec<IpAddr>,
    plans: Vec<Plan>,
    taps: Vec<Arc<Tap>>,
    mode: XdpMode,
    programs: Vec<Program>,
    pins: PathBuf,
    _promiscuous: Vec<PacketSocket>,
    /// By worker, then by port: duplicates, to ask the kernel for its counts.
    sockets: Vec<Vec<OwnedFd>>,
}

/// Batches of verdicts that may wait; healthd waits with more.
const VERDICTS_WAITING: usize = 16;

/// What healthd says at once.
type Verdicts = Vec<RealVerdict>;

/// How the forwarder ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// In order, as it was told.
    Stopped,
    /// To be started anew, with what the supervisor keeps: on another configuration, or because a NIC came.
    Restart,
}

/// Runs the forwarder until SIGTERM or SIGINT, or until another configuration or a NIC that came wants
/// a new start.
///
/// # Errors
/// When something that the forwarder cannot do without fails; it must be started again then.
pub async fn run(
    config: Config,
    socket: &Path,
    run_dir: &Path,
    supervised: Supervised,
) -> io::Result<Ended> {
    std::fs::create_dir_all(run_dir)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = Arc::new(AtomicBool::new(false));
    let (failed, mut failures) = mpsc::unbounded_channel();
    let mut daemon = Daemon::start(&config, run_dir, &stop, &failed).await?;
    let server = Server::bind(socket)?;
    sys::ready::notify();
    let participant = Participant::new("lvsd", run_dir);
    let ended = tokio::select! {
        ended = daemon.serve(server, participant, supervised) => ended,
        Some(failure) = failures.recv() => Err(failure),
        _ = terminate.recv() => Ok(Ended::Stopped),
        _ = interrupt.recv() => Ok(Ended::Stopped),
    };
    stop.store(true, Ordering::Relaxed);
    if matches!(ended, Ok(Ended::Stopped)) {
        daemon.leave()?;
        std::fs::remove_file(socket).ok();
    }
    ended
}

impl Daemon {
    async fn start(
        config: &Config,
        run_dir: &Path,
        stop: &Arc<AtomicBool>,
        failed: &Failures,
    ) -> io::Result<Self> {
        let mut kept = Kept::fetch()?;
        let pins = run_dir.join("bpf");
        let taps = start::host_interfaces(config, &mut kept)?;
        let connections = start::connections(config, &mut kept, now())?;
        let ifnames = start::present(config);
        let bonds = start::bonds(config, &ifnames, &mut kept)?;
        let leases = start::leases(config, &mut kept)?;
        let (shared, mut director) = start::share(config, bonds, leases, connections)?;
        verdicts::recall(&mut director, &mut kept);
        verdicts::forget_unchecked(&mut director, config);
        shared.services.store(director.snapshot());
        let mut kernel = Kernel::start(Netlink::new()?, &shared, &taps, director.config()).await?;
        let ports = match start::adopt_ports(config, &ifnames, &mut kept, &pins) {
            Some(ports) => ports,
            None => {
                prepare::prepare_all(config, &ifnames, kernel.netlink()).await?;
                start::open_ports(config, &ifnames, &mut kept, &pins)?
            }
        };
        kept.forget_leftovers()?;
        kernel.watch_over(Members::find(&start::members(config), &ifnames)?);
        let promiscuous = ifnames.iter().map(|name| prepare::receive_all(name));
        let mut daemon = Self {
            config: config.clone(),
            prepared: None,
            verdicts: mpsc::channel(VERDICTS_WAITING),
            _promiscuous: promiscuous.collect::<io::Result<_>>()?,
            carrier: CarrierWatch::new(Ethtool::open()?, shared.bonds.len()),
            nudge: Nudge::default(),
            meter: RateMeter::default(),
            cleared: Cleared::default(),
            mode: ports.mode,
            sockets: ports.sockets()?,
            shared,
            director,
            kernel,
            kept,
            virtuals: start::virtuals(config),
            plans: Plan::of(config),
            ifnames,
            taps,
            pins,
            programs: ports.programs,
        };
        daemon.carrier.look(&daemon.shared, &daemon.ifnames);
        threads::spawn_workers(
            &daemon.shared,
            ports.lanes,
            config.lvs.poll_mode,
            stop,
            failed,
        )?;
        threads::spawn_hosts(&daemon.shared, &daemon.taps, stop, failed)?;
        Ok(daemon)
    }

    async fn serve(
        &mut self,
        mut server: Server,
        mut participant: Participant,
        supervised: Supervised,
    ) -> io::Result<Ended> {
        let mut look = interval(carrier::INTERVAL);
        let mut rates = interval(RATES);
        for ticks in [&mut look, &mut rates] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        }
        loop {
            supervised.beat();
            if let Some(name) = self.kernel.members().come() {
                eprintln!("{name} is there: its queues are opened by a new start");
                return Ok(Ended::Restart);
            }
            tokio::select! {
                call = server.next() => match call.request {
                    Request::Transaction(_) => participant.take(call),
                    _ => self.answer(call),
                },
                word = participant.next() => if self.hear(word).await? == Effect::Restart {
                    return Ok(Ended::Restart);
                },
                Some(verdicts) = self.verdicts.1.recv() => self.take_verdicts(&verdicts),
                news = self.kernel.news(&self.shared) => {
                    self.kernel.see_to(news?, &self.shared).await?;
                }
                _ = look.tick() => self.look(),
                _ = rates.tick() => {
                    self.meter.sample(now(), &self.director.status(&self.shared.connections));
                }
            }
        }
    }

    fn look(&mut self) {
        self.nudge.look(&self.shared);
        self.carrier.look(&self.shared, &self.ifnames);
        let said = (&self.plans[..], &self.virtuals[..]);
        self.carrier.follow(&self.shared, &self.taps, said, now());
        let connections = &self.shared.connections;
        connections.sweep(now(), connections.buckets().div_ceil(SWEEPS));
    }

    fn take_verdicts(&mut self, verdicts: &Verdicts) {
        if verdicts::take(&mut self.director, verdicts) {
            self.shared.services.store(self.director.snapshot());
            if let Err(error) = verdicts::keep(&self.director, &self.kept) {
                eprintln!("verdicts not kept: {error}");
            }
        }
    }

    /// Does what the transaction wants; tells what it came to.
    async fn hear(&mut self, word: Word) -> io::Result<Effect> {
        match word {
            Word::Prepare { config, vote } => {
                let services = routers::services(&config);
                match self.director.check(&services, &self.shared.connections) {
                    Ok(()) => {
                        let effect = reload::effect(&self.config, &config);
                        self.prepared = Some((config, effect));
                        vote.accept(effect);
                    }
                    Err(faults) => vote.refuse(start::first_line(&faults)),
                }
                Ok(Effect::None)
            }
            Word::Commit(done) => {
                let taken = self.prepared.take();
                let effect = taken.as_ref().map_or(Effect::None, |(_, effect)| *effect);
                if let Some((config, effect)) = taken {
                    self.take_up(*config, effect).await?;
                }
                done.done().await;
                Ok(effect)
            }
            Word::Abort => {
                self.prepared = None;
                Ok(Effect::None)
            }
        }
    }

    async fn take_up(&mut self, config: Config, effect: Effect) -> io::Result<()> {
        verdicts::forget_unchecked(&mut self.director, &config);
        self.shared.services.store(self.director.snapshot());
        if effect == Effect::Live {
            let services = routers::services(&config);
            let connections = &self.shared.connections;
            let taken = self.director.set_config(services, connections);
            taken.map_err(|faults| io::Error::other(start::first_line(&faults)))?;
            self.shared.services.store(self.director.snapshot());
            self.cleared.renew(&self.services());
            let virtuals = start::virtuals(&config);
            self.carrier.serve(&self.virtuals, &virtuals);
            self.virtuals = virtuals;
            self.kernel
                .serve(self.director.config(), &self.shared)
                .await;
            eprintln!("configuration taken up");
        }
        self.plans = Plan::of(&config);
        self.config = config;
        Ok(())
    }

    fn answer(&mut self, call: Call) {
        match call.request.clone() {
            Request::Bond(BondRequest::Attach { bond, members }) => {
                let bonds = &self.config.bonds;
                match attach::place(bonds, &bond, &members) {
                    Ok(place) => {
                        attach::attach(&self.shared, &self.kept, &bonds[place], place, call)
                    }
                    Err(reason) => call.refuse(reason),
                }
            }
            Request::Show(noun) => self.show(noun, &self.cleared, call),
            Request::Figures(noun) => self.show(noun, &Cleared::default(), call),
            Request::Clear => {
                self.cleared = Cleared::now(&self.services(), &self.drops(), self.ports());
                call.done();
            }
            Request::Vrrp(VrrpRequest::Attach) => routers::attach(&self.shared, call),
            Request::Capture(request) => {
                capture::capture(&self.shared, &self.config.bonds, &request, call);
            }
            Request::Verdicts(_) => verdicts::follow(call, self.verdicts.0.clone()),
            Request::Pools(_)
            | Request::Transaction(_)
            | Request::Configure(_)
            | Request::Activate { .. } => call.refuse("not lvsd's"),
        }
    }

    fn services(&self) -> Vec<ServiceItem> {
        let status = self.director.status(&self.shared.connections);
        show::services(status, &self.meter)
    }

    fn drops(&self) -> Vec<DropItem> {
        show::drops(&self.shared)
    }

    fn ports(&self) -> Vec<PortItem> {
        let ask = |worker: usize, port: usize| -> Statistics {
            let socket = self.sockets.get(worker).and_then(|ports| ports.get(port));
            let asked = socket.and_then(|socket| Statistics::of(socket.as_fd()).ok());
            asked.unwrap_or_default()
        };
        let members = self.kernel.members();
        show::ports(&self.shared, &self.config.bonds, members, self.mode, ask)
    }

    /// Shows a noun, counted since it was `cleared`.
    fn show(&self, noun: Noun, cleared: &Cleared, call: Call) {
        match noun {
            Noun::Service => {
                let mut items = self.services();
                cleared.services(&mut items);
                call.answer(noun, items);
            }
            Noun::Drops => {
                let mut items = self.drops();
                cleared.drops(&mut items);
                call.answer(noun, items);
            }
            Noun::Ports => {
                let mut items = self.ports();
                cleared.ports(&mut items);
                call.answer(noun, items);
            }
            Noun::Connections => list_connections(Arc::clone(&self.shared), call),
            Noun::Bfd
            | Noun::Bond
            | Noun::Configuration
            | Noun::Daemons
            | Noun::Events
            | Noun::Health
            | Noun::History
            | Noun::Interfaces
            | Noun::Lacp
            | Noun::Log
            | Noun::Version
            | Noun::Vrrp
            | Noun::VrrpWhy => {
                call.refuse(format!("ask {} for that", noun.daemon()));
            }
        }
    }

    /// An orderly end: the ports are given back to the kernel, and nothing is kept.
    fn leave(mut self) -> io::Result<()> {
        for program in self.programs {
            program.detach()?;
        }
        PinDir::open(self.pins)?.remove()?;
        for queue in 0..self.shared.workers.len() {
            self.kept.forget(&keep::lane(queue))?;
        }
        for name in [keep::CONNECTIONS, keep::LEASES, keep::VERDICTS] {
            self.kept.forget(name)?;
        }
        for bond in &self.shared.bonds {
            for name in [keep::tap, keep::egress, keep::feedback] {
                self.kept.forget(&name(&bond.name))?;
            }
        }
        Ok(())
    }
}

/// Connections are listed by a task of their own: there may be millions.
fn list_connections(shared: Arc<Shared>, call: Call) {
    tokio::spawn(async move {
        let mut reply = call.reply();
        if reply.begin(Noun::Connections).await.is_err() {
            return;
        }
        for item in show::connections(&shared, now()) {
            if reply.item(&item).await.is_err() {
                return;
            }
        }
        // Whether the client still reads the end matters to nobody here.
        reply.end().await.ok();
    });
}
