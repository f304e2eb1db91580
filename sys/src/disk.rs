//! Disks as the kernel sees them.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

nix::ioctl_none!(
    /// `BLKRRPART` of linux/fs.h.
    reread,
    0x12,
    95
);

/// Has the kernel read the partition table of this disk again; the device nodes are there on return.
///
/// # Errors
/// `ResourceBusy` while a partition of it is in use; `InvalidInput` for what is no whole disk.
pub fn reread_partitions(disk: &File) -> io::Result<()> {
    // SAFETY: takes no argument, touches no memory.
    unsafe { reread(disk.as_raw_fd()) }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_no_disk() {
        let file = File::open("/proc/self/exe").expect("this program");
        assert!(reread_partitions(&file).is_err());
    }
}
