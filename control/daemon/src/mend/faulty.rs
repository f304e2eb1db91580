//! A running file that cannot run is kept: `FILE.faulty-N`, for who wants to know what was in it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::durable;

/// So many are kept.
const MOST: usize = 8;

/// The faulty file and where it is to be kept.
#[derive(Debug)]
pub struct Faulty {
    file: PathBuf,
    kept: PathBuf,
    /// Those that are kept already, by number.
    others: Vec<u64>,
}

impl Faulty {
    /// Finds the next number for `file`; the last one, when that is this file: kept by one that did not
    /// come to its end.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn of(file: &Path) -> io::Result<Self> {
        let mut others = Vec::new();
        for entry in fs::read_dir(durable::directory(file))? {
            let name = entry?.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_prefix(&prefix(file)));
            others.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        others.sort_unstable();
        let last = others.last().copied();
        let mut number = last.unwrap_or(0).saturating_add(1);
        if let Some(last) = last.filter(|last| is_same(file, &path(file, *last))) {
            number = last;
            others.pop();
        }
        Ok(Self {
            file: file.to_owned(),
            kept: path(file, number),
            others,
        })
    }

    /// Under what name it is kept.
    pub fn name(&self) -> String {
        let name = self.kept.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Keeps it, and no more than [`MOST`] of them.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn keep(self) -> io::Result<()> {
        if !is_same(&self.file, &self.kept) {
            durable::link(&self.file, &self.kept)?;
        }
        let too_many = (self.others.len() + 1).saturating_sub(MOST);
        for number in &self.others[..too_many] {
            durable::remove(&path(&self.file, *number))?;
        }
        Ok(())
    }
}

fn prefix(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    format!("{}.faulty-", name.to_string_lossy())
}

fn path(file: &Path, number: u64) -> PathBuf {
    file.with_file_name(format!("{}{number}", prefix(file)))
}

fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path| fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).expect("a folder");
        let names = files.map(|file| file.expect("a file").file_name());
        let names = names.map(|name| name.into_string().expect("text"));
        let mut names: Vec<String> = names.filter(|name| name.contains("faulty")).collect();
        names.sort_by_key(|name| (name.len(), name.clone()));
        names
    }

    #[test]
    fn the_last_eight_are_kept_and_numbers_go_on() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("f.toml");
        fs::write(folder.path().join("f.toml.faulty-"), "alien").expect("written");
        for turn in 1..=11 {
            durable::replace(&file, format!("{turn}").as_bytes()).expect("written");
            let faulty = Faulty::of(&file).expect("a folder");
            assert_eq!(faulty.name(), format!("f.toml.faulty-{turn}"));
            faulty.keep().expect("kept");
        }
        let expected: Vec<String> = (4..=11).map(|n| format!("f.toml.faulty-{n}")).collect();
        let kept = kept(folder.path());
        assert_eq!(kept[1..], expected, "beside the alien {}", kept[0]);
        let text = fs::read_to_string(folder.path().join("f.toml.faulty-4"));
        assert_eq!(text.expect("kept"), "4");
    }

    #[test]
    fn what_is_kept_already_is_not_kept_twice() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("f.toml");
        fs::write(&file, "bad").expect("written");
        for _ in 0..3 {
            Faulty::of(&file).expect("a folder").keep().expect("kept");
        }
        assert_eq!(kept(folder.path()), ["f.toml.faulty-1"]);
    }

    #[test]
    fn also_a_folder_in_its_place_is_kept() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("f.toml");
        fs::create_dir(&file).expect("a folder");
        Faulty::of(&file).expect("a folder").keep().expect("kept");
        assert_eq!(kept(folder.path()), ["f.toml.faulty-1"]);
        assert!(!file.exists());
    }
}
