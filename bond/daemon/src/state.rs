//! `RUN/bondd.state`: what the next bondd needs so that no partner notices that this one died.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bond::{Config, Identity, Saved};
use serde::{Deserialize, Serialize};
use wire::{Duration, Instant};

use crate::clock::now;
use crate::paths;
use crate::served::{News, Served};

/// A PDU alone changes little: it is saved not more often than this.
const PDU_INTERVAL: Duration = Duration::from_millis(100);

/// The file's content.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    /// Whose clock `saved_at` is of.
    boot: String,
    /// When it was saved.
    saved_at: Instant,
    /// The bonds.
    bonds: Vec<Saved>,
    /// Their micro-BFD.
    #[serde(default)]
    paths: Vec<paths::Saved>,
}

/// What a predecessor left of a bond.
#[derive(Debug)]
pub struct Left {
    /// What its partners know it by.
    pub identity: Identity,
    /// Its state, while that is true.
    pub state: Option<Saved>,
    /// Its micro-BFD.
    pub paths: paths::Saved,
}

/// The file.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    boot: String,
    found: Option<Content>,
    written: Option<Instant>,
    complained: bool,
}

impl StateFile {
    /// Reads what a predecessor left, if anything that is of this boot.
    pub fn new(run_dir: &Path) -> Self {
        let path = run_dir.join("bondd.state");
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let found = fs::read(&path)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let found = found.filter(|content: &Content| content.boot == boot);
        Self {
            path,
            boot,
            found,
            written: None,
            complained: false,
        }
    }

    /// What a predecessor left of a bond that is known as this one.
    pub fn left(&mut self, bond: &str, identity: Identity) -> Left {
        Left {
            identity,
            state: self.take(bond, now()),
            paths: self.take_paths(bond),
        }
    }

    /// What was saved of a bond, unless its partner has given it up since.
    fn take(&mut self, bond: &str, now: Instant) -> Option<Saved> {
        let content = self.found.as_mut()?;
        let at = content.bonds.iter().position(|saved| saved.name == bond)?;
        let saved = content.bonds.swap_remove(at);
        let is_fresh = content.saved_at <= now && now.since(content.saved_at) <= saved.lifetime();
        is_fresh.then_some(saved)
    }

    /// The sessions of a bond's members; stale ones are found out by their peers.
    fn take_paths(&mut self, bond: &str) -> paths::Saved {
        let paths = self.found.as_mut().map(|content| &mut content.paths);
        let at = |paths: &Vec<paths::Saved>| paths.iter().position(|saved| saved.bond == bond);
        let taken = paths.and_then(|paths| at(paths).map(|at| paths.swap_remove(at)));
        taken.unwrap_or_default()
    }

    /// Saves the bonds when they have news.
    pub fn keep(&mut self, bonds: &mut [Served]) {
        let now = now();
        let is_due = match bonds.iter().map(Served::news).max().unwrap_or_default() {
            News::None => false,
            News::Pdu => self.written.is_none_or(|at| now.since(at) >= PDU_INTERVAL),
            News::Change => true,
        };
        if !is_due {
            return;
        }
        self.written = Some(now);
        bonds.iter_mut().for_each(Served::saved);
        self.save(bonds, |_| true);
    }

    /// Saves for the last time, before a new start: those bonds that the next one goes on with.
    pub fn leave(&mut self, bonds: &[Served], is_kept: impl Fn(&Config) -> bool) {
        self.save(bonds, is_kept);
    }

    fn save(&mut self, bonds: &[Served], is_kept: impl Fn(&Config) -> bool) {
        let is_kept = |served: &&Served| is_kept(served.engine().config());
        let kept = || bonds.iter().filter(is_kept);
        let content = Content {
            boot: self.boot.clone(),
            saved_at: now(),
            bonds: kept().map(|served| served.engine().save()).collect(),
            paths: kept().filter_map(Served::save_paths).collect(),
        };
        let result = write(&self.path, &content);
        if let (Err(error), false) = (&result, self.complained) {
            eprintln!("bondd: {}: {error}", self.path.display());
        }
        self.complained = result.is_err();
    }

    /// After an orderly stop there is nothing to go on from.
    pub fn forget(&self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            eprintln!("bondd: {}: {error}", self.path.display());
        }
    }
}

/// Whole or not at all: a reader sees the old content or the new.
pub fn write(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let temporary = path.with_added_extension("new");
    fs::write(&temporary, serde_json::to_vec(content)?)?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use bond::{Bond, Mode};

    use super::*;

    fn file(boot: &str, age: Duration, now: Instant) -> StateFile {
        let bond = |name: &str| {
            let config = Config::new(name, Mode::Ieee8023ad, &["eth1"]);
            Bond::new(config, now).save()
        };
        let content = Content {
            boot: boot.to_owned(),
            saved_at: now - age,
            bonds: vec![bond("bond0"), bond("bond1")],
            paths: Vec::new(),
        };
        StateFile {
            path: PathBuf::from("/nonexistent/bondd.state"),
            boot: "this".to_owned(),
            found: Some(content).filter(|content| content.boot == "this"),
            written: None,
            complained: false,
        }
    }

    const NOW: Instant = Instant::from_nanos(1_000_000_000_000);

    #[test]
    fn what_was_saved_a_short_time_ago_is_each_bonds_own_and_taken_once() {
        let mut file = file("this", Duration::from_secs(80), NOW);
        assert_eq!(
            file.take("bond1", NOW).map(|saved| saved.name).as_deref(),
            Some("bond1")
        );
        assert!(file.take("bond1", NOW).is_none());
        assert!(file.take("bond0", NOW).is_some());
        assert!(file.take("bond2", NOW).is_none());
    }

    #[test]
    fn what_the_partner_no_longer_holds_is_not_taken() {
        assert!(
            file("this", Duration::from_secs(91), NOW)
                .take("bond0", NOW)
                .is_none()
        );
    }

    #[test]
    fn what_is_of_another_boot_or_of_the_future_is_not_taken() {
        assert!(
            file("that", Duration::ZERO, NOW)
                .take("bond0", NOW)
                .is_none()
        );
        let earlier = Instant::from_nanos(1);
        assert!(
            file("this", Duration::ZERO, NOW)
                .take("bond0", earlier)
                .is_none()
        );
    }
}
