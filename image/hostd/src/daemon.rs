//! The loop: the kernel's changes, and transactions.

use std::io;
use std::path::Path;
use std::time::Duration;

use control::cli::DaemonArgs;
use control::config::{Config, check_newly_present};
use control::ipc::{Call, Request, Server};
use control::show::Noun;
use control::transaction::{Participant, Word};
use sys::supervised::Supervised;
use tokio::time::interval;

use crate::appliance::Appliance;
use crate::host::Host;
use crate::named::NamedFile;
use crate::notices::Notices;
use crate::show::{interfaces, version};

/// Below it are the appliance's files.
const ROOT: &str = "/";

/// How often the loop comes around when nothing happens.
const LAP: Duration = Duration::from_secs(1);

/// Everything that is served: the kernel's part of the host, and the appliance around it.
struct Served {
    host: Host,
    appliance: Option<Appliance>,
    notices: Notices,
}

/// Keeps the host as configured, until the kernel can no longer be followed.
///
/// # Errors
/// That, or that there is no socket.
pub async fn serve(args: &DaemonArgs, config: Config, supervised: Supervised) -> io::Result<()> {
    let run_dir = args.run_dir();
    let mut served = Served::new(config, &run_dir).await?;
    let mut server = Server::bind(&args.socket("hostd"))?;
    let mut participant = Participant::new("hostd", &run_dir);
    let mut prepared: Option<Box<Config>> = None;
    sys::ready::notify();
    let mut lap = interval(LAP);
    loop {
        supervised.beat();
        tokio::select! {
            changed = served.host.changed() => {
                changed?;
                served.host.apply().await?;
                served.follow().await?;
            }
            call = server.next() => served.answer(call, &mut participant).await?,
            word = participant.next() => match word {
                Word::Prepare { config, vote } => match served.refusal(&config) {
                    Some(reason) => vote.refuse(reason),
                    None => {
                        vote.accept(served.host.effect(&config));
                        prepared = Some(config);
                    }
                },
                Word::Commit(done) => {
                    if let Some(config) = prepared.take() {
                        served.take_up(*config).await?;
                    }
                    done.done().await;
                    served.follow().await?;
                }
                Word::Abort => prepared = None,
            },
            _ = lap.tick() => {}
        }
    }
}

impl Served {
    async fn new(config: Config, run_dir: &Path) -> io::Result<Self> {
        let root = Path::new(ROOT);
        let notices = Notices::new(root.join("run/notices"));
        let appliance = Appliance::find(root, &config, &notices);
        let host = Host::new(config, NamedFile::new(run_dir)).await?;
        let mut served = Self {
            host,
            appliance,
            notices,
        };
        served.follow().await?;
        Ok(served)
    }

    /// Why this host cannot be as in `config`: a NIC that is not there and was not named before.
    fn refusal(&self, config: &Config) -> Option<String> {
        let present = match control::cli::interfaces() {
            Ok(present) => present,
            Err(e) => return Some(format!("reading the interfaces: {e}")),
        };
        let faults = check_newly_present(config, self.host.config(), &present);
        faults.first().map(ToString::to_string)
    }

    async fn take_up(&mut self, config: Config) -> io::Result<()> {
        if let Some(appliance) = &mut self.appliance {
            appliance.take_up(&config);
        }
        self.host.take_up(config).await
    }

    /// What of the appliance depends on what the kernel has.
    async fn follow(&mut self) -> io::Result<()> {
        let Some(appliance) = &mut self.appliance else {
            return Ok(());
        };
        let present = self.host.management_addresses().await?;
        appliance.note_access(self.host.access_fault());
        appliance.listen(self.host.config(), &present).await;
        Ok(())
    }

    async fn answer(&self, call: Call, participant: &mut Participant) -> io::Result<()> {
        match call.request {
            Request::Transaction(_) => participant.take(call),
            Request::Show(noun @ Noun::Interfaces) => {
                let kernel = self.host.dump().await?;
                call.answer(noun, interfaces(self.host.config(), &kernel));
            }
            Request::Show(noun @ Noun::Version) => {
                call.answer(noun, [version(Path::new(ROOT), &self.notices)]);
            }
            Request::Show(noun @ Noun::Drops) => call.answer(noun, self.host.drops().await),
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
            | Request::Activate { .. }
            | Request::Clear
            | Request::Figures(_) => call.refuse("not hostd's"),
        }
        Ok(())
    }
}
