//! The system's files while the image is being put together: sorted, owned by root, without times.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A directory with its permissions.
    Directory(u32),
    /// A file with its permissions.
    File(u32, Vec<u8>),
    /// A symbolic link.
    Link(String),
}

/// Files by path, without a slash at the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Tree {
    /// Puts a node at a path, with the directories above it.
    ///
    /// # Errors
    /// When something else is there already, or something that is no directory above it.
    pub fn put(&mut self, path: &str, node: Node) -> Result<()> {
        if let Some((above, _)) = path.rsplit_once('/') {
            match self.nodes.get(above) {
                Some(Node::Directory(_)) => {}
                None => self.put(above, Node::Directory(0o755))?,
                Some(_) => bail!("/{path}: /{above} is not a directory"),
            }
        }
        match self.nodes.get(path) {
            Some(there) => ensure!(*there == node, "/{path} is in the image twice"),
            None => {
                self.nodes.insert(path.to_owned(), node);
            }
        }
        Ok(())
    }

    /// Takes over what is at `path` below `root`: a file, a link, or an empty directory.
    ///
    /// # Errors
    /// When it cannot be read, and as [`Self::put`].
    pub fn copy(&mut self, root: &Path, path: &str) -> Result<()> {
        let file = root.join(path);
        let about = || format!("reading {}", file.display());
        let kind = fs::symlink_metadata(&file).with_context(about)?;
        let node = if kind.is_symlink() {
            let target = fs::read_link(&file).with_context(about)?;
            Node::Link(target.to_string_lossy().into_owned())
        } else if kind.is_dir() {
            Node::Directory(0o755)
        } else {
            let mode = if kind.permissions().mode() & 0o111 == 0 {
                0o644
            } else {
                0o755
            };
            Node::File(mode, fs::read(&file).with_context(about)?)
        };
        self.put(path, node)
    }

    /// Puts a file that anybody may read.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn file(&mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Result<()> {
        self.put(path, Node::File(0o644, bytes.into()))
    }

    /// All paths, sorted so that a directory comes before what is in it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// What is at a path.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }
}

/// Every file and link below `root`, as sorted paths relative to it.
///
/// # Errors
/// When a directory cannot be read.
pub fn files_below(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let there = root.join(&folder);
        let entries =
            fs::read_dir(&there).with_context(|| format!("reading {}", there.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("reading {}", there.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directories_above_a_file_come_with_it() {
        let mut tree = Tree::default();
        tree.file("etc/ssl/a", "x").unwrap();
        let paths: Vec<&str> = tree.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["etc", "etc/ssl", "etc/ssl/a"]);
    }

    #[test]
    fn the_same_file_twice_is_one_and_two_different_files_at_a_path_are_refused() {
        let mut tree = Tree::default();
        tree.file("etc/a", "x").unwrap();
        tree.file("etc/a", "x").unwrap();
        let error = tree.file("etc/a", "y").unwrap_err().to_string();
        assert_eq!(error, "/etc/a is in the image twice");
        let error = tree.file("etc/a/b", "y").unwrap_err().to_string();
        assert_eq!(error, "/etc/a/b: /etc/a is not a directory");
    }
}
