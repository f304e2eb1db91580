//! The kernel's image, and of its modules those that `modules.list` names, with what they need.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::run;
use crate::tools::Tools;
use crate::tree::{Node, Tree, files_below};

mod choice;

use choice::{Dependencies, Selection};

/// A kernel package, unpacked.
#[derive(Debug)]
pub struct Kernel {
    root: PathBuf,
    /// `uname -r` of it.
    pub release: String,
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
