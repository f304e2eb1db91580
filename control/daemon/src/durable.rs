//! Files that are there whole or not at all, also after a power cut, and that say so of themselves.
//!
//! A file is written under another name, synced, renamed, and its directory synced. What ctld writes
//! for itself begins with a line `# fourfold KIND SUM`, the sum that of everything after the line, so
//! that a file that was cut off or edited is told from one that was written here.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Replaces the file at `path`; mode, owner and group stay as they were. A new one's mode is 0640.
///
/// # Errors
/// When it could not be replaced: then it is what it was. When it has been, but only a sync of the
/// directory failed, that is no error but a line on standard error.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = with_suffix(path, ".new");
    let written = write_beside(path, &beside, bytes).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        // Nothing refers to it; a start removes what is left.
        drop(fs::remove_file(&beside));
        return Err(named("write", path, &error));
    }
    if let Err(error) = sync_directory(path) {
        eprintln!("ctld: {}", named("sync the directory of", path, &error));
    }
    Ok(())
}

fn write_beside(path: &Path, beside: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
    drop(fs::remove_file(beside));
    let mut options = File::options();
    options.write(true).create_new(true);
    let mut file = match fs::metadata(path) {
        // Before the mode: nobody is to read it for a moment who never could.
        Ok(old) => {
            let file = options.mode(0o600).open(beside)?;
            // Without root that is so already, or cannot be.
            drop(fchown(&file, Some(old.uid()), Some(old.gid())));
            file.set_permissions(old.permissions())?;
            file
        }
        Err(_) => options.mode(0o640).open(beside)?,
    };
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes the file at `path`, if it is there.
///
/// # Errors
/// When it is there and stays.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_directory(path),
        // Removed before, perhaps by one who could not sync that: not to be had when it is not on disk.
        Err(error) if error.kind() == io::ErrorKind::NotFound => sync_directory(path),
        Err(error) => Err(error),
    }
    .map_err(|error| named("remove", path, &error))
}

/// Gives the file at `old` the name `new`, too; only that one, when it can have but one.
///
/// # Errors
/// When it cannot be had.
pub fn link(old: &Path, new: &Path) -> io::Result<()> {
    let linked = fs::hard_link(old, new).or_else(|_| fs::rename(old, new));
    let linked = linked.and_then(|()| sync_directory(new));
    linked.map_err(|error| named("keep", old, &error))
}

/// Makes a directory and those that it is in, unless they are there.
///
/// # Errors
/// When they are not, and cannot be made.
pub fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        make_directory(parent)?;
    }
    let made = fs::create_dir(path).and_then(|()| sync_directory(path));
    made.map_err(|error| named("make", path, &error))
}

/// Removes what is left of a write to `path` that did not come to its end.
pub fn sweep(path: &Path) {
    // Nothing refers to it, and the next write does the same.
    drop(fs::remove_file(with_suffix(path, ".new")));
}

/// The right to write in a directory, as long as the value lives: one process has it.
///
/// # Errors
/// When another one has it, or the directory cannot be written.
pub fn alone(directory: &Path) -> io::Result<File> {
    let path = directory.join("lock");
    let lock = File::options().append(true).create(true).open(&path);
    let lock = lock.map_err(|error| named("open", &path, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let why = format!("another ctld is at work in {}", directory.display());
            Err(io::Error::new(io::ErrorKind::ResourceBusy, why))
        }
        Err(TryLockError::Error(error)) => Err(named("lock", &path, &error)),
    }
}

/// Makes the name of a file or folder, or its absence, outlive a power cut.
pub fn sync_directory(of: &Path) -> io::Result<()> {
    File::open(directory(of))?.sync_all()
}

