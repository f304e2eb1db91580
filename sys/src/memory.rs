//! Memory that several processes see: a memfd whose size is sealed, mapped shared.
//!
//! The seals (`F_SEAL_SHRINK`, `F_SEAL_GROW`, `F_SEAL_SEAL`) are what makes a mapping safe to read: nobody
//! can cut the file under a reader and make it die of `SIGBUS`. A descriptor that lacks them is refused.

use std::ffi::CString;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use nix::sys::stat::fstat;
use nix::unistd::ftruncate;

const WORD: usize = size_of::<AtomicU64>();

/// A mapped memfd. The mapping lives as long as the value, the memory as long as anybody holds it.
#[derive(Debug)]
pub struct SharedMemory {
    fd: OwnedFd,
    base: NonNull<libc::c_void>,
    len: NonZeroUsize,
}

// SAFETY: the value owns its mapping, which no thread is tied to; its bytes are shared with other
// processes anyway and are only reachable as atomics or through a raw pointer.
unsafe impl Send for SharedMemory {}
// SAFETY: as above; `&SharedMemory` gives out atomics and a raw pointer, nothing that aliases.
unsafe impl Sync for SharedMemory {}

impl SharedMemory {
    /// New zeroed memory of exactly `bytes` bytes (a multiple of 8, not 0), its size sealed for ever,
    /// mapped for reading and writing. `name` is for the reader of `/proc/PID/maps`.
    ///
    /// # Errors
    /// `InvalidInput` for a size that is 0 or no multiple of 8; else what the kernel says.
    pub fn create(name: &str, bytes: usize) -> io::Result<Self> {
        check_size(bytes)?;
        let size = i64::try_from(bytes).map_err(io::Error::other)?;
        let name = CString::new(name)?;
        let fd = memfd_create(
            name.as_c_str(),
            MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING,
        )?;
        ftruncate(&fd, size)?;
        fcntl(
            &fd,
            FcntlArg::F_ADD_SEALS(size_seals() | SealFlag::F_SEAL_SEAL),
        )?;
        Self::map(fd, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE)
    }

    /// Maps a received memfd for reading and writing.
    ///
    /// # Errors
    /// `InvalidData` when it is not a memfd, not size-sealed, empty or no multiple of 8 bytes.
    pub fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        check_seals(&fd)?;
        Self::map(fd, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE)
    }

    /// Maps a received memfd for reading. A store through [`words`](Self::words) of such a mapping ends
    /// the process with `SIGSEGV`: the reader's bug cannot reach the writer's memory.
    ///
    /// # Errors
    /// As [`from_fd`](Self::from_fd).
    pub fn from_fd_readonly(fd: OwnedFd) -> io::Result<Self> {
        check_seals(&fd)?;
        Self::map(fd, ProtFlags::PROT_READ)
    }

    fn map(fd: OwnedFd, protection: ProtFlags) -> io::Result<Self> {
        let bytes = usize::try_from(fstat(&fd)?.st_size).map_err(io::Error::other)?;
        let len = check_size(bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        // SAFETY: a fresh mapping at an address of the kernel's choice; the file's size is sealed (by
        // `create` or seen by `check_seals`), so that no access within `len` can fault later.
        let base = unsafe { mmap(None, len, protection, MapFlags::MAP_SHARED, &fd, 0) }?;
        Ok(Self { fd, base, len })
    }

    /// The memory as words. Other processes see each store, in the order that the atomics ask for.
    #[must_use]
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, `len` bytes long (a multiple of 8), lives as long as
        // `self`, and is only ever accessed atomically or by the kernel (the umem, through `as_ptr`).
        unsafe { std::slice::from_raw_parts(self.base.cast().as_ptr(), self.len.get() / WORD) }
    }

    /// Its size in bytes; never 0.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.len.get()
    }

    /// The first byte: what AF_XDP registers as umem. Who writes bytes through it must not touch the
    /// same ones through [`words`](Self::words).
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.base.cast().as_ptr()
    }

    /// The memfd, to be passed to another process.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsFd for SharedMemory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping that `map` made; every borrow of it ends before `self` does.
        let unmapped = unsafe { munmap(self.base, self.len.get()) };
        debug_assert!(unmapped.is_ok(), "munmap of an own mapping cannot fail");
    }
}

