//! bondd's part in a commit.

use std::io;
use std::path::Path;

use control::config::{Config, check_mtu, check_newly_present};
use control::ipc::Effect;
use control::transaction::{Participant, Word};
use netio::netlink::{Link, Netlink};

use crate::interfaces::Interfaces;
use crate::reload;
use crate::served::Served;

/// The transaction that is under way, if one is.
#[derive(Debug)]
pub struct Transactions {
    /// Where calls go and words come from.
    pub participant: Participant,
    running: Config,
    prepared: Option<(Box<Config>, Effect)>,
}

impl Transactions {
    /// Those of the bondd in this run directory, which runs this configuration.
    pub fn new(run_dir: &Path, running: Config) -> Self {
        Self {
            participant: Participant::new("bondd", run_dir),
            running,
            prepared: None,
        }
    }

    /// Does what the transaction wants; the bonds with which bondd has to be started anew, if so.
    ///
    /// # Errors
    /// When there is no memory for what is committed.
    pub async fn hear(
        &mut self,
        word: Word,
        bonds: &mut [Served],
        interfaces: &Interfaces,
    ) -> io::Result<Option<Vec<bond::Config>>> {
        match word {
            Word::Prepare { config, vote } => match refusal(&config, &self.running).await {
                Some(reason) => vote.refuse(reason),
                None => {
                    let effect = reload::effect(&self.running.bonds, &config.bonds);
                    self.prepared = Some((config, effect));
                    vote.accept(effect);
                }
            },
            Word::Commit(done) => {
                let prepared = self.prepared.take();
                if let Some((config, Effect::None | Effect::Live)) = &prepared {
                    for (served, config) in bonds.iter_mut().zip(&config.bonds) {
                        served.set_config(config.clone(), interfaces).await?;
                    }
                    self.running = Config::clone(config);
                }
                done.done().await;
                return Ok(prepared
                    .filter(|(_, effect)| *effect == Effect::Restart)
                    .map(|(config, _)| config.bonds));
            }
            Word::Abort => self.prepared = None,
        }
        Ok(None)
    }
}

/// Why a configuration cannot be taken up on this host: a NIC that is not there, and that `running` does
/// not name, or one that does not carry packets as long as its bond shall.
async fn refusal(config: &Config, running: &Config) -> Option<String> {
    let present = match control::cli::interfaces() {
        Ok(present) => present,
        Err(error) => return Some(format!("reading the interfaces: {error}")),
    };
    let links = match links().await {
        Ok(links) => links,
        Err(error) => return Some(format!("reading the interfaces: {error}")),
    };
    let link = |name: &str| links.iter().find(|link| link.name == name);
    let mut faults = check_newly_present(config, running, &present);
    faults.extend(check_mtu(config, |name| link(name)?.max_mtu));
    faults.first().map(ToString::to_string)
}

async fn links() -> netio::Result<Vec<Link>> {
    Netlink::new()?.links().await
}
