//! Which libraries a program needs, and whether they are there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use object::elf::{DT_NEEDED, FileHeader64, PT_INTERP};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{Endianness, StringTable};

use crate::tree::{Node, Tree};

/// Where the loader looks for a library, Debian's way for this architecture.
pub const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

/// What a program asks the loader for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The loader itself, by path; a static program and a library have none.
    pub interpreter: Option<String>,
    /// Libraries by name.
    pub libraries: Vec<String>,
}

impl Needs {
    /// What that program or library needs; `None` for a file that is neither.
    ///
    /// # Errors
    /// When it begins as an ELF file and then is none.
    pub fn of(bytes: &[u8]) -> Result<Option<Self>> {
        if !bytes.starts_with(b"\x7fELF\x02\x01") {
            return Ok(None);
        }
        let header = FileHeader64::<Endianness>::parse(bytes)?;
        let endian = header.endian()?;
        let mut needs = Self::default();
        let segments = header.program_headers(endian, bytes)?;
        for segment in segments {
            if segment.p_type(endian) == PT_INTERP
                && let Some(path) = segment.interpreter(endian, bytes)?
            {
                needs.interpreter = Some(String::from_utf8_lossy(path).into_owned());
            }
        }
        let sections = header.sections(endian, bytes)?;
        if let Some((entries, link)) = sections.dynamic(endian, bytes)? {
            let strings = sections.strings(endian, bytes, link)?;
            for entry in entries {
                if entry.tag(endian) == DT_NEEDED {
                    needs.libraries.push(name(entry.val32(endian), strings)?);
                }
            }
        }
        Ok(Some(needs))
    }
}

fn name(offset: Option<u32>, strings: StringTable<'_>) -> Result<String> {
    let offset = offset.context("a library's name is out of reach")?;
    let name = strings
        .get(offset)
        .ok()
        .context("a library's name is out of reach")?;
    Ok(String::from_utf8_lossy(name).into_owned())
}

/// The programs with everything that they need, as paths below `root`: files, and the links that
/// lead to them.
///
/// # Errors
/// With the first program or library that is not there, and who needs it.
pub fn closure(root: &Path, programs: &[String]) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = Vec::new();
    for program in programs {
        follow(root, program, &mut found, &mut open)
            .with_context(|| format!("no package of the lock file has /{program}"))?;
    }
    while let Some(path) = open.pop() {
        let file = root.join(&path);
        let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        let Some(needs) = Needs::of(&bytes).with_context(|| format!("/{path}"))? else {
            continue;
        };
        let libraries = needs.libraries.iter().map(|name| {
            let candidates = LIBRARIES.map(|folder| format!("{folder}/{name}"));
            (name, candidates.to_vec())
        });
        let interpreter = needs.interpreter.iter().map(|interpreter| {
            let path = interpreter.trim_start_matches('/');
            (interpreter, vec![path.to_owned(), format!("usr/{path}")])
        });
        for (name, candidates) in libraries.chain(interpreter) {
            let candidate = candidates
                .iter()
                .find(|candidate| root.join(candidate).symlink_metadata().is_ok())
                .with_context(|| format!("/{path} needs {name}, which no package has"))?;
            follow(root, candidate, &mut found, &mut open)?;
        }
    }
    Ok(found)
}

/// Adds a path and, when it is a link, what it leads to.
fn follow(
    root: &Path,
    path: &str,
    found: &mut BTreeSet<String>,
    open: &mut Vec<String>,
) -> Result<()> {
    let mut path = settled(root, path)?;
    loop {
        let file = root.join(&path);
        let kind = fs::symlink_metadata(&file).with_context(|| file.display().to_string())?;
        let is_new = found.insert(path.clone());
        if !kind.is_symlink() {
            if is_new {
                open.push(path);
            }
            return Ok(());
        }
        let target = fs::read_link(&file)?;
        path = settled(root, &resolved(&path, &target.to_string_lossy())?)?;
    }
}

/// The same path without links among its folders: /lib is one where /usr is merged.
fn settled(root: &Path, path: &str) -> Result<String> {
    let folders = path.match_indices('/').map(|(at, _)| path.split_at(at));
    for (folder, rest) in folders {
        if let Ok(target) = fs::read_link(root.join(folder)) {
            let folder = resolved(folder, &target.to_string_lossy())?;
            return settled(root, &format!("{folder}{rest}"));
        }
    }
    Ok(path.to_owned())
}

