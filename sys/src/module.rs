//! Kernel modules: loading one, and the patterns by which modules say which devices they are for.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use nix::errno::Errno;

/// The file is compressed, by the method that the kernel was built for (`linux/module.h`).
const COMPRESSED_FILE: libc::c_int = 4;

/// Loads the module in `file`, without parameters; `compressed` when it is to be unpacked by the kernel.
/// Its dependencies must be there. Returns when the module has looked at the devices that are there.
/// A module that is already loaded is no error.
///
/// # Errors
/// What the kernel says: `PermissionDenied` without `CAP_SYS_MODULE`.
pub fn load(file: &File, compressed: bool) -> io::Result<()> {
    let flags = if compressed { COMPRESSED_FILE } else { 0 };
    // SAFETY: a descriptor that lives longer than the call, a string with its end, a number; the kernel
    // keeps neither.
    let loaded = unsafe {
        libc::syscall(
            libc::SYS_finit_module,
            file.as_raw_fd(),
            c"".as_ptr(),
            flags,
        )
    };
    match Errno::result(loaded) {
        Ok(_) | Err(Errno::EEXIST) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Whether `text` is matched by `pattern` (`fnmatch(3)` without flags: `*`, `?`, `[...]`), as in
/// `modules.alias`.
#[must_use]
pub fn matches(pattern: &CStr, text: &CStr) -> bool {
    // SAFETY: two strings with their ends, read only.
    unsafe { libc::fnmatch(pattern.as_ptr(), text.as_ptr(), 0) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_the_kernels_matches_as_fnmatch_does() {
        for (pattern, text, matched) in [
            (c"virtio:d00000001v*", c"virtio:d00000001v00001AF4", true),
            (c"virtio:d00000001v*", c"virtio:d00000002v00001AF4", false),
            (
                c"usb:v13FDp3940d0[0-2]*dc*",
                c"usb:v13FDp3940d0209dc00",
                true,
            ),
            (
                c"usb:v13FDp3940d0[0-2]*dc*",
                c"usb:v13FDp3940d0309dc00",
                false,
            ),
            (c"acpi*:LNRO0005:*", c"acpi:LNRO0005:", true),
            (c"of:N*T*Cvirtio,mmio", c"of:NaTbCvirtio,mmio2", false),
            (c"a?c", c"a/c", true),
            (c"", c"", true),
        ] {
            assert_eq!(matches(pattern, text), matched, "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn what_is_no_module_is_not_loaded() {
        let this = File::open("/proc/self/exe").expect("this program");
        // Without the right to it EPERM, with it ENOEXEC.
        assert!(load(&this, false).is_err());
    }
}
