//! The configuration's file: which one it is. Its content is the daemons' to read.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

/// How often the file is looked at while a daemon is in maintenance.
const LOOK: Duration = Duration::from_millis(500);

/// Returns when the file is another one than `before`.
pub async fn replaced(path: &Path, before: Option<Identity>) {
    while identity(path) == before {
        sleep(LOOK).await;
    }
}

/// A file's inode, and the time at which it was written, in seconds and nanoseconds.
pub type Identity = (u64, i64, i64);

/// Which file there is, and of when.
pub fn identity(path: &Path) -> Option<Identity> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.ino(), file.mtime(), file.mtime_nsec()))
}
