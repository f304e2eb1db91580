//! Writing the lock file anew: apt says what the wanted packages depend on; of that, only what
//! really ends up in the image is locked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::apt::Apt;
use crate::debs::{self, Cache};
use crate::elf;
use crate::packages::{Group, Lock, Package, Purpose, Wanted};
use crate::tree::files_below;

/// Works out `packages.lock` from `packages.toml` in the recipe's folder and writes it. `work` is a
/// folder for what is unpacked on the way.
///
/// # Errors
/// When apt cannot resolve or fetch something, or a program's library is in no package.
pub fn update_lock(recipe: &Path, work: &Path) -> Result<Lock> {
    let wanted = Wanted::read(recipe)?;
    let cache = Cache::of_user()?;
    let apt = cache.apt()?;
    apt.update()?;
    let mut lock = Lock::default();
    for purpose in Purpose::ALL {
        let folder = work.join(purpose.name());
        let group = wanted.group(purpose);
        let used = used(&apt, &cache, purpose, group, &folder)
            .with_context(|| format!("working out the packages for {}", purpose.name()))?;
        lock.packages.extend(used);
    }
    lock.packages
        .sort_by(|one, other| (one.purpose, &one.name).cmp(&(other.purpose, &other.name)));
    let path = Lock::path(recipe);
    fs::write(&path, lock.print()?).with_context(|| format!("writing {}", path.display()))?;
    Ok(lock)
}

/// The packages of the group's closure of which a file is taken, and those with their licences.
fn used(
    apt: &Apt,
    cache: &Cache,
    purpose: Purpose,
    group: &Group,
    folder: &Path,
) -> Result<Vec<Package>> {
    let candidates = apt.resolve(purpose, group)?;
    cache.fetch(&candidates.iter().collect::<Vec<_>>())?;
    let all = folder.join("all");
    let mut owners: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut own = BTreeMap::new();
    for package in &candidates {
        let alone = emptied(folder.join(&package.name))?;
        debs::extract(&cache.file(package), &alone)?;
        for file in files_below(&alone)? {
            owners.entry(file).or_default().insert(&package.name);
        }
        own.insert(package.name.as_str(), alone);
    }
    emptied(all.clone())?;
    for package in &candidates {
        debs::extract(&cache.file(package), &all)?;
    }
    let closure = elf::closure(&all, &group.programs)?;
    let is_taken = |file: &str| {
        closure.contains(file)
            || group
                .files
                .iter()
                .any(|beginning| file.starts_with(beginning))
    };
    let mut names: BTreeSet<&str> = owners
        .iter()
        .filter(|(file, _)| is_taken(file))
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect();
    let licensors: Vec<String> = names
        .iter()
        .filter_map(|name| {
            let document = own.get(name)?.join("usr/share/doc").join(name);
            Some(fs::read_link(document).ok()?.to_string_lossy().into_owned())
        })
        .collect();
    names.extend(licensors.iter().map(String::as_str));
    let used = candidates
        .iter()
        .filter(|package| names.contains(package.name.as_str()));
    Ok(used.cloned().collect())
}

fn emptied(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    Ok(folder)
}
