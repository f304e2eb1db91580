//! Files of the appliance, written whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes a text file with this mode, unless it is so already. Whoever reads sees the old text or the new.
///
/// # Errors
/// What the file system says; the message names the file.
pub fn write(path: &Path, mode: u32, text: &str) -> io::Result<()> {
    if is_so(path, mode, text) {
        return Ok(());
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let written = (|| {
        let mut options = OpenOptions::new();
        // Nobody reads a secret before it has its mode.
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, path)
    })();
    written.map_err(|e| named(path, e))
}

/// Makes a directory with this mode, unless it is so already; its parent is there.
///
/// # Errors
/// What the file system says; the message names the directory.
pub fn directory(path: &Path, mode: u32) -> io::Result<()> {
    let made = match fs::create_dir(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    };
    let made = made.and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)));
    made.map_err(|e| named(path, e))
}

fn is_so(path: &Path, mode: u32, text: &str) -> bool {
    let has_mode = fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o7777 == mode);
    has_mode && fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes())
}

fn named(path: &Path, e: io::Error) -> io::Error {
    io::Error::new(e.kind(), format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_text_and_the_mode_that_were_written_last() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("shadow");
        for (mode, text) in [(0o644, "one\n"), (0o600, "one\n"), (0o600, "two\n")] {
            write(&path, mode, text).expect("written");
            assert!(is_so(&path, mode, text));
        }
        let left = fs::read_dir(dir.path()).expect("a directory").count();
        assert_eq!(left, 1, "nothing but the file");
    }

    #[test]
    fn a_file_that_is_so_already_is_not_touched() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("hosts");
        write(&path, 0o644, "one\n").expect("written");
        let before = fs::metadata(&path).expect("there").ino();
        write(&path, 0o644, "one\n").expect("nothing to do");
        assert_eq!(fs::metadata(&path).expect("there").ino(), before);
        write(&path, 0o644, "two\n").expect("written");
        assert_ne!(fs::metadata(&path).expect("there").ino(), before);
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let refused = write(Path::new("/nowhere/hosts"), 0o644, "").expect_err("no directory");
        assert!(refused.to_string().starts_with("/nowhere/hosts: "));
        let refused = directory(Path::new("/nowhere/ssh"), 0o700).expect_err("no directory");
        assert!(refused.to_string().starts_with("/nowhere/ssh: "));
    }
}