/// The directory that a file is in.
pub fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Moves a file that is not what it should be out of the way, and says so on standard error.
pub fn set_aside(path: &Path, why: &str) {
    let bad = with_suffix(path, ".bad");
    match fs::rename(path, &bad) {
        Ok(()) => eprintln!(
            "ctld: {}: {why}: set aside as {}",
            path.display(),
            bad.display()
        ),
        Err(error) => eprintln!(
            "ctld: {}: {why}: not used, and cannot be set aside: {error}",
            path.display()
        ),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn named(verb: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{verb} {}: {error}", path.display()))
}

/// A text that ctld finds whole again.
pub fn marked(kind: &str, body: &str) -> String {
    format!("# fourfold {kind} {:016x}\n{body}", sum(body))
}

/// What was marked; or why the bytes are not what was written.
///
/// # Errors
/// Bytes of another kind, cut off, or changed since.
pub fn unmarked<'b>(kind: &str, bytes: &'b [u8]) -> Result<&'b str, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not text".to_owned())?;
    let (header, body) = text.split_once('\n').ok_or("cut off in its first line")?;
    let written = header
        .strip_prefix("# fourfold ")
        .and_then(|rest| rest.strip_prefix(kind))
        .and_then(|rest| rest.strip_prefix(' '))
        .ok_or_else(|| format!("not a {kind} that was written here"))?;
    if written == format!("{:016x}", sum(body)) {
        Ok(body)
    } else {
        Err("cut off or changed since it was written".to_owned())
    }
}

/// What was marked in the file at `path`; none when there is no file, or when it is not what was
/// written: then it is set aside.
pub fn read_marked(kind: &str, path: &Path) -> Found {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
        Err(error) => {
            set_aside(path, &error.to_string());
            return Found::Bad;
        }
    };
    match unmarked(kind, &bytes) {
        Ok(body) => Found::Whole(body.to_owned()),
        Err(why) => {
            set_aside(path, &why);
            Found::Bad
        }
    }
}

/// What was found where a marked file may be.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// No file.
    Nothing,
    /// What was marked.
    Whole(String),
    /// Something else, which was set aside.
    Bad,
}

/// FNV-1a, 64 bits: tells accidents, not forgers, who could write the running file as well.
fn sum(body: &str) -> u64 {
    body.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_mode_owner_and_group() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("file");
        replace(&path, b"old").expect("written");
        // More than a usual umask leaves.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("mode");
        let others = chown(&path, Some(65_534), Some(65_534)).map(|()| 65_534);
        let before = fs::metadata(&path).expect("there");
        let owner = others.unwrap_or(before.uid()); // without root one's own
        fs::write(folder.path().join("file.new"), "left behind").expect("written");
        replace(&path, b"new").expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"new");
        let after = fs::metadata(&path).expect("there");
        assert_eq!(after.mode() & 0o777, 0o666);
        assert_eq!((after.uid(), after.gid()), (owner, before.gid()));
        assert!(!folder.path().join("file.new").exists());
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_what_it_was() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("file");
        // A directory in the place of the temporary file, as good as a full disk.
        fs::write(&path, "old").expect("written");
        fs::create_dir(folder.path().join("file.new")).expect("a directory");
        let error = replace(&path, b"new").expect_err("it was written");
        assert!(error.to_string().starts_with("write "), "{error}");
        assert_eq!(fs::read(&path).expect("there"), b"old");
    }

    #[test]
    fn removing_what_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("file");
        remove(&path).expect("nothing to do");
        replace(&path, b"x").expect("written");
        remove(&path).expect("removed");
        assert!(!path.exists());
    }

    #[test]
    fn only_what_was_marked_is_found_whole() {
        let whole = marked("journal", "{\"id\":7}\nand more\n");
        assert_eq!(
            unmarked("journal", whole.as_bytes()),
            Ok("{\"id\":7}\nand more\n")
        );
        assert!(unmarked("confirm", whole.as_bytes()).is_err());
        for length in 0..whole.len() {
            let cut = unmarked("journal", &whole.as_bytes()[..length]);
            assert!(cut.is_err(), "{length} bytes of {}", whole.len());
        }
        for place in 0..whole.len() {
            let mut changed = whole.clone().into_bytes();
            changed[place] ^= 1;
            assert!(unmarked("journal", &changed).is_err(), "byte {place}");
        }
    }

    #[test]
    fn what_is_not_whole_is_set_aside() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("journal");
        assert_eq!(read_marked("journal", &path), Found::Nothing);
        fs::write(&path, marked("journal", "x")).expect("written");
        assert_eq!(read_marked("journal", &path), Found::Whole("x".into()));
        fs::write(&path, "alien").expect("written");
        assert_eq!(read_marked("journal", &path), Found::Bad);
        assert!(!path.exists() && folder.path().join("journal.bad").exists());
        fs::create_dir(&path).expect("a directory");
        assert_eq!(read_marked("journal", &path), Found::Bad);
    }
}
