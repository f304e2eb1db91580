//! The compliance tables name tests; a test that has gone fails here. In each table of
//! `docs/compliance/*.md`, the columns whose heading speaks of a test are read, and every name in
//! backticks there must be a test function somewhere in the tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Fails with every named test that does not exist.
pub fn run() -> Result<()> {
    let root = PathBuf::from(workspace::metadata()?.workspace_root);
    let mut tests = BTreeSet::new();
    collect_tests(&root, &mut tests)?;
    let (mut named, mut gone) = (0, Vec::new());
    for page in pages(&root.join("docs/compliance"))? {
        let text =
            fs::read_to_string(&page).with_context(|| format!("reading {}", page.display()))?;
        for name in named_tests(&text) {
            named += 1;
            if !tests.contains(&name) {
                gone.push(format!("{}: there is no test `{name}`", page.display()));
            }
        }
    }
    if !gone.is_empty() {
        bail!("compliance:\n  {}", gone.join("\n  "));
    }
    println!("compliance: {named} tests named, all there");
    Ok(())
}

fn pages(directory: &Path) -> Result<Vec<PathBuf>> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut pages = entries(directory)?;
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    Ok(pages)
}

fn collect_tests(directory: &Path, tests: &mut BTreeSet<String>) -> Result<()> {
    for path in entries(directory)? {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect_tests(&path, tests)?;
            }
        } else if name.ends_with(".rs") {
            let text =
                fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            tests.extend(tests_in(&text));
        }
    }
    Ok(())
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let what = || format!("listing {}", directory.display());
    let entries = fs::read_dir(directory).with_context(what)?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .with_context(what)?;
    paths.sort();
    Ok(paths)
}

/// Functions below an attribute that makes them tests.
fn tests_in(source: &str) -> Vec<String> {
    let mut is_test = false;
    let mut names = Vec::new();
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            is_test |= ["#[test", "#[tokio::test"]
                .iter()
                .any(|start| line.starts_with(start));
        } else if let Some(name) = function_name(line) {
            if is_test {
                names.push(name);
            }
            is_test = false;
        }
    }
    names
}

fn function_name(line: &str) -> Option<String> {
    let words = ["pub ", "async "]
        .iter()
        .fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
    let name = words.strip_prefix("fn ")?.split(['(', '<']).next()?;
    Some(name.trim().to_owned())
}

fn named_tests(page: &str) -> Vec<String> {
    let mut columns: Vec<bool> = Vec::new();
    let mut names = Vec::new();
    for line in page.lines().map(str::trim) {
        let Some(row) = line.strip_prefix('|') else {
            columns.clear();
            continue;
        };
        let cells: Vec<&str> = row.trim_end_matches('|').split('|').collect();
        if columns.is_empty() {
            columns = cells
                .iter()
                .map(|cell| cell.to_lowercase().contains("test"))
                .collect();
            continue;
        }
        let of_tests = cells.iter().zip(&columns).filter(|(_, is_test)| **is_test);
        names.extend(of_tests.flat_map(|(cell, _)| quoted(cell)));
    }
    names
}

/// Last path segments of what stands in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = String> {
    let inside = cell.split('`').skip(1).step_by(2);
    inside.map(|name| {
        name.rsplit("::")
            .next()
            .unwrap_or(name)
            .trim_end_matches("()")
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_the_columns_of_tests_only() {
        let page = "| Clause | Function | Positive test | Negative test |\n|---|---|---|---|\n\
                    | 6.4.12 | `receive` | `lacp::a_works` | `b_is_refused()`, `c` |\n\ntext `d`\n\
                    | other | table |\n| `e` | `f` |\n";
        assert_eq!(named_tests(page), ["a_works", "b_is_refused", "c"]);
    }

    #[test]
    fn only_functions_marked_as_tests_count() {
        let source = "fn plain() {}\n    #[test]\n    #[ignore = \"root\"]\n    fn marked() {}\n\
                      #[tokio::test]\nasync fn awaited() {}\n#[must_use]\nfn helper() {}\n";
        assert_eq!(tests_in(source), ["marked", "awaited"]);
    }
}
