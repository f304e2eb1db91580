//! The helper's two processes. The outer one makes the namespaces and waits; the inner one, process 1 of its
//! own process namespace, does what the owner asks. The kernel ends everything inside with the inner one,
//! whatever it is and whoever its parent was.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};
use sys::packet::Packet;

use super::inside;
use super::request::Answer;

const INSIDE: &str = "--inside";

/// The helper program: `world DIRECTORY`, the owner's socket as standard input. The directory is removed at
/// the end.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        // It has no use for the directory, but shows whose it is.
        [INSIDE, _] => inside::run(),
        [directory] => outer(Path::new(directory)),
        _ => {
            eprintln!("world is a part of the tests; it is of no use by itself");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            refuse(&error);
            ExitCode::FAILURE
        }
    }
}

fn outer(directory: &Path) -> Result<()> {
    enter_namespaces()?;
    let status = Command::new("/proc/self/exe")
        .args([INSIDE.as_ref(), directory])
        .status()
        .context("starting the helper's inner process")?;
    // The owner removes it as well, unless it was killed.
    fs::remove_dir_all(directory).ok();
    anyhow::ensure!(
        status.success(),
        "the helper's inner process ended with {status}"
    );
    Ok(())
}

/// Makes the namespaces; this user becomes root in them.
fn enter_namespaces() -> Result<()> {
    let (user, group) = (geteuid(), getegid());
    let all = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWPID;
    unshare(all)
        .with_context(|| format!("user {user} may not make a user namespace: {}", advice()))?;
    let write = |name: &str, text: String| {
        let path = Path::new("/proc/self").join(name);
        fs::write(&path, text).with_context(|| format!("writing {}: {}", path.display(), advice()))
    };
    // Without this the kernel lets only root map groups.
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("0 {user} 1"))?;
    write("gid_map", format!("0 {group} 1"))
}

/// What may forbid it, and what would be legal.
fn advice() -> String {
    let wanted = [
        (
            "/proc/sys/user/max_user_namespaces",
            "0",
            "user.max_user_namespaces=10000",
        ),
        (
            "/proc/sys/kernel/unprivileged_userns_clone",
            "0",
            "kernel.unprivileged_userns_clone=1",
        ),
        (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ];
    let is_set =
        |path: &str, value: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == value);
    let forbidding = wanted
        .into_iter()
        .filter(|(path, value, _)| is_set(path, value));
    let advice: Vec<String> = forbidding
        .map(|(_, _, setting)| format!("`sysctl {setting}` allows it"))
        .collect();
    if advice.is_empty() {
        "no setting that is known forbids it; a container's own rules may".to_owned()
    } else {
        advice.join(", ")
    }
}

/// Tells the owner why there is no world.
fn refuse(error: &anyhow::Error) {
    let why = format!("{error:#}");
    let told = || -> Result<()> {
        let answer = serde_json::to_vec(&Answer::Refused { why: why.clone() })?;
        let socket = Packet::from(stdin().try_clone_to_owned()?);
        socket.send(&answer, &[])?;
        Ok(())
    };
    if told().is_err() {
        eprintln!("world: {why}");
    }
}

/// The owner's socket.
pub(super) fn stdin() -> BorrowedFd<'static> {
    static STDIN: std::sync::OnceLock<std::io::Stdin> = std::sync::OnceLock::new();
    STDIN.get_or_init(std::io::stdin).as_fd()
}
