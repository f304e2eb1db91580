//! Loads modules into the running kernel.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::module::{Modules, Step};

/// The modules of the running kernel, and those that have been tried.
#[derive(Debug)]
pub struct Loader {
    directory: PathBuf,
    modules: Modules,
    tried: HashSet<String>,
}

impl Loader {
    /// For the kernel that runs.
    ///
    /// # Errors
    /// When its modules are not there; the message names what is missing.
    pub fn open() -> io::Result<Self> {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let directory = Path::new("/lib/modules").join(release.trim_end());
        let modules = Modules::read(&directory)?;
        Ok(Self {
            directory,
            modules,
            tried: HashSet::new(),
        })
    }

    /// Whether `word` is a module or an alias of this kernel's, loaded as one or built in.
    pub fn knows(&self, word: &str) -> bool {
        !self.modules.order(word).is_empty() || is_loaded(&word.replace('-', "_"))
    }

    /// Loads what `word` asks for, with what that needs; what has been tried once is not tried again.
    /// Returns a line for each module that did not want to.
    pub fn load(&mut self, word: &str) -> Vec<String> {
        self.load_if(word, |_| true)
    }

    /// As [`Loader::load`], but only when `wanted` says yes to one of the modules.
    pub fn load_if(&mut self, word: &str, wanted: impl Fn(&Step<'_>) -> bool) -> Vec<String> {
        let steps = self.modules.order(word);
        if !steps.iter().any(wanted) {
            return Vec::new();
        }
        let mut faults = Vec::new();
        for step in steps {
            if self.tried.insert(step.name.to_owned())
                && !is_loaded(step.name)
                && let Err(e) = insert(&self.directory.join(step.path))
            {
                faults.push(format!("module {}: {e}", step.name));
            }
        }
        faults
    }
}

/// Loaded and done with its start, or built in. One that another process is loading counts as not loaded:
/// to load it again means to wait for that.
fn is_loaded(name: &str) -> bool {
    let module = Path::new("/sys/module").join(name);
    match fs::read_to_string(module.join("initstate")) {
        Ok(state) => state.trim_end() == "live",
        Err(_) => module.exists(),
    }
}

fn insert(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    let is_compressed = path.extension().is_none_or(|extension| extension != "ko");
    sys::module::load(&file, is_compressed)
}
