//! Which modules are taken: those that the list names, and what they need.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// What `modules.list` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    taken: Vec<String>,
    left: Vec<String>,
}

impl Selection {
    /// Reads the list's lines.
    pub fn parse(list: &str) -> Self {
        let mut selection = Self::default();
        let lines = list
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            match line.strip_prefix('-') {
                Some(left) => selection.left.push(left.to_owned()),
                None => selection.taken.push(line.to_owned()),
            }
        }
        selection
    }

    /// Of these modules (`kernel/…/x.ko.xz`) those that are taken.
    ///
    /// # Errors
    /// With a line that names none of them.
    pub fn choose(&self, modules: &[&str]) -> Result<BTreeSet<String>> {
        let names = |line: &str, module: &str| {
            let path = module.strip_prefix("kernel/").unwrap_or(module);
            if line.ends_with('/') {
                path.starts_with(line)
            } else {
                path.strip_prefix(line) == Some(".ko.xz")
            }
        };
        let mut chosen = BTreeSet::new();
        for line in &self.taken {
            let before = chosen.len();
            let named = modules.iter().filter(|module| names(line, module));
            chosen.extend(named.map(|&module| module.to_owned()));
            ensure!(
                chosen.len() > before || modules.iter().any(|module| names(line, module)),
                "modules.list: no module is called {line}"
            );
        }
        chosen.retain(|module| !self.left.iter().any(|line| names(line, module)));
        Ok(chosen)
    }
}

/// What depmod found out about all modules.
#[derive(Debug, Default)]
pub struct Dependencies {
    /// By path: the paths of those that must be loaded before.
    hard: BTreeMap<String, Vec<String>>,
    /// By name: names or aliases of those that should be loaded before or after.
    soft: BTreeMap<String, Vec<String>>,
    /// Aliases that are a plain word, with the names of their modules.
    aliases: BTreeMap<String, Vec<String>>,
}

impl Dependencies {
    /// Reads depmod's tables in the folder.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let file = folder.join(name);
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
        };
        Ok(Self::parse(
            &read("modules.dep")?,
            &read("modules.softdep")?,
            &read("modules.alias")?,
        ))
    }

    fn parse(dep: &str, softdep: &str, alias: &str) -> Self {
        let mut this = Self::default();
        for (module, needs) in dep.lines().filter_map(|line| line.split_once(':')) {
            let needs = needs.split_whitespace().map(str::to_owned).collect();
            this.hard.insert(module.to_owned(), needs);
        }
        for line in softdep.lines() {
            let mut words = line.split_whitespace();
            if let (Some("softdep"), Some(name)) = (words.next(), words.next()) {
                let others = words.filter(|word| !matches!(*word, "pre:" | "post:"));
                let entry = this.soft.entry(name.to_owned()).or_default();
                entry.extend(others.map(str::to_owned));
            }
        }
        for line in alias.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let ["alias", alias, name] = words[..] {
                let entry = this.aliases.entry(plain(alias)).or_default();
                entry.push(name.to_owned());
            }
        }
        this
    }

    /// Every module's path.
    pub fn modules(&self) -> Vec<&str> {
        self.hard.keys().map(String::as_str).collect()
    }

    /// The chosen modules with all that they need, directly or not.
    ///
    /// # Errors
    /// When one of those is not there.
    pub fn closed(&self, chosen: &BTreeSet<String>) -> Result<BTreeSet<String>> {
        let by_name: BTreeMap<String, &String> =
            self.hard.keys().map(|path| (name_of(path), path)).collect();
        let mut closed = BTreeSet::new();
        let mut open: Vec<String> = chosen.iter().cloned().collect();
        while let Some(module) = open.pop() {
            let needs = self
                .hard
                .get(&module)
                .with_context(|| format!("a module needs {module}, which is not there"))?;
            open.extend(needs.iter().filter(|need| !closed.contains(*need)).cloned());
            let soft = self.soft.get(&name_of(&module)).into_iter().flatten();
            for wish in soft {
                let wish = plain(wish);
                let names = self.aliases.get(&wish).cloned().unwrap_or_default();
                // A wish that no module answers is built into the kernel, or goes unanswered there too.
                let paths = names.into_iter().chain([wish]);
                let paths = paths.filter_map(|name| by_name.get(&plain(&name)).copied());
                open.extend(paths.filter(|path| !closed.contains(*path)).cloned());
            }
            closed.insert(module);
        }
        Ok(closed)
    }
}

/// A module's name: its file's without endings.
fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    plain(file.split('.').next().unwrap_or(file))
}

/// The kernel takes - for _ in the names of modules.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEP: &str = "\
kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz kernel/fs/jbd2/jbd2.ko.xz
kernel/lib/crc16.ko.xz:
kernel/fs/jbd2/jbd2.ko.xz:
kernel/crypto/crc32c_generic.ko.xz:
kernel/drivers/net/tun.ko.xz:
kernel/drivers/net/tun-extra.ko.xz:
";

    fn dependencies() -> Dependencies {
        Dependencies::parse(
            DEP,
            "# a comment\nsoftdep ext4 pre: crc32c post: nothing-such\n",
            "alias crc32c crc32c_generic\nalias pci:v00001* tun\n",
        )
    }

    fn chosen(list: &str) -> Result<Vec<String>> {
        let dependencies = dependencies();
        let chosen = Selection::parse(list).choose(&dependencies.modules())?;
        Ok(dependencies.closed(&chosen)?.into_iter().collect())
    }

    #[test]
    fn a_module_comes_with_what_it_needs_and_what_it_wishes_by_an_alias() {
        assert_eq!(
            chosen("fs/ext4/").unwrap(),
            [
                "kernel/crypto/crc32c_generic.ko.xz",
                "kernel/fs/ext4/ext4.ko.xz",
                "kernel/fs/jbd2/jbd2.ko.xz",
                "kernel/lib/crc16.ko.xz"
            ]
        );
    }

    #[test]
    fn a_line_without_a_slash_at_its_end_names_one_module_and_a_minus_takes_one_out() {
        assert_eq!(
            chosen("# NICs\ndrivers/net/tun\n").unwrap(),
            ["kernel/drivers/net/tun.ko.xz"]
        );
        assert_eq!(
            chosen("drivers/net/\n-drivers/net/tun").unwrap(),
            ["kernel/drivers/net/tun-extra.ko.xz"]
        );
    }

    #[test]
    fn a_line_that_names_no_module_and_a_need_that_is_not_there_are_refused() {
        let error = chosen("drivers/net/tunn").unwrap_err().to_string();
        assert_eq!(error, "modules.list: no module is called drivers/net/tunn");
        let broken = Dependencies::parse("kernel/a.ko.xz: kernel/b.ko.xz\n", "", "");
        let error = broken.closed(&BTreeSet::from(["kernel/a.ko.xz".into()]));
        assert_eq!(
            error.unwrap_err().to_string(),
            "a module needs kernel/b.ko.xz, which is not there"
        );
    }
}