/// Where a link at `path` leads.
fn resolved(path: &str, target: &str) -> Result<String> {
    if let Some(absolute) = target.strip_prefix('/') {
        return Ok(absolute.to_owned());
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => {
                if parts.pop().is_none() {
                    bail!("/{path} leads out of the tree: {target}");
                }
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// What the programs and libraries of a tree need and it does not have: `/usr/sbin/nft: libedit.so.2`.
///
/// # Errors
/// When a program in it is broken.
pub fn missing(tree: &Tree) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    for (path, node) in tree.iter() {
        let Node::File(_, bytes) = node else { continue };
        let Some(needs) = Needs::of(bytes).with_context(|| format!("/{path}"))? else {
            continue;
        };
        for library in needs.libraries {
            let has = |folder| leads_to_file(tree, &format!("{folder}/{library}"));
            if !LIBRARIES.into_iter().any(has) {
                missing.push(format!("/{path}: {library}"));
            }
        }
        if let Some(interpreter) = needs.interpreter
            && !leads_to_file(tree, interpreter.trim_start_matches('/'))
        {
            missing.push(format!("/{path}: {interpreter}"));
        }
    }
    Ok(missing)
}

/// Whether there is a file at a path, links on the way followed as the kernel does.
fn leads_to_file(tree: &Tree, path: &str) -> bool {
    const LINKS: usize = 8;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let prefixes = path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([path.len()]);
        let link = prefixes
            .filter_map(|at| path.split_at_checked(at))
            .find_map(|(above, rest)| match tree.at(above)? {
                Node::Link(target) => Some((resolved(above, target).ok()?, rest)),
                Node::Directory(_) | Node::File(..) => None,
            });
        match link {
            Some((above, rest)) => path = format!("{above}{rest}"),
            None => return matches!(tree.at(&path), Some(Node::File(..))),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This test's own program, which is dynamic.
    fn program() -> Vec<u8> {
        fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    fn a_dynamic_program_needs_its_loader_and_its_libraries_and_a_text_is_no_program() {
        let needs = Needs::of(&program()).unwrap().unwrap();
        assert_eq!(
            needs.interpreter.as_deref(),
            Some("/lib64/ld-linux-x86-64.so.2")
        );
        assert!(needs.libraries.contains(&"libc.so.6".to_owned()));
        assert_eq!(Needs::of(b"#!/bin/sh\n").unwrap(), None);
        assert!(Needs::of(b"\x7fELF\x02\x01 and no more").is_err());
    }

    #[test]
    fn a_library_that_a_program_needs_and_the_tree_lacks_is_told() {
        let needs = Needs::of(&program()).unwrap().unwrap();
        let mut tree = Tree::default();
        tree.put("lib64", Node::Link("usr/lib64".into())).unwrap();
        tree.file("usr/bin/x", program()).unwrap();
        tree.file("usr/lib64/ld-linux-x86-64.so.2", "").unwrap();
        let mut expected: Vec<String> = needs
            .libraries
            .iter()
            .map(|library| format!("/usr/bin/x: {library}"))
            .collect();
        assert_eq!(missing(&tree).unwrap(), expected);
        for library in &needs.libraries {
            // A library is a link to the file with its full version.
            let path = format!("usr/lib/x86_64-linux-gnu/{library}");
            tree.put(&path, Node::Link(format!("{library}.1"))).unwrap();
            if library != "libc.so.6" {
                tree.file(&format!("{path}.1"), "").unwrap();
            }
        }
        expected.retain(|line| line.ends_with("libc.so.6"));
        assert_eq!(missing(&tree).unwrap(), expected);
    }

    #[test]
    fn a_closure_holds_links_and_what_they_lead_to_and_names_what_is_not_there() {
        let root = tempfile::tempdir().unwrap();
        let libraries = root.path().join("usr/lib/x86_64-linux-gnu");
        fs::create_dir_all(&libraries).unwrap();
        fs::create_dir_all(root.path().join("usr/lib64")).unwrap();
        fs::write(root.path().join("x"), program()).unwrap();
        fs::write(root.path().join("usr/lib64/ld-linux-x86-64.so.2"), "").unwrap();
        let needs = Needs::of(&program()).unwrap().unwrap();
        let error = closure(root.path(), &["x".into()]).unwrap_err();
        assert!(error.to_string().starts_with("/x needs lib"), "{error}");
        for library in &needs.libraries {
            fs::write(libraries.join(format!("{library}.1")), "").unwrap();
            std::os::unix::fs::symlink(format!("{library}.1"), libraries.join(library)).unwrap();
        }
        let found = closure(root.path(), &["x".into()]).unwrap();
        let both = ["libc.so.6", "libc.so.6.1"];
        assert!(
            both.iter()
                .all(|name| found.contains(&format!("usr/lib/x86_64-linux-gnu/{name}")))
        );
        assert_eq!(found.len(), 2 + 2 * needs.libraries.len());
    }
}