fn size_seals() -> SealFlag {
    SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW
}

fn check_size(bytes: usize) -> io::Result<NonZeroUsize> {
    match NonZeroUsize::new(bytes) {
        Some(len) if bytes.is_multiple_of(WORD) => Ok(len),
        Some(_) | None => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("shared memory of {bytes} bytes: must be a multiple of {WORD} and not 0"),
        )),
    }
}

fn check_seals(fd: &OwnedFd) -> io::Result<()> {
    let refused = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let seals = fcntl(fd, FcntlArg::F_GET_SEALS)
        .map_err(|e| refused(format!("shared memory: not a memfd: {e}")))?;
    if SealFlag::from_bits_truncate(seals).contains(size_seals()) {
        Ok(())
    } else {
        Err(refused("shared memory: its size is not sealed".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::ErrorKind;
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn new_memory_is_zero_and_as_long_as_asked() {
        let memory = SharedMemory::create("test", 4096 + 8).expect("memory");
        assert_eq!(memory.len(), 4104);
        assert_eq!(memory.words().len(), 513);
        assert!(
            memory
                .words()
                .iter()
                .all(|w| w.load(Ordering::Relaxed) == 0)
        );
    }

    #[test]
    fn two_mappings_of_one_memfd_see_the_same_words() {
        let writer = SharedMemory::create("test", 64).expect("memory");
        let fd = writer.as_fd().try_clone_to_owned().expect("dup");
        let reader = SharedMemory::from_fd(fd).expect("mapping");
        writer.words()[3].store(7, Ordering::Release);
        assert_eq!(reader.words()[3].load(Ordering::Acquire), 7);
        reader.words()[4].store(8, Ordering::Release);
        assert_eq!(writer.words()[4].load(Ordering::Acquire), 8);
    }

    #[test]
    fn the_memory_outlives_the_mapping_of_its_maker() {
        let writer = SharedMemory::create("test", 64).expect("memory");
        writer.words()[0].store(9, Ordering::Release);
        let fd = writer.as_fd().try_clone_to_owned().expect("dup");
        drop(writer);
        let reader = SharedMemory::from_fd_readonly(fd).expect("mapping");
        assert_eq!(reader.words()[0].load(Ordering::Acquire), 9);
    }

    #[test]
    fn seals_refuse_every_resize_and_every_further_seal() {
        let memory = SharedMemory::create("test", 4096).expect("memory");
        for size in [0, 4088, 8192] {
            assert!(
                ftruncate(memory.as_fd(), size).is_err(),
                "resized to {size}"
            );
        }
        assert!(
            ftruncate(memory.as_fd(), 4096).is_ok(),
            "its own size is no resize"
        );
        let write = FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_WRITE);
        assert!(
            fcntl(memory.as_fd(), write).is_err(),
            "a peer froze the memory"
        );
    }

    #[test]
    fn a_descriptor_without_size_seals_is_refused() {
        let open = memfd_create(c"open", MFdFlags::MFD_ALLOW_SEALING).expect("memfd");
        ftruncate(&open, 4096).expect("size");
        let shrink_only = open.try_clone().expect("dup");
        let refused = SharedMemory::from_fd(open).expect_err("unsealed memory was mapped");
        assert_eq!(refused.kind(), ErrorKind::InvalidData);
        fcntl(&shrink_only, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_SHRINK)).expect("seal");
        assert!(
            SharedMemory::from_fd_readonly(shrink_only).is_err(),
            "half-sealed was mapped"
        );
        let null = File::open("/dev/null").expect("null");
        assert!(
            SharedMemory::from_fd(null.into()).is_err(),
            "a device was mapped"
        );
    }

    #[test]
    fn odd_and_empty_sizes_are_refused() {
        for bytes in [0, 1, 12] {
            let refused = SharedMemory::create("test", bytes).expect_err("odd size");
            assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        }
    }
}
