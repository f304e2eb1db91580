//! Network namespaces, for tests and the lab.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, setns};

/// Where `ip netns` keeps its names.
const NAMED: &str = "/run/netns";

/// Moves the calling thread (and only it) into a network namespace: a name as `ip netns list` prints it,
/// or a path such as `/proc/PID/ns/net`. Sockets opened before stay where they were.
///
/// # Errors
/// `NotFound` for a name that does not exist, `PermissionDenied` without `CAP_SYS_ADMIN`; the message
/// names the namespace.
pub fn enter(name: &str) -> io::Result<()> {
    let path = path(name);
    let named = |e: io::Error| io::Error::new(e.kind(), format!("netns {}: {e}", path.display()));
    let namespace = File::open(&path).map_err(named)?;
    setns(namespace, CloneFlags::CLONE_NEWNET).map_err(|e| named(e.into()))
}

/// Runs `work` on a thread of its own inside the namespace and returns what it returned. The calling
/// thread stays where it is.
///
/// # Errors
/// As [`enter`]; `Other` when `work` panicked.
pub fn run<T, F>(name: &str, work: F) -> io::Result<T>
where
    T: Send,
    F: FnOnce() -> T + Send,
{
    std::thread::scope(|scope| {
        let inside = scope.spawn(|| enter(name).map(|()| work()));
        inside
            .join()
            .map_err(|_| io::Error::other(format!("netns {name}: the work panicked")))?
    })
}

fn path(name: &str) -> PathBuf {
    if name.contains('/') {
        PathBuf::from(name)
    } else {
        Path::new(NAMED).join(name)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use nix::sched::unshare;

    use super::*;

    fn here() -> u64 {
        std::fs::metadata("/proc/thread-self/ns/net")
            .expect("this thread's namespace")
            .ino()
    }

    #[test]
    fn an_unknown_namespace_is_an_error_with_its_name() {
        let refused = enter("sys-no-such-namespace").expect_err("entered nothing");
        assert_eq!(refused.kind(), io::ErrorKind::NotFound);
        assert!(
            refused
                .to_string()
                .contains("/run/netns/sys-no-such-namespace"),
            "{refused}"
        );
    }

    #[test]
    #[ignore = "needs root"]
    fn a_thread_enters_a_namespace_and_its_caller_stays() {
        let (send, receive) = std::sync::mpsc::channel();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).expect("unshare");
            send.send((nix::unistd::gettid(), here())).expect("tell");
            assert!(
                wait.recv().is_err(),
                "only the end of the channel is expected"
            );
        });
        let (tid, inode) = receive.recv().expect("the other thread");
        let outside = here();
        assert_ne!(outside, inode);
        let inside = run(&format!("/proc/{tid}/ns/net"), here).expect("entered");
        assert_eq!(inside, inode);
        assert_eq!(here(), outside);
        drop(done);
        other.join().expect("the other thread");
    }
}
