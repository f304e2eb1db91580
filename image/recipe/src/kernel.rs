//! The kernel's image, and of its modules those that `modules.list` names, with what they need.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::run;
use crate::tools::Tools;
use crate::tree::{Node, Tree, files_below};

/// A kernel package, unpacked.
#[derive(Debug)]
pub struct Kernel {
    root: PathBuf,
    /// `uname -r` of it.
    pub release: String,
}

/// What `modules.list` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Selection {
    taken: Vec<String>,
    left: Vec<String>,
}

/// The tables by which the image's init finds modules, as depmod writes them.
const TABLES: [&str; 5] = [
    "modules.alias",
    "modules.builtin",
    "modules.builtin.modinfo",
    "modules.dep",
    "modules.softdep",
];

impl Kernel {
    /// The kernel unpacked at `root`.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn at(root: &Path) -> Result<Self> {
        let boot = root.join("boot");
        let mut releases = files_below(&boot)?
            .into_iter()
            .filter_map(|name| Some(name.strip_prefix("vmlinuz-")?.to_owned()));
        let release = releases
            .next()
            .context("no package of the lock file has a kernel")?;
        ensure!(
            releases.next().is_none(),
            "the lock file has more than one kernel"
        );
        Ok(Self {
            root: root.to_owned(),
            release,
        })
    }

    /// The image that boots.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn image(&self) -> Result<Vec<u8>> {
        let file = self
            .root
            .join("boot")
            .join(format!("vmlinuz-{}", self.release));
        fs::read(&file).with_context(|| format!("reading {}", file.display()))
    }

    /// Puts the modules into the tree that `list` names, what they depend on, and depmod's tables of
    /// just these. Returns the module files' paths below `root`.
    ///
    /// # Errors
    /// When a line of the list names nothing, or a module that is needed is not there.
    pub fn modules(
        &self,
        list: &str,
        tools: &Tools,
        work: &Path,
        tree: &mut Tree,
    ) -> Result<Vec<PathBuf>> {
        self.depmod(tools, &self.root)?;
        let folder = self.folder(&self.root);
        let dependencies = Dependencies::read(&folder)?;
        let chosen =
            dependencies.closed(&Selection::parse(list).choose(&dependencies.modules())?)?;
        let stage = work.join("modules");
        if stage.exists() {
            fs::remove_dir_all(&stage)?;
        }
        let staged = self.folder(&stage);
        for name in chosen.iter().map(String::as_str).chain([
            "modules.builtin",
            "modules.builtin.modinfo",
            "modules.order",
        ]) {
            let to = staged.join(name);
            let above = to.parent().context("a module without a folder")?;
            fs::create_dir_all(above)?;
            fs::copy(folder.join(name), &to).with_context(|| format!("copying {name}"))?;
        }
        self.depmod(tools, &stage)?;
        for name in chosen.iter().map(String::as_str).chain(TABLES) {
            let bytes = fs::read(staged.join(name)).with_context(|| format!("reading {name}"))?;
            let path = format!("usr/lib/modules/{}/{name}", self.release);
            tree.put(&path, Node::File(0o644, bytes))?;
        }
        let modules = chosen.iter().filter(|name| name.ends_with(".ko.xz"));
        Ok(modules.map(|name| staged.join(name)).collect())
    }

    fn folder(&self, root: &Path) -> PathBuf {
        root.join("usr/lib/modules").join(&self.release)
    }

    /// depmod looks below /lib.
    fn depmod(&self, tools: &Tools, root: &Path) -> Result<()> {
        let lib = root.join("lib");
        if fs::symlink_metadata(&lib).is_err() {
            std::os::unix::fs::symlink("usr/lib", &lib)?;
        }
        let mut command = tools.command("bin/kmod", "depmod");
        command.arg("-b").arg(root).arg(&self.release);
        run::output(&mut command).context("depmod")?;
        Ok(())
    }
}

impl Selection {
    fn parse(list: &str) -> Self {
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
    fn choose(&self, modules: &[&str]) -> Result<BTreeSet<String>> {
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
struct Dependencies {
    /// By path: the paths of those that must be loaded before.
    hard: BTreeMap<String, Vec<String>>,
    /// By name: names or aliases of those that should be loaded before or after.
    soft: BTreeMap<String, Vec<String>>,
    /// Aliases that are a plain word, with the names of their modules.
    aliases: BTreeMap<String, Vec<String>>,
}

impl Dependencies {
    fn read(folder: &Path) -> Result<Self> {
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

    fn modules(&self) -> Vec<&str> {
        self.hard.keys().map(String::as_str).collect()
    }

    /// The chosen modules with all that they need, directly or not.
    fn closed(&self, chosen: &BTreeSet<String>) -> Result<BTreeSet<String>> {
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

/// The firmware that these modules ask for, as far as a package unpacked at `root` has it.
///
/// # Errors
/// When modinfo or xz fail.
pub fn firmware(modules: &[PathBuf], root: &Path, tools: &Tools, tree: &mut Tree) -> Result<()> {
    let mut command = tools.command("bin/kmod", "modinfo");
    command.args(["-F", "firmware"]).args(modules);
    let names: BTreeSet<String> = run::text(&mut command)
        .context("modinfo")?
        .lines()
        .map(str::to_owned)
        .collect();
    for name in names {
        let file = root.join("usr/lib/firmware").join(&name);
        if file.is_file() {
            let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            tree.file(&format!("usr/lib/firmware/{name}.xz"), tools.xz(&bytes)?)?;
        }
    }
    Ok(())
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
