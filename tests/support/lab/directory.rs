//! The lab's directory, and through its lock the proof that the lab's owner lives. Everything a
//! lab makes carries the lab's id, so that [`sweep`] finds what a killed owner left behind.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MntFlags, umount2};

use crate::interrupt::Cleanup;
use crate::namespace;

/// What the names of a lab's namespaces and directory start with.
pub const PREFIX: &str = "fourfold-lab-";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A locked directory under the system's temporary one; dropping it removes every namespace,
/// process, mount and file that carries the lab's id.
#[derive(Debug)]
pub struct Directory {
    id: String,
    path: PathBuf,
    _cleanup: Cleanup,
    _lock: Flock<File>,
}

impl Directory {
    /// Makes the directory of a new lab.
    pub fn create() -> Result<Self> {
        let id = format!(
            "{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = path(&id);
        let cleanup = Cleanup::register({
            let id = id.clone();
            move || remove(&id)
        })?;
        // Locked before it has its final name: a sweep never meets it unlocked.
        let new = std::env::temp_dir().join(format!("fourfold-new-{id}"));
        fs::create_dir(&new).with_context(|| format!("creating {}", new.display()))?;
        let lock = lock(&new)?.with_context(|| format!("{} is locked", new.display()))?;
        fs::rename(&new, &path).with_context(|| format!("naming {}", path.display()))?;
        Ok(Self {
            id,
            path,
            _cleanup: cleanup,
            _lock: lock,
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of this lab's namespace for `role`.
    pub fn namespace(&self, role: &str) -> String {
        format!("{PREFIX}{}-{role}", self.id)
    }

    /// A directory inside, made if need be.
    pub fn room(&self, name: &str) -> Result<PathBuf> {
        let room = self.path.join(name);
        fs::create_dir_all(&room).with_context(|| format!("creating {}", room.display()))?;
        Ok(room)
    }
}

/// Removes what labs left whose owner was killed before it could clean up; labs whose owner lives
/// are left alone. Returns their ids.
pub fn sweep() -> Vec<String> {
    let mut ids: Vec<String> = names_in(Path::new(namespace::DIRECTORY))
        .filter_map(|name| lab_id(&name))
        .chain(names_in(&std::env::temp_dir()).filter_map(|name| lab_id(&name)))
        .collect();
    ids.sort();
    ids.dedup();
    ids.retain(|id| is_dead(id));
    ids.iter().for_each(|id| remove(id));
    ids
}

/// The id in a name such as `fourfold-lab-1234-0-client`.
fn lab_id(name: &str) -> Option<String> {
    let mut parts = name.strip_prefix(PREFIX)?.splitn(3, '-');
    let (process, number) = (parts.next()?, parts.next()?);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(process) && digits(number)).then(|| format!("{process}-{number}"))
}

fn is_dead(id: &str) -> bool {
    let path = path(id);
    // A lab's directory is made first and removed last: namespaces without one have no owner.
    !path.exists() || lock(&path).is_ok_and(|lock| lock.is_some())
}

/// `None` when somebody else holds the lock.
fn lock(path: &Path) -> Result<Option<Flock<File>>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    Ok(Flock::lock(file, FlockArg::LockExclusiveNonblock).ok())
}

fn remove(id: &str) {
    let prefix = format!("{PREFIX}{id}-");
    let names: Vec<String> = names_in(Path::new(namespace::DIRECTORY))
        .filter(|name| name.starts_with(&prefix))
        .collect();
    namespace::remove(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let path = path(id);
    unmount_below(&path);
    if path.exists()
        && let Err(error) = fs::remove_dir_all(&path)
    {
        eprintln!("cannot remove {}: {error}", path.display());
    }
}

fn unmount_below(path: &Path) {
    let Ok(table) = fs::read_to_string("/proc/self/mountinfo") else {
        return;
    };
    // The fifth column is the mount point; a later line may be mounted on an earlier one.
    let points = table
        .lines()
        .rev()
        .filter_map(|line| line.split(' ').nth(4));
    for point in points.filter(|point| Path::new(point).starts_with(path)) {
        if let Err(error) = umount2(point, MntFlags::MNT_DETACH) {
            eprintln!("cannot unmount {point}: {error}");
        }
    }
}

fn path(id: &str) -> PathBuf {
    std::env::temp_dir().join(format!("{PREFIX}{id}"))
}

fn names_in(directory: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_read_from_directories_and_namespaces_and_from_nothing_else() {
        assert_eq!(lab_id("fourfold-lab-1234-0"), Some("1234-0".to_owned()));
        assert_eq!(
            lab_id("fourfold-lab-1234-0-client"),
            Some("1234-0".to_owned())
        );
        assert_eq!(lab_id("fourfold-lab-x-0-client"), None);
        assert_eq!(lab_id("client"), None);
    }

    #[test]
    fn a_sweep_spares_a_lab_whose_owner_lives_and_removes_one_whose_owner_died() {
        let living = Directory::create().unwrap();
        let dead = path("4194305-0"); // no process has so large an identifier
        fs::create_dir(&dead).unwrap();
        let swept = sweep();
        assert!(swept.contains(&"4194305-0".to_owned()) && !dead.exists());
        assert!(living.path().exists());
        let path = living.path().to_owned();
        drop(living);
        assert!(!path.exists());
    }
}
