//! bondd's part in a commit.

use std::path::Path;

use bond::Config;
use control::config::check_present;
use control::ipc::Effect;
use control::transaction::{Participant, Word};

use crate::reload;
use crate::served::Served;

/// The transaction that is under way, if one is.
#[derive(Debug)]
pub struct Transactions {
    /// Where calls go and words come from.
    pub participant: Participant,
    prepared: Option<(Vec<Config>, Effect)>,
}

impl Transactions {
    /// Those of the bondd in this run directory.
    pub fn new(run_dir: &Path) -> Self {
        Self {
            participant: Participant::new("bondd", run_dir),
            prepared: None,
        }
    }

    /// Does what the transaction wants; the configuration with which bondd has to be started anew, if so.
    pub async fn hear(&mut self, word: Word, bonds: &mut [Served]) -> Option<Vec<Config>> {
        match word {
            Word::Prepare { config, vote } => match refusal(&config, bonds) {
                Some(reason) => vote.refuse(reason),
                None => {
                    let old: Vec<_> = bonds.iter().map(|b| b.engine().config().clone()).collect();
                    let effect = reload::effect(&old, &config.bonds);
                    self.prepared = Some((config.bonds, effect));
                    vote.accept(effect);
                }
            },
            Word::Commit(done) => {
                let prepared = self.prepared.take();
                if let Some((configs, Effect::None | Effect::Live)) = &prepared {
                    for (served, config) in bonds.iter_mut().zip(configs) {
                        served.set_config(config.clone());
                    }
                }
                done.done().await;
                return prepared
                    .filter(|(_, effect)| *effect == Effect::Restart)
                    .map(|(configs, _)| configs);
            }
            Word::Abort => self.prepared = None,
        }
        None
    }
}

/// Why a configuration cannot be taken up on this host: a member that is not there, and that no bond has
/// now.
fn refusal(config: &control::config::Config, bonds: &[Served]) -> Option<String> {
    match control::cli::interfaces() {
        Ok(present) => {
            let known = bonds
                .iter()
                .flat_map(|bond| &bond.engine().config().members);
            let known: Vec<String> = known.map(|member| format!("{:?}", member.name)).collect();
            let faults = check_present(config, &present);
            let mut faults = faults.iter();
            let new =
                faults.find(|fault| fault.value.as_ref().is_none_or(|one| !known.contains(one)));
            new.map(ToString::to_string)
        }
        Err(error) => Some(format!("reading the interfaces: {error}")),
    }
}
