//! `fetch NAME`: a capture or a bundle that is kept on the box; without a name, what there is.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folders that it looks into.
const FOLDERS: [&str; 2] = ["capture", "support"];

/// Prints the file called `name`, or the names and sizes of all.
pub(crate) fn run(data_dir: &Path, name: Option<&str>) -> Result<(), Failure> {
    let files = files(data_dir);
    let mut out = io::stdout().lock();
    let Some(name) = name else {
        for (name, path) in files {
            let bytes = fs::metadata(path)?.len();
            writeln!(out, "{bytes:>10}  {name}")?;
        }
        return Ok(());
    };
    let Some((_, path)) = files.into_iter().find(|(other, _)| other == name) else {
        return Err(Failure::usage(format!(
            "fetch {name}: no such file; fetch alone lists them"
        )));
    };
    if out.is_terminal() {
        let fault = format!("fetch {name}: not to a terminal; ssh BOX fetch {name} > {name}");
        return Err(Failure::usage(fault));
    }
    let file = File::open(&path);
    let mut file = file.map_err(|e| Failure::Failed(format!("{}: {e}", path.display())))?;
    io::copy(&mut file, &mut out)?;
    Ok(out.flush()?)
}

/// The files there are, by name.
fn files(data_dir: &Path) -> Vec<(String, PathBuf)> {
    let folders = FOLDERS
        .iter()
        .map(|folder| fs::read_dir(data_dir.join(folder)));
    let entries = folders.flatten().flatten().flatten();
    let mut files: Vec<(String, PathBuf)> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .collect();
    files.sort();
    files
}
