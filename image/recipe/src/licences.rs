//! The licences of everything in the image, below `/usr/share/licenses`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, Package as Crate, PackageId};

use crate::inputs::Inputs;
use crate::packages::Package;
use crate::programs::PROGRAMS;
use crate::run;
use crate::tree::Tree;

const FOLDER: &str = "usr/share/licenses";

/// The copyright file of every one of these packages, unpacked at `root`.
///
/// # Errors
/// When a package has none.
pub fn debian<'lock>(
    packages: impl Iterator<Item = &'lock Package>,
    root: &Path,
    tree: &mut Tree,
) -> Result<()> {
    for package in packages {
        let name = &package.name;
        let file = root.join("usr/share/doc").join(name).join("copyright");
        let bytes = fs::read(&file)
            .with_context(|| format!("package {name}: reading {}", file.display()))?;
        let path = format!("{FOLDER}/debian/{name}_{}/copyright", package.version);
        tree.file(&path, bytes)?;
    }
    Ok(())
}

/// Fourfold's own licences, a list of the crates in its programs with name, version and licence, and
/// every licence text that comes with them, each once.
///
/// # Errors
/// When a crate's folder cannot be read.
pub fn crates(metadata: &Metadata, tree: &mut Tree) -> Result<()> {
    let root = metadata.workspace_root.as_std_path();
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let file = root.join(name);
        let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        tree.file(&format!("{FOLDER}/fourfold/{name}"), bytes)?;
    }
    let mut list = standard_library(root, tree)?;
    for one in in_programs(metadata)? {
        list.push_str(&line(one, tree)?);
    }
    tree.file(&format!("{FOLDER}/crates/LIST"), list)
}

/// Rust's own library is in every program, and its licences are in the toolchain.
fn standard_library(workspace: &Path, tree: &mut Tree) -> Result<String> {
    const NAME: &str = "COPYRIGHT-library.html";
    let rustc = |argument: &str| {
        let mut command = Command::new("rustc");
        run::text(command.current_dir(workspace).args(argument.split(' ')))
    };
    let sysroot = rustc("--print sysroot")?;
    let file = Path::new(sysroot.trim_end())
        .join("share/doc/rust")
        .join(NAME);
    let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
    tree.file(&format!("{FOLDER}/rust/{NAME}"), bytes)?;
    let version = rustc("--version")?;
    let version = version.trim_end();
    Ok(format!(
        "std ({version}): MIT OR Apache-2.0 (../rust/{NAME})\n"
    ))
}

/// `ring 0.17.14: Apache-2.0 AND ISC (LICENSE: 0123456789ab.txt)`, the texts put into the tree.
fn line(one: &Crate, tree: &mut Tree) -> Result<String> {
    let expression = one.license.as_deref().unwrap_or("see its licence file");
    let mut texts = Vec::new();
    for (name, bytes) in texts_of(one)? {
        let sum = Inputs::default().and("", &bytes).sum();
        let text = format!("{}.txt", sum.get(..12).unwrap_or(&sum));
        tree.file(&format!("{FOLDER}/crates/{text}"), bytes)?;
        texts.push(format!("{name}: {text}"));
    }
    let texts = if texts.is_empty() {
        "no text in the crate".to_owned()
    } else {
        texts.join(", ")
    };
    Ok(format!(
        "{} {}: {expression} ({texts})\n",
        one.name, one.version
    ))
}

/// The files of a crate that hold licences.
fn texts_of(one: &Crate) -> Result<BTreeMap<String, Vec<u8>>> {
    const BEGINNINGS: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];
    let folder = one
        .manifest_path
        .parent()
        .with_context(|| format!("crate {} has no folder", one.name))?;
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {folder}"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let upper = name.to_uppercase();
        let is_text = BEGINNINGS
            .iter()
            .any(|beginning| upper.starts_with(beginning));
        if is_text && entry.file_type()?.is_file() {
            texts.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(texts)
}

/// The crates that the programs are linked from, without Fourfold's own, sorted.
fn in_programs(metadata: &Metadata) -> Result<Vec<&Crate>> {
    let graph = metadata
        .resolve
        .as_ref()
        .context("cargo says nothing about what depends on what")?;
    let nodes: BTreeMap<&PackageId, _> = graph.nodes.iter().map(|node| (&node.id, node)).collect();
    let is_program = |one: &&Crate| {
        PROGRAMS
            .iter()
            .any(|program| program.package == one.name.as_str())
    };
    let mut open: Vec<&PackageId> = metadata
        .workspace_packages()
        .into_iter()
        .filter(is_program)
        .map(|one| &one.id)
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            let node = nodes.get(id).context("a crate outside the graph")?;
            let linked = node.deps.iter().filter(|dependency| {
                let kinds = &dependency.dep_kinds;
                kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
            });
            open.extend(linked.map(|dependency| &dependency.pkg));
        }
    }
    let mut crates: Vec<&Crate> = metadata
        .packages
        .iter()
        .filter(|one| reached.contains(&one.id) && one.source.is_some())
        .collect();
    crates.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    Ok(crates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Node;

    #[test]
    fn every_crate_of_the_programs_is_listed_with_its_licence_and_crates_of_tests_are_not() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let metadata = crate::programs::metadata(&workspace).unwrap();
        let mut tree = Tree::default();
        crates(&metadata, &mut tree).unwrap();
        let Some(Node::File(_, list)) = tree.at("usr/share/licenses/crates/LIST") else {
            panic!("no list");
        };
        let list = String::from_utf8(list.clone()).unwrap();
        let ring = list.lines().find(|line| line.starts_with("ring ")).unwrap();
        assert!(ring.contains("Apache-2.0 AND ISC (LICENSE: "), "{ring}");
        assert!(list.starts_with("std (rustc "), "{list}");
        assert!(!list.lines().any(|line| line.starts_with("proptest ")));
        assert!(!list.lines().any(|line| line.starts_with("lvs ")));
        assert!(tree.at("usr/share/licenses/fourfold/LICENSE-MIT").is_some());
    }

    #[test]
    fn a_package_without_a_copyright_file_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let package = Package {
            purpose: crate::packages::Purpose::Image,
            name: "a".into(),
            version: "1".into(),
            architecture: "all".into(),
            suite: "trixie".into(),
            sha256: String::new(),
        };
        let error = debian([&package].into_iter(), root.path(), &mut Tree::default());
        assert!(
            error
                .unwrap_err()
                .to_string()
                .starts_with("package a: reading ")
        );
    }
}
