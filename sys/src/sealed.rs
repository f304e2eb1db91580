//! Bytes that another process reads and nobody changes: a memfd with every seal.
//!
//! For what is larger than a record. [`crate::memory`] is the other kind: memory that goes on changing.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

/// A memfd with these bytes, sealed against every change. `name` is for the reader of `/proc/PID/fd`.
///
/// # Errors
/// `InvalidInput` for a name with a NUL; else what the kernel says.
pub fn seal(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    let name = CString::new(name)?;
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut file = File::from(memfd_create(name.as_c_str(), flags)?);
    file.write_all(bytes)?;
    fcntl(&file, FcntlArg::F_ADD_SEALS(all()))?;
    Ok(file.into())
}

/// The bytes of a sealed memfd, at most `most`. Its offset does not matter: who else holds the same
/// file may read at the same time.
///
/// # Errors
/// `InvalidData` when it is not a memfd, lacks a seal or is longer; else what the kernel says.
pub fn unseal(fd: OwnedFd, most: usize) -> io::Result<Vec<u8>> {
    let refused = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let seals =
        fcntl(&fd, FcntlArg::F_GET_SEALS).map_err(|e| refused(format!("not a memfd: {e}")))?;
    if !SealFlag::from_bits_truncate(seals).contains(all()) {
        return Err(refused("a memfd that can still change".to_owned()));
    }
    let file = File::from(fd);
    let bytes = file.metadata()?.len();
    let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
    if bytes > most {
        return Err(refused(format!("{bytes} bytes: at most {most}")));
    }
    let mut read = vec![0; bytes];
    file.read_exact_at(&mut read, 0)?;
    Ok(read)
}

fn all() -> SealFlag {
    SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SEAL
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn what_was_sealed_is_read_by_any_number_of_readers() {
        for bytes in [&b""[..], b"x", &[7; 100_000]] {
            let fd = seal("test", bytes).expect("sealed");
            for _ in 0..2 {
                let again = fd.try_clone().expect("dup");
                assert_eq!(unseal(again, 100_000).expect("bytes"), bytes);
            }
        }
    }

    #[test]
    fn what_was_sealed_cannot_be_written() {
        let fd = seal("test", b"for ever").expect("sealed");
        let file = File::from(fd);
        assert!(file.write_at(b"never", 0).is_err());
        assert!(file.set_len(0).is_err());
    }

    #[test]
    fn what_may_change_or_is_too_long_is_refused() {
        let open = memfd_create(c"open", MFdFlags::MFD_ALLOW_SEALING).expect("memfd");
        let partly = open.try_clone().expect("dup");
        let refused = unseal(open, 10).expect_err("unsealed");
        assert_eq!(refused.kind(), ErrorKind::InvalidData);
        let size = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW;
        fcntl(&partly, FcntlArg::F_ADD_SEALS(size)).expect("seal");
        assert!(unseal(partly, 10).is_err(), "its bytes may change");
        let long = seal("test", &[0; 11]).expect("sealed");
        assert!(unseal(long, 10).is_err(), "too long");
        let null = File::open("/dev/null").expect("null");
        assert!(unseal(null.into(), 10).is_err(), "a device");
    }
}
