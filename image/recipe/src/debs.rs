//! The packages' files: a cache that is checked by hash each time, and what is in them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::apt::Apt;
use crate::packages::{Lock, Package, Purpose};
use crate::run;

/// The packages' files, below the user's cache.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// `$XDG_CACHE_HOME/fourfold`, or `~/.cache/fourfold`.
    ///
    /// # Errors
    /// When neither variable says where that is.
    pub fn of_user() -> Result<Self> {
        let cache = match std::env::var_os("XDG_CACHE_HOME") {
            Some(cache) if !cache.is_empty() => PathBuf::from(cache),
            _ => std::env::home_dir()
                .context("neither XDG_CACHE_HOME nor HOME says where to keep packages")?
                .join(".cache"),
        };
        Ok(Self {
            folder: cache.join("fourfold"),
        })
    }

    /// The apt that fills this cache.
    ///
    /// # Errors
    /// As [`Apt::new`].
    pub fn apt(&self) -> Result<Apt> {
        Apt::new(&self.folder.join("apt"))
    }

    /// Where the file of that package is.
    #[must_use]
    pub fn file(&self, package: &Package) -> PathBuf {
        self.debs().join(package.file_name())
    }

    /// Has every one of these packages here, with the hash that was asked for.
    ///
    /// # Errors
    /// When one cannot be had: the archive no longer has it, or has other bytes.
    pub fn fetch(&self, packages: &[&Package]) -> Result<()> {
        let mut missing = Vec::new();
        for &package in packages {
            match self.state(package)? {
                State::Right => {}
                State::Absent => missing.push(package),
                State::Wrong(_) => {
                    fs::remove_file(self.file(package))?;
                    missing.push(package);
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.download(&missing)?;
        for package in missing {
            match self.state(package)? {
                State::Right => {}
                State::Absent => bail!("{}: apt downloaded no such file", package.file_name()),
                State::Wrong(sha256) => bail!(
                    "{}: SHA-256 is {sha256}, the lock file says {}",
                    package.file_name(),
                    package.sha256
                ),
            }
        }
        Ok(())
    }

    fn download(&self, missing: &[&Package]) -> Result<()> {
        let folder = self.debs();
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let apt = self.apt()?;
        if apt.has_lists()? && apt.download(missing, &folder).is_ok() {
            return Ok(());
        }
        apt.update()?;
        apt.download(missing, &folder).context(
            "downloading packages (if Debian has gone on to newer versions: \
             cargo xtask image --update-lock)",
        )
    }

    fn debs(&self) -> PathBuf {
        self.folder.join("debs")
    }

    fn state(&self, package: &Package) -> Result<State> {
        let file = self.file(package);
        if !file.exists() {
            return Ok(State::Absent);
        }
        let sha256 = sha256_of(&file)?;
        Ok(if sha256 == package.sha256 {
            State::Right
        } else {
            State::Wrong(sha256)
        })
    }

    /// Fetches the packages of that purpose and unpacks them all into `folder`, which is emptied
    /// first.
    ///
    /// # Errors
    /// As [`Self::fetch`], and when one cannot be unpacked.
    pub fn unpack(&self, lock: &Lock, purpose: Purpose, folder: &Path) -> Result<()> {
        let packages: Vec<&Package> = lock.of(purpose).collect();
        ensure!(
            !packages.is_empty(),
            "packages.lock has no package for {}: cargo xtask image --update-lock",
            purpose.name()
        );
        self.fetch(&packages)?;
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("emptying {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        for package in packages {
            extract(&self.file(package), folder)?;
        }
        Ok(())
    }
}

enum State {
    Right,
    Absent,
    Wrong(String),
}

/// Unpacks one package's file into a folder.
///
/// # Errors
/// When dpkg cannot.
pub fn extract(deb: &Path, folder: &Path) -> Result<()> {
    run::output(Command::new("dpkg-deb").arg("-x").args([deb, folder]))
        .with_context(|| deb.display().to_string())?;
    Ok(())
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub fn sha256_of(file: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let mut source = fs::File::open(file).with_context(|| format!("reading {}", file.display()))?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = source
            .read(&mut buffer)
            .with_context(|| format!("reading {}", file.display()))?;
        let Some(some) = buffer.get(..length).filter(|some| !some.is_empty()) else {
            return Ok(hex(&hash.finalize()));
        };
        hash.update(some);
    }
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache_with(content: &[u8]) -> (tempfile::TempDir, Cache, Package) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache {
            folder: folder.path().to_owned(),
        };
        let package = Package {
            purpose: Purpose::Image,
            name: "a".into(),
            version: "1".into(),
            architecture: "all".into(),
            suite: "trixie".into(),
            // SHA-256 of "abc" (FIPS 180-2, B.1).
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
        };
        fs::create_dir_all(cache.debs()).unwrap();
        fs::write(cache.file(&package), content).unwrap();
        (folder, cache, package)
    }

    #[test]
    fn a_package_in_the_cache_with_the_right_hash_is_used_as_it_is() {
        let (_folder, cache, package) = cache_with(b"abc");
        cache.fetch(&[&package]).unwrap();
    }

    #[test]
    fn a_package_in_the_cache_with_another_hash_is_not_taken_for_it() {
        let (_folder, cache, package) = cache_with(b"abd");
        assert!(matches!(cache.state(&package).unwrap(), State::Wrong(_)));
    }
}
