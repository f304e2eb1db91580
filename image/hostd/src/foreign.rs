//! Programs that are not ours: Debian's SSH and NTP servers, kept running as this process's children.
//!
//! One that ends is started again, after 100 ms at first, twice as long each time and at most 30 s, until it
//! has lived for a minute. They end with this process. Their lines come out as ours, as far as they are few:
//! strangers cause some of them.

mod lines;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::files;

pub use lines::Prefix;

/// The first pause before a program is started again, the longest, and the life that makes it the first anew.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
const HEALTHY: Duration = Duration::from_secs(60);

/// How long a program may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(3);

/// How a program is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its file.
    pub path: &'static str,
    /// Its arguments.
    pub args: Vec<String>,
    /// The configuration that is written before it is started: where and what.
    pub config: Option<(PathBuf, String)>,
    /// The file in which one that was killed may have left its process id: removed before a start, since
    /// the same id may be somebody else's by then.
    pub pid_file: PathBuf,
    /// What stands before the words of its lines.
    pub prefix: Prefix,
}

/// A place for one program, which may change and be empty.
#[derive(Debug)]
pub struct Foreign {
    wanted: watch::Sender<Option<Program>>,
    task: JoinHandle<()>,
}

impl Foreign {
    /// An empty place; `name` stands before its lines.
    pub fn new(name: &'static str) -> Self {
        let (wanted, wish) = watch::channel(None);
        let task = tokio::spawn(keep(name, wish));
        Self { wanted, task }
    }

    /// Has this program run from now on, and no other. One that runs so already goes on as it is.
    pub fn want(&self, program: Option<Program>) {
        self.wanted.send_if_modified(|wanted| {
            let is_new = *wanted != program;
            *wanted = program;
            is_new
        });
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(name: &'static str, mut wish: watch::Receiver<Option<Program>>) {
    let mut pause = FIRST;
    loop {
        let Some(program) = wish.borrow_and_update().clone() else {
            pause = FIRST;
            if wish.changed().await.is_err() {
                return;
            }
            continue;
        };
        let started = Instant::now();
        let why = match run(name, &program, &mut wish).await {
            Ok(None) => {
                pause = FIRST;
                continue;
            }
            Ok(Some(status)) => status.to_string(),
            Err(e) => e.to_string(),
        };
        pause = first_after(started.elapsed(), pause);
        eprintln!("hostd: {name}: {why}; again in {} ms", pause.as_millis());
        tokio::select! {
            () = sleep(pause) => pause = LONGEST.min(pause * 2),
            changed = wish.changed() => {
                pause = FIRST;
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// The pause after a program that has lived for so long, when the one before it was followed by this pause.
fn first_after(life: Duration, pause: Duration) -> Duration {
    if life >= HEALTHY { FIRST } else { pause }
}

/// Runs the program until it ends, which is its status, or something else is wanted, which ends it.
async fn run(
    name: &'static str,
    program: &Program,
    wish: &mut watch::Receiver<Option<Program>>,
) -> io::Result<Option<ExitStatus>> {
    let mut child = start(name, program)?;
    eprintln!("hostd: {name}: started");
    tokio::select! {
        status = child.wait() => Ok(Some(status?)),
        _ = wish.changed() => {
            stop(&mut child).await?;
            eprintln!("hostd: {name}: stopped");
            Ok(None)
        }
    }
}

fn start(name: &'static str, program: &Program) -> io::Result<Child> {
    if let Some((path, text)) = &program.config {
        files::write(path, 0o600, text)?;
    }
    remove(&program.pid_file)?;
    let mut command = Command::new(program.path);
    command
        .args(&program.args)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    sys::tied::tie(command.as_std_mut(), Signal::SIGTERM);
    let mut child = command
        .spawn()
        .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", program.path)))?;
    if let Some(stderr) = child.stderr.take() {
        // It ends with the last process that writes there: an SSH session may outlive its server.
        tokio::spawn(lines::repeat(name, stderr, program.prefix));
    }
    Ok(child)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

async fn stop(child: &mut Child) -> io::Result<()> {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    if let Some(pid) = pid {
        // Not reaped yet, so that the id is still its own.
        kill(Pid::from_raw(pid), Signal::SIGTERM)?;
    }
    match timeout(PATIENCE, child.wait()).await {
        Ok(ended) => ended.map(drop),
        Err(_) => child.kill().await,
    }
}

#[cfg(test)]
#[path = "tests/foreign.rs"]
mod tests;
