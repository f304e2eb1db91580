//! What is taken from Debian: wanted (`packages.toml`) and exactly (`packages.lock`).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// Packages that are wanted together, from one suite.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Debian's suite.
    pub suite: String,
    /// Packages by name.
    pub packages: Vec<String>,
    /// Programs, by path in their package: taken with the loader and the libraries that they need.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Beginnings of the paths that are taken.
    #[serde(default)]
    pub files: Vec<String>,
}

/// The groups of `packages.toml`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    image: Group,
    kernel: Group,
    firmware: Group,
    tools: Group,
    guest: Group,
}

/// What a package is for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Programs and libraries in the image.
    Image,
    /// The kernel and its modules.
    Kernel,
    /// What NICs load.
    Firmware,
    /// What runs on the building machine, and GRUB.
    Tools,
    /// Programs and libraries in the tests' guest, and nowhere else.
    Guest,
}

impl Purpose {
    /// All of them, in the order of the lock file.
    pub const ALL: [Self; 5] = [
        Self::Image,
        Self::Kernel,
        Self::Firmware,
        Self::Tools,
        Self::Guest,
    ];

    /// As in both files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Kernel => "kernel",
            Self::Firmware => "firmware",
            Self::Tools => "tools",
            Self::Guest => "guest",
        }
    }
}

/// One package, exactly.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// What it is for.
    pub purpose: Purpose,
    /// Debian's name.
    pub name: String,
    /// Debian's version, with epoch and revision.
    pub version: String,
    /// `amd64` or `all`.
    pub architecture: String,
    /// The suite that it comes from.
    pub suite: String,
    /// SHA-256 of the package's file, in hexadecimal.
    pub sha256: String,
}

impl Package {
    /// The name under which apt stores the package's file: a colon is written `%3a`.
    #[must_use]
    pub fn file_name(&self) -> String {
        let version = self.version.replace(':', "%3a");
        format!("{}_{version}_{}.deb", self.name, self.architecture)
    }
}

/// The lock file.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Sorted by purpose and name.
    #[serde(rename = "package")]
    pub packages: Vec<Package>,
}

const HEAD: &str = "\
# Every Debian package that the image and the tests' guest are made of. Written from packages.toml by
# `cargo xtask image --update-lock`.

";

impl Wanted {
    /// Reads `packages.toml` in the recipe's folder.
    ///
    /// # Errors
    /// When the file cannot be read or says something else than groups.
    pub fn read(recipe: &Path) -> Result<Self> {
        let file = recipe.join("packages.toml");
        let text = read(&file)?;
        toml::from_str(&text).with_context(|| file.display().to_string())
    }

    /// The group of that purpose.
    #[must_use]
    pub const fn group(&self, purpose: Purpose) -> &Group {
        match purpose {
            Purpose::Image => &self.image,
            Purpose::Kernel => &self.kernel,
            Purpose::Firmware => &self.firmware,
            Purpose::Tools => &self.tools,
            Purpose::Guest => &self.guest,
        }
    }
}

impl Lock {
    /// Where the lock is in the recipe's folder.
    #[must_use]
    pub fn path(recipe: &Path) -> PathBuf {
        recipe.join("packages.lock")
    }

    /// Reads the lock in the recipe's folder.
    ///
    /// # Errors
    /// When the file cannot be read or [`Self::parse`] refuses it.
    pub fn read(recipe: &Path) -> Result<Self> {
        let file = Self::path(recipe);
        Self::parse(&read(&file)?).with_context(|| file.display().to_string())
    }

    /// Parses a lock.
    ///
    /// # Errors
    /// When it is not a lock, or a hash in it is none.
    pub fn parse(text: &str) -> Result<Self> {
        let lock: Self = toml::from_str(text)?;
        for package in &lock.packages {
            let is_hash = package.sha256.len() == 64
                && package
                    .sha256
                    .bytes()
                    .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
            ensure!(
                is_hash,
                "package {}: sha256 is {:?}; legal: 64 digits 0-9a-f",
                package.name,
                package.sha256
            );
        }
        Ok(lock)
    }

    /// The file's text.
    ///
    /// # Errors
    /// When it cannot be written as TOML.
    pub fn print(&self) -> Result<String> {
        Ok(format!("{HEAD}{}", toml::to_string(self)?))
    }

    /// The packages of that purpose.
    pub fn of(&self, purpose: Purpose) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(move |package| package.purpose == purpose)
    }
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> Package {
        Package {
            purpose: Purpose::Image,
            name: "libcrypt1".into(),
            version: "1:4.4.38-1".into(),
            architecture: "amd64".into(),
            suite: "trixie".into(),
            sha256: "0f".repeat(32),
        }
    }

    #[test]
    fn a_lock_that_is_printed_and_parsed_is_the_same() {
        let lock = Lock {
            packages: vec![package()],
        };
        assert_eq!(Lock::parse(&lock.print().unwrap()).unwrap(), lock);
    }

    #[test]
    fn a_lock_with_a_short_hash_an_unknown_key_or_a_missing_one_is_refused() {
        let text = Lock {
            packages: vec![package()],
        }
        .print()
        .unwrap();
        let short = text.replace("0f0f", "0f");
        let error = Lock::parse(&short).unwrap_err().to_string();
        assert!(error.starts_with("package libcrypt1: sha256 is"), "{error}");
        assert!(Lock::parse(&text.replace("suite", "suit")).is_err());
        assert!(Lock::parse(&text.replace("version = \"1:4.4.38-1\"\n", "")).is_err());
    }

    #[test]
    fn the_file_of_a_package_has_the_name_that_apt_gives_it() {
        assert_eq!(package().file_name(), "libcrypt1_1%3a4.4.38-1_amd64.deb");
    }

    #[test]
    fn the_lock_of_this_recipe_holds_every_purpose_and_is_in_canonical_form() {
        let recipe = Path::new(env!("CARGO_MANIFEST_DIR"));
        let lock = Lock::read(recipe).unwrap();
        for purpose in Purpose::ALL {
            assert!(lock.of(purpose).next().is_some(), "{}", purpose.name());
        }
        let text = fs::read_to_string(Lock::path(recipe)).unwrap();
        assert_eq!(lock.print().unwrap(), text);
        Wanted::read(recipe).unwrap();
    }
}
