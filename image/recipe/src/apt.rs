//! Debian's archive, through apt's own client with a configuration of its own: no root, and nothing
//! of the machine's package lists is read or changed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::packages::{Group, Package, Purpose};
use crate::run;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SUITES: [(&str, &str); 2] = [("trixie", "main non-free-firmware"), ("bookworm", "main")];

/// An apt with its own sources, lists and cache.
#[derive(Debug)]
pub struct Apt {
    directory: PathBuf,
}

impl Apt {
    /// Lays out the configuration in `directory`.
    ///
    /// # Errors
    /// When the directory cannot be written, or Debian's keys are not on this machine.
    pub fn new(directory: &Path) -> Result<Self> {
        ensure!(
            Path::new(KEYRING).exists(),
            "{KEYRING} is not there: apt-get install debian-archive-keyring"
        );
        let directory = std::path::absolute(directory)?;
        let write = |name: &str, text: String| {
            let file = directory.join(name);
            fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
        };
        for folder in ["lists/partial", "cache/archives/partial"] {
            let folder = directory.join(folder);
            fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        }
        let sources = SUITES.map(|(suite, components)| {
            format!("deb [signed-by={KEYRING}] http://deb.debian.org/debian {suite} {components}\n")
        });
        write("sources.list", sources.concat())?;
        // Nothing is installed, as far as this apt knows: what it resolves is the whole closure.
        write("status", String::new())?;
        write("apt.conf", configuration(&directory))?;
        Ok(Self { directory })
    }

    /// Fetches the package lists.
    ///
    /// # Errors
    /// When apt cannot.
    pub fn update(&self) -> Result<()> {
        run::output(self.command("apt-get").args(["-q", "update"]))
            .context("fetching Debian's package lists")?;
        Ok(())
    }

    /// Whether the package lists were ever fetched.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn has_lists(&self) -> Result<bool> {
        let mut entries = fs::read_dir(self.directory.join("lists"))?;
        Ok(entries.any(|entry| {
            entry.is_ok_and(|entry| {
                Path::new(&entry.file_name()).extension() != Some(OsStr::new("lock"))
                    && entry.file_name() != "partial"
                    && entry.file_name() != "auxfiles"
            })
        }))
    }

    /// Downloads packages into `folder`, checked by apt against Debian's signatures.
    ///
    /// # Errors
    /// When apt cannot, for instance because the archive has gone on to newer versions.
    pub fn download(&self, packages: &[&Package], folder: &Path) -> Result<()> {
        let names = packages
            .iter()
            .map(|package| format!("{}={}", package.name, package.version));
        let mut command = self.command("apt-get");
        command.args(["-q", "download"]).args(names);
        run::output(command.current_dir(folder))?;
        Ok(())
    }

    /// The group's packages and all that they depend on.
    ///
    /// # Errors
    /// When apt cannot resolve or describe them.
    pub fn resolve(&self, purpose: Purpose, group: &Group) -> Result<Vec<Package>> {
        let suite = &group.suite;
        let mut command = self.command("apt-get");
        command.args(["-o", &format!("APT::Default-Release={suite}")]);
        command.args(["--no-install-recommends", "--simulate", "install"]);
        command.args(group.packages.iter().map(|name| format!("{name}/{suite}")));
        let plan = run::text(&mut command)?;
        let planned: Vec<(&str, &str)> = plan.lines().filter_map(planned).collect();
        let mut show = self.command("apt-cache");
        show.arg("show");
        show.args(
            planned
                .iter()
                .map(|(name, version)| format!("{name}={version}")),
        );
        let records = run::text(&mut show)?;
        planned
            .into_iter()
            .map(|(name, version)| {
                let record = record(&records, name, version);
                let value = |key| {
                    record
                        .and_then(|record| field(record, key))
                        .with_context(|| format!("apt knows no {key} of {name} {version}"))
                };
                Ok(Package {
                    purpose,
                    name: name.to_owned(),
                    version: version.to_owned(),
                    architecture: value("Architecture")?.to_owned(),
                    suite: suite.clone(),
                    sha256: value("SHA256")?.to_owned(),
                })
            })
            .collect()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.directory.join("apt.conf"));
        command.env("LC_ALL", "C.UTF-8");
        command
    }
}

fn configuration(directory: &Path) -> String {
    let path = |name: &str| directory.join(name).display().to_string();
    format!(
        "APT::Architecture \"amd64\";\n\
         APT::Architectures {{ \"amd64\"; }};\n\
         APT::Sandbox::User \"\";\n\
         Acquire::Languages \"none\";\n\
         Dir::Etc::sourcelist \"{}\";\n\
         Dir::Etc::sourceparts \"/dev/null\";\n\
         Dir::State::lists \"{}\";\n\
         Dir::State::status \"{}\";\n\
         Dir::Cache \"{}\";\n",
        path("sources.list"),
        path("lists"),
        path("status"),
        path("cache")
    )
}

/// Name and version in a line of apt's plan: `Inst libc6 (2.41-12 Debian:13/stable [amd64]) []`.
fn planned(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("Inst ")?.split_once(" (")?;
    Some((name, rest.split(' ').next()?))
}

/// Of records with an empty line between them, that of this package.
fn record<'text>(records: &'text str, name: &str, version: &str) -> Option<&'text str> {
    records.split("\n\n").find(|record| {
        field(record, "Package") == Some(name) && field(record, "Version") == Some(version)
    })
}

fn field<'text>(record: &'text str, key: &str) -> Option<&'text str> {
    let value = |line: &'text str| line.strip_prefix(key)?.strip_prefix(": ");
    record.lines().find_map(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_installs_gives_name_and_version_and_any_other_line_nothing() {
        assert_eq!(
            planned("Inst libc6 (2.41-12+deb13u4 Debian:13.7/stable [amd64]) []"),
            Some(("libc6", "2.41-12+deb13u4"))
        );
        assert_eq!(planned("Conf libc6 (2.41-12+deb13u4 Debian [amd64])"), None);
        assert_eq!(planned("0 upgraded, 3 newly installed"), None);
    }

    #[test]
    fn a_record_is_found_by_name_and_version_and_a_field_by_its_whole_name() {
        let records = "Package: a\nVersion: 1\nSize: 4\n\n\
                       Package: a\nVersion: 2\nInstalled-Size: 5\nSize: 6\nSHA256: 00\n";
        let second = record(records, "a", "2").unwrap();
        assert_eq!(field(second, "Size"), Some("6"));
        assert_eq!(field(second, "SHA512"), None);
        assert_eq!(record(records, "a", "3"), None);
        assert_eq!(record(records, "b", "2"), None);
    }
}
