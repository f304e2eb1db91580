//! bondd's part in a commit.

use std::io;
use std::path::Path;

use control::config::{Config, check_newly_present};
use control::ipc::Effect;
use control::transaction::{Participant, Word};

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
            Word::Prepare { config, vote } => match refusal(&config, &self.running) {
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
/// not name.
fn refusal(config: &Config, running: &Config) -> Option<String> {
    match control::cli::interfaces() {
        Ok(present) => {
            let faults = check_newly_present(config, running, &present);
            faults.first().map(ToString::to_string)
        }
        Err(error) => Some(format!("reading the interfaces: {error}")),
    }
}
