//! The boot partition: mounted for as long as something is read or written there, and no longer.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::grubenv::{GrubEnv, Slot};
use crate::mount::{self, Access};

const TARGET: &str = "/run/boot";

/// Two of a kind: GRUB reads the first, and the second is for when the first was torn.
const BLOCKS: [&str; 2] = ["grub/grubenv", "grub/grubenv.bak"];

/// The configuration's `system`, `management` and `user` tables, kept by hostd for a box that has lost its
/// data partition.
const RESCUE: &str = "rescue.toml";

/// Somebody else has it mounted for a moment: so often, and after this time, it is tried again.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// Copies rescue.toml to `to`. Whether there is one.
///
/// # Errors
/// What the disk or the kernel says.
pub fn copy_rescue(device: &Path, to: &Path) -> io::Result<bool> {
    mounted(device, Access::Read, |boot| {
        match fs::copy(boot.join(RESCUE), to) {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    })
}

/// Removes rescue.toml.
///
/// # Errors
/// What the disk or the kernel says.
pub fn remove_rescue(device: &Path) -> io::Result<()> {
    mounted(device, Access::Write, |boot| {
        match fs::remove_file(boot.join(RESCUE)) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            Ok(()) | Err(_) => File::open(boot)?.sync_all(),
        }
    })
}

/// Changes GRUB's environment block for the slot that runs. A torn block is taken from its copy; when both
/// are torn, it is made anew.
///
/// # Errors
/// What the disk or the kernel says.
pub fn edit(device: &Path, slot: Slot, change: impl Fn(&mut GrubEnv, Slot)) -> io::Result<()> {
    mounted(device, Access::Write, |boot| {
        let paths = BLOCKS.map(|name| boot.join(name));
        edit_blocks(&paths, slot, &change)
    })
}

fn edit_blocks(
    paths: &[PathBuf],
    slot: Slot,
    change: impl Fn(&mut GrubEnv, Slot),
) -> io::Result<()> {
    let whole = paths
        .iter()
        .find_map(|path| GrubEnv::parse(&fs::read(path).ok()?));
    let mut env = whole.unwrap_or_else(|| GrubEnv::fresh(slot));
    change(&mut env, slot);
    let block = env.block().ok_or(ErrorKind::FileTooLarge)?;
    for path in paths {
        if !fs::read(path).is_ok_and(|old| old == block) {
            overwrite(path, &block)?;
        }
    }
    Ok(())
}

/// In place: a file of the same length keeps its blocks on the disk, which is all that GRUB knows of it.
fn overwrite(path: &Path, block: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    file.write_all(block)?;
    let len = u64::try_from(block.len()).map_err(io::Error::other)?;
    file.set_len(len)?;
    file.sync_all()
}

fn mounted<T>(
    device: &Path,
    access: Access,
    work: impl FnOnce(&Path) -> io::Result<T>,
) -> io::Result<T> {
    let device = device.to_str().ok_or(ErrorKind::InvalidInput)?;
    let mut tries = TRIES;
    loop {
        match mount::boot(device, TARGET, access) {
            Ok(()) => break,
            Err(e) if e.kind() == ErrorKind::ResourceBusy && tries > 0 => tries -= 1,
            Err(e) => return Err(e),
        }
        thread::sleep(PAUSE);
    }
    let done = work(Path::new(TARGET));
    mount::unmount(TARGET)?;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(directory: &tempfile::TempDir) -> Vec<PathBuf> {
        let name = |name| directory.path().join(name);
        vec![name("grubenv"), name("grubenv.bak")]
    }

    fn block(variables: &str) -> Vec<u8> {
        let mut block = format!("# GRUB Environment Block\n{variables}").into_bytes();
        block.resize(1024, b'#');
        block
    }

    const TRIED: &str = "order=a b\na_ok=0\na_tries=2\n";
    const MARKED: &str = "order=a b\na_ok=1\na_tries=3\n";

    #[test]
    fn a_change_is_in_both_blocks() {
        let directory = tempfile::tempdir().expect("a directory");
        let paths = paths(&directory);
        fs::write(&paths[0], block(TRIED)).expect("written");
        edit_blocks(&paths, Slot::A, GrubEnv::mark_ok).expect("marked");
        for path in &paths {
            assert_eq!(fs::read(path).expect("there"), block(MARKED));
        }
    }

    #[test]
    fn a_torn_block_is_taken_from_its_copy() {
        let directory = tempfile::tempdir().expect("a directory");
        let paths = paths(&directory);
        fs::write(&paths[0], [0; 1000]).expect("written");
        fs::write(&paths[1], block(TRIED)).expect("written");
        edit_blocks(&paths, Slot::A, GrubEnv::give_back).expect("given back");
        let given_back = block("order=a b\na_ok=0\na_tries=3\n");
        for path in &paths {
            assert_eq!(fs::read(path).expect("there"), given_back);
        }
    }

    #[test]
    fn with_both_blocks_torn_the_slot_that_runs_is_started_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let paths = paths(&directory);
        edit_blocks(&paths, Slot::B, GrubEnv::mark_ok).expect("marked");
        let fresh = block("order=b a\nb_ok=1\na_ok=0\nb_tries=3\na_tries=3\n");
        assert_eq!(fs::read(&paths[0]).expect("there"), fresh);
    }

    #[test]
    fn what_is_right_already_is_not_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let paths = paths(&directory);
        for path in &paths {
            fs::write(path, block(MARKED)).expect("written");
        }
        let written = || {
            fs::metadata(&paths[0])
                .and_then(|m| m.modified())
                .expect("a time")
        };
        let before = written();
        edit_blocks(&paths, Slot::A, GrubEnv::mark_ok).expect("marked");
        assert_eq!(written(), before);
    }

    #[test]
    fn a_block_is_written_in_place() {
        use std::os::unix::fs::MetadataExt;
        let directory = tempfile::tempdir().expect("a directory");
        let path = &paths(&directory)[0];
        fs::write(path, vec![b'x'; 2000]).expect("written");
        let inode = fs::metadata(path).expect("there").ino();
        overwrite(path, &block(MARKED)).expect("written");
        assert_eq!(fs::metadata(path).expect("there").ino(), inode);
        assert_eq!(fs::read(path).expect("there"), block(MARKED));
    }
}
