//! Which kernel modules a device or a name asks for, from what `depmod` wrote: `modules.alias`,
//! `modules.dep`, `modules.softdep`. Decides only; loading is [`crate::load`]'s.
//!
//! As in modprobe, `-` and `_` are the same in names and aliases.

mod alias;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::Path;

use alias::Aliases;

/// What is known of all modules of one kernel.
#[derive(Debug, Default)]
pub struct Modules {
    aliases: Aliases,
    modules: HashMap<String, Module>,
    before: HashMap<String, Vec<String>>,
}

/// A line of `modules.dep`.
#[derive(Debug)]
struct Module {
    path: String,
    /// Names of what it needs, in the order to load it.
    needs: Vec<String>,
}

/// A module to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// As the kernel names it.
    pub name: &'a str,
    /// Below the directory of the kernel's modules.
    pub path: &'a str,
}

impl Modules {
    /// Reads the three files in `directory`.
    ///
    /// # Errors
    /// When the dependencies cannot be read; the message names the file. The other two may be missing.
    pub fn read(directory: &Path) -> io::Result<Self> {
        let dep = directory.join("modules.dep");
        let dep = fs::read_to_string(&dep)
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", dep.display())))?;
        let optional = |name| fs::read_to_string(directory.join(name)).unwrap_or_default();
        Ok(Self::parse(
            &optional("modules.alias"),
            &dep,
            &optional("modules.softdep"),
        ))
    }

    /// From the texts of the three files.
    #[must_use]
    pub fn parse(alias: &str, dep: &str, softdep: &str) -> Self {
        Self {
            aliases: Aliases::parse(alias),
            modules: dep.lines().filter_map(dependency).collect(),
            before: softdep.lines().filter_map(soft_dependency).collect(),
        }
    }

    /// What to load for `word`, a module's name, an alias or a device's modalias, in this order. Empty
    /// when it is unknown, or built into the kernel.
    #[must_use]
    pub fn order(&self, word: &str) -> Vec<Step<'_>> {
        let mut order = Order {
            modules: self,
            seen: HashSet::new(),
            steps: Vec::new(),
        };
        order.word(&underscored(word));
        order.steps
    }
}

/// A walk from a word to all that it needs, each once.
struct Order<'a> {
    modules: &'a Modules,
    seen: HashSet<&'a str>,
    steps: Vec<Step<'a>>,
}

impl<'a> Order<'a> {
    fn word(&mut self, word: &str) {
        let modules = self.modules;
        if let Some((name, module)) = modules.modules.get_key_value(word) {
            self.module(name, module);
            return;
        }
        for name in modules.aliases.matching(word) {
            if let Some((name, module)) = modules.modules.get_key_value(name) {
                self.module(name, module);
            }
        }
    }

    fn module(&mut self, name: &'a str, module: &'a Module) {
        // Before anything else: soft dependencies may form circles.
        if !self.seen.insert(name) {
            return;
        }
        let modules = self.modules;
        for word in modules.before.get(name).into_iter().flatten() {
            self.word(word);
        }
        for needed in &module.needs {
            if let Some((name, module)) = modules.modules.get_key_value(needed) {
                self.module(name, module);
            }
        }
        let path = &module.path;
        self.steps.push(Step { name, path });
    }
}

/// `kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz kernel/fs/jbd2/jbd2.ko.xz`: what it needs comes
/// last to first.
fn dependency(line: &str) -> Option<(String, Module)> {
    let (path, needs) = line.split_once(':')?;
    let needs = needs.split_whitespace().rev().filter_map(name_of).collect();
    let path = path.to_owned();
    Some((name_of(&path)?, Module { path, needs }))
}

/// `softdep ext4 pre: crypto-crc32c post: other`: the words between `pre:` and `post:`.
fn soft_dependency(line: &str) -> Option<(String, Vec<String>)> {
    let mut words = line.split_whitespace();
    if words.next()? != "softdep" {
        return None;
    }
    let name = underscored(words.next()?);
    let before = words
        .skip_while(|word| *word != "pre:")
        .skip(1)
        .take_while(|word| *word != "post:");
    Some((name, before.map(underscored).collect()))
}

/// `kernel/drivers/net/virtio_net.ko.xz` is `virtio_net`.
fn name_of(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?;
    let (name, _) = file.split_once(".ko")?;
    Some(underscored(name))
}

/// One spelling of `-` and `_`, outside of brackets, where `-` is a range.
fn underscored(word: &str) -> String {
    let mut in_brackets = false;
    let one = |c| {
        in_brackets = match c {
            '[' => true,
            ']' => false,
            _ => in_brackets,
        };
        if c == '-' && !in_brackets { '_' } else { c }
    };
    word.chars().map(one).collect()
}
