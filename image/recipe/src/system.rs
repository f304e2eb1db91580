//! The system in the image: every file below `/`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::elf;
use crate::packages::Group;
use crate::tree::{Node, Tree, files_below};

/// Directories that programs mount on or write into.
const DIRECTORIES: [(&str, u32); 12] = [
    ("boot", 0o755),
    ("data", 0o755),
    ("dev", 0o755),
    ("proc", 0o755),
    ("root", 0o700),
    ("run", 0o755),
    ("sys", 0o755),
    ("tmp", 0o1777),
    ("usr/bin", 0o755),
    ("usr/sbin", 0o755),
    ("var/lib/chrony", 0o755),
    ("var/tmp", 0o1777),
];

/// Debian's merged `/usr`, and the folders that are in memory here.
const LINKS: [(&str, &str); 6] = [
    ("bin", "usr/bin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
    ("sbin", "usr/sbin"),
    ("var/lock", "../run"),
    ("var/run", "../run"),
];

/// Files with their own permissions; all others may be read by anybody.
const SECRET: [&str; 1] = ["etc/shadow"];

/// Directories and links.
///
/// # Errors
/// As [`Tree::put`].
pub fn skeleton(tree: &mut Tree) -> Result<()> {
    for (path, mode) in DIRECTORIES {
        tree.put(path, Node::Directory(mode))?;
    }
    for (path, target) in LINKS {
        tree.put(path, Node::Link(target.to_owned()))?;
    }
    Ok(())
}

/// The recipe's own files: all below its folder `root`.
///
/// # Errors
/// When one cannot be read.
pub fn own_files(recipe: &Path, tree: &mut Tree) -> Result<()> {
    let root = recipe.join("root");
    for path in files_below(&root)? {
        let file = root.join(&path);
        let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        let mode = if SECRET.contains(&path.as_str()) {
            0o600
        } else {
            0o644
        };
        tree.put(&path, Node::File(mode, bytes))?;
    }
    Ok(())
}

/// Of the packages unpacked at `root`: the group's programs with what they need, and its files.
///
/// # Errors
/// When a program or what it needs is not there.
pub fn programs(root: &Path, group: &Group, tree: &mut Tree) -> Result<()> {
    let mut paths = elf::closure(root, &group.programs)?;
    for path in files_below(root)? {
        if group
            .files
            .iter()
            .any(|beginning| path.starts_with(beginning))
        {
            paths.insert(path);
        }
    }
    for path in paths {
        tree.copy(root, &path)?;
    }
    Ok(())
}

/// So many digits tell two builds apart, and an operator can still read them out.
const BUILD_DIGITS: usize = 16;

/// Says which image this is: the build is known by the sum over its content.
///
/// # Errors
/// As [`Tree::put`].
pub fn release(version: &str, content: &str, tree: &mut Tree) -> Result<()> {
    let build = content.get(..BUILD_DIGITS).unwrap_or(content);
    tree.file(
        "etc/fourfold/release",
        format!("VERSION={version}\nBUILD={build}\n"),
    )
}

/// Every program of the tree finds its loader and its libraries.
///
/// # Errors
/// With those that do not.
pub fn check(tree: &Tree) -> Result<()> {
    let missing = elf::missing(tree)?;
    if !missing.is_empty() {
        bail!("libraries are missing in the image: {}", missing.join(", "));
    }
    Ok(())
}

/// No program of the tree needs a library: Fourfold's own run also where Debian's are damaged.
///
/// # Errors
/// With those that do.
pub fn check_static(tree: &Tree) -> Result<()> {
    let missing = elf::missing(tree)?;
    if !missing.is_empty() {
        bail!("not static: {}", missing.join(", "));
    }
    Ok(())
}

/// A path below the recipe's folder, read as text.
///
/// # Errors
/// When it cannot be read.
pub fn text(recipe: &Path, name: &str) -> Result<String> {
    let file = recipe.join(name);
    fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_has_version_and_build_one_a_line() {
        let mut tree = Tree::default();
        release("1.2.3", &"0123456789abcdef".repeat(4), &mut tree).unwrap();
        let expected = b"VERSION=1.2.3\nBUILD=0123456789abcdef\n".to_vec();
        assert_eq!(
            tree.at("etc/fourfold/release"),
            Some(&Node::File(0o644, expected))
        );
    }

    #[test]
    fn a_programs_library_that_is_not_there_and_a_dynamic_program_of_ours_are_told() {
        let program = fs::read(std::env::current_exe().unwrap()).unwrap();
        let mut tree = Tree::default();
        skeleton(&mut tree).unwrap();
        check(&tree).unwrap();
        tree.file("usr/sbin/x", program).unwrap();
        let error = check(&tree).unwrap_err().to_string();
        assert!(error.contains("/usr/sbin/x: libc.so.6"), "{error}");
        let error = check_static(&tree).unwrap_err().to_string();
        assert!(error.starts_with("not static: /usr/sbin/x"), "{error}");
    }
}
