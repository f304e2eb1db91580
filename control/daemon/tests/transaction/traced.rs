//! A process whose every change of the disk is seen before it is made, and that can be killed there.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// A change of the disk, or what makes one outlive a loss of power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A file is opened that may be new.
    Create(PathBuf),
    /// Bytes go to a file; or its mode or owner changes.
    Write(PathBuf),
    /// What was written to a file, or the names in a directory, are brought to the disk.
    Sync(PathBuf),
    /// A file has another name.
    Rename(PathBuf, PathBuf),
    /// A file has one name more.
    Link(PathBuf, PathBuf),
    /// A name goes.
    Remove(PathBuf),
    /// A directory is made.
    MakeDirectory(PathBuf),
}

impl Change {
    /// Whether this changes names or bytes; a sync only makes them last.
    pub fn is_made(&self) -> bool {
        !matches!(self, Self::Sync(_))
    }
}

/// Lets a process that has stopped itself go on until it stops itself again; gives the changes that it made.
pub fn until_stopped(pid: Pid) -> Vec<Change> {
    seize(pid);
    let mut changes = Vec::new();
    let end = follow(pid, |change| {
        changes.push(change);
        true
    });
    assert_eq!(end, End::Stopped);
    changes
}

/// Runs `command`, which stops itself at the step that is held there, from that step on: to its end, or to
/// the change of this number (from 0), before which it is killed. Gives the changes that were made.
pub fn run(command: &mut Command, killed_before: Option<usize>) -> Vec<Change> {
    let mut child = command.spawn().expect("a process");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    let stopped = waitpid(pid, Some(WaitPidFlag::WUNTRACED)).expect("it stops itself");
    assert_eq!(stopped, WaitStatus::Stopped(pid, Signal::SIGSTOP));
    seize(pid);
    let mut changes = Vec::new();
    let mut made = 0;
    let end = follow(pid, |change| {
        if change.is_made() {
            if Some(made) == killed_before {
                return false;
            }
            made += 1;
        }
        changes.push(change);
        true
    });
    if end == End::Refused {
        child.kill().expect("killed");
    }
    child.wait().ok(); // one that ended by itself has been waited for
    changes
}

/// How the following of a process ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// It ended.
    Ended,
    /// It stopped itself, and is so.
    Stopped,
    /// It is about to make a change that was refused.
    Refused,
}

/// Takes over a process that has stopped itself, and lets it go on.
fn seize(pid: Pid) {
    let options = Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_EXITKILL;
    ptrace::seize(pid, options).expect("a child of ours");
    kill(pid, Signal::SIGCONT).expect("it goes on");
}

/// Has each change of a process looked at before it is made.
fn follow(pid: Pid, mut look: impl FnMut(Change) -> bool) -> End {
    let mut is_entry = true;
    loop {
        let signal = match waitpid(pid, None).expect("its state") {
            WaitStatus::PtraceSyscall(_) => {
                let change = is_entry.then(|| change(pid)).flatten();
                is_entry = !is_entry;
                if change.is_some_and(|change| !look(change)) {
                    return End::Refused;
                }
                None
            }
            WaitStatus::PtraceEvent(..) | WaitStatus::Stopped(_, Signal::SIGCONT) => None,
            WaitStatus::Stopped(_, Signal::SIGSTOP) => {
                ptrace::detach(pid, Signal::SIGSTOP).expect("it stops");
                return End::Stopped;
            }
            WaitStatus::Stopped(_, signal) => Some(signal),
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => return End::Ended,
            other => panic!("{other:?}"),
        };
        ptrace::syscall(pid, signal).expect("it goes on");
    }
}

/// The change that the system call that is about to be made will make.
fn change(pid: Pid) -> Option<Change> {
    let registers = ptrace::getregs(pid).expect("registers");
    let (first, second) = (registers.rdi, registers.rsi);
    let number = libc::c_long::try_from(registers.orig_rax).expect("a number");
    Some(match number {
        libc::SYS_openat => {
            let flags = i32::try_from(registers.rdx).expect("flags");
            if flags & libc::O_CREAT == 0 {
                return None;
            }
            Change::Create(path(pid, second))
        }
        libc::SYS_write | libc::SYS_fchmod | libc::SYS_fchown => {
            let file = descriptor(pid, first)?;
            Change::Write(file)
        }
        libc::SYS_fsync | libc::SYS_fdatasync => Change::Sync(descriptor(pid, first)?),
        libc::SYS_rename => Change::Rename(path(pid, first), path(pid, second)),
        libc::SYS_linkat => Change::Link(path(pid, second), path(pid, registers.r10)),
        libc::SYS_unlink => Change::Remove(path(pid, first)),
        libc::SYS_mkdir => Change::MakeDirectory(path(pid, first)),
        libc::SYS_renameat | libc::SYS_renameat2 | libc::SYS_unlinkat | libc::SYS_ftruncate => {
            panic!("system call {number} is not followed yet")
        }
        _ => return None,
    })
}

fn path(pid: Pid, address: u64) -> PathBuf {
    let memory = File::open(format!("/proc/{}/mem", pid)).expect("its memory");
    let mut bytes = Vec::new();
    let mut byte = [0];
    while memory
        .read_at(&mut byte, address + bytes.len() as u64)
        .expect("a path")
        == 1
        && byte != [0]
    {
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).expect("text").into()
}

/// The file behind a descriptor; none for pipes and the like.
fn descriptor(pid: Pid, number: u64) -> Option<PathBuf> {
    let link = format!("/proc/{}/fd/{number}", pid);
    let path = fs::read_link(link).expect("a descriptor");
    path.is_absolute()
        .then_some(path)
        .filter(|path| !path.starts_with("/dev"))
}

/// Asserts what makes a sequence of changes in `directory` outlive a loss of power at any point, as the
/// old or the new: what is renamed has been synced since it was written, and the directory of a name that
/// changes is synced before the next name changes anywhere, and before the end. What ends in `.new` or
/// `.bad`, the lock, and what a step that is held says, may be lost.
pub fn assert_durable(directory: &Path, changes: &[Change]) {
    let counts = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.starts_with(directory)
            && !["lock", "held"].contains(&&*name)
            && ![".new", ".bad"].iter().any(|end| name.ends_with(end))
    };
    let mut unsynced: Vec<&Path> = Vec::new();
    let mut owed: Option<&Path> = None;
    for change in changes {
        let named = match change {
            Change::Create(path) | Change::Write(path) => {
                unsynced.push(path);
                assert!(!counts(path), "{path:?} is written in place: {changes:#?}");
                None
            }
            Change::Sync(path) => {
                unsynced.retain(|one| one != path);
                owed = owed.filter(|owed| owed != path);
                None
            }
            Change::Rename(old, new) => {
                let is_synced = !unsynced.contains(&old.as_path());
                assert!(is_synced || !counts(new), "{old:?} is not: {changes:#?}");
                Some(new)
            }
            Change::Link(_, path) | Change::Remove(path) | Change::MakeDirectory(path) => {
                Some(path)
            }
        };
        if let Some(path) = named.filter(|path| counts(path)) {
            assert_eq!(owed, None, "not synced before {change:?}: {changes:#?}");
            owed = path.parent();
        }
    }
    assert_eq!(owed, None, "not synced at the end: {changes:#?}");
}
