//! `RUN/bondd.identity`: what partners know the bonds by. Unlike what is in `bondd.state` it is never
//! outdated: a bondd that was dead for an hour, or that was stopped, comes back as the same system with
//! the same ports.

use std::fs;
use std::path::{Path, PathBuf};

use bond::Identity;

use crate::served::{News, Served};
use crate::state;

/// The file.
#[derive(Debug)]
pub struct IdentityFile {
    path: PathBuf,
    kept: Vec<Identity>,
    complained: bool,
}

impl IdentityFile {
    /// Reads what predecessors left.
    pub fn new(run_dir: &Path) -> Self {
        let path = run_dir.join("bondd.identity");
        let text = fs::read(&path).ok();
        let kept = text.and_then(|text| serde_json::from_slice(&text).ok());
        Self {
            path,
            kept: kept.unwrap_or_default(),
            complained: false,
        }
    }

    /// As what a bond is known; of one that is new, nothing.
    pub fn of(&self, bond: &str) -> Identity {
        let mut kept = self.kept.iter();
        let found = kept.find(|identity| identity.name == bond);
        found.cloned().unwrap_or_default()
    }

    /// Keeps what the bonds are known as, when that may be another than before.
    pub fn keep(&mut self, bonds: &[Served]) {
        if bonds.iter().all(|served| served.news() < News::Change) {
            return;
        }
        let now: Vec<Identity> = bonds
            .iter()
            .map(|served| served.engine().identity())
            .collect();
        if now == self.kept {
            return;
        }
        let result = state::write(&self.path, &now);
        if let (Err(error), false) = (&result, self.complained) {
            eprintln!("bondd: {}: {error}", self.path.display());
        }
        self.complained = result.is_err();
        if result.is_ok() {
            self.kept = now;
        }
    }
}
