//! Daemons of this run directory that nobody knows: started by a supervisor that died before it could write
//! down whom. They would hold sockets, queues and interfaces against those that are started now.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use sys::process::{Process, started};
use sys::store::{DAEMON, FD_STORE};
use tokio::time::timeout;

use crate::log::Log;

/// How long the end of a killed process is waited for; the kernel may have much to tear down.
const LIMIT: Duration = Duration::from_secs(10);

/// Ends every process that was started as `daemon` of the supervisor at `socket`.
pub async fn end(daemon: &str, socket: &Path, log: &Log) {
    let variable = |name: &str, value: &[u8]| [name.as_bytes(), b"=", value].concat();
    let wanted = [
        variable(FD_STORE, socket.as_os_str().as_bytes()),
        variable(DAEMON, daemon.as_bytes()),
    ];
    let is_stray =
        |process: &Process| process.pid() != std::process::id() && has(process.pid(), &wanted);
    for mut process in processes().filter(is_stray) {
        let pid = process.pid();
        log.line(
            "supervisor",
            &format!("{daemon}: process {pid} is left over: killed"),
        );
        if let Err(e) = process.signal(Signal::SIGKILL) {
            log.line("supervisor", &format!("{daemon}: process {pid}: {e}"));
        } else if timeout(LIMIT, process.wait()).await.is_err() {
            let limit = LIMIT.as_secs();
            let text = format!("{daemon}: process {pid} is not dead after {limit} s");
            log.line("supervisor", &text);
        }
    }
}

fn processes() -> impl Iterator<Item = Process> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    folders.filter_map(|folder| {
        let pid = folder.file_name().to_str()?.parse().ok()?;
        // Dead in the meantime, or not ours to touch.
        Process::open(pid, started(pid).ok()?).ok().flatten()
    })
}

/// Whether a process was started with all these variables.
fn has(pid: u32, variables: &[Vec<u8>]) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    variables.iter().all(|wanted| {
        let mut there = environment.split(|byte| *byte == 0);
        there.any(|variable| variable == wanted)
    })
}
