//! A supervisor among daemons of a test's own: shell scripts in its directory, its log read line by line.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use serde_json::Value;
use sys::packet::Packet;
use sys::spawn::{Child, Output, Readiness, Spawn};
use tokio::time::timeout;

/// What an event may take on a busy machine.
pub const GENEROUS: Duration = Duration::from_secs(60);

static NEXT: AtomicU32 = AtomicU32::new(0);
/// A script cannot be run while another thread's fork still holds it open for writing.
static WRITE_OR_FORK: Mutex<()> = Mutex::new(());

/// The lock's value is nothing, so that a test that failed under it has broken nothing.
fn write_or_fork() -> MutexGuard<'static, ()> {
    WRITE_OR_FORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What every script begins with: `--check`, a line with its process id, an orderly end, and `idle`. Bash
/// that is told to end just before it waits does not know before it has waited: so never for long.
const PRELUDE: &str = r#"#!/bin/bash
dir=@STAGE@
[[ " $* " == *" --check "* ]] && exit 0
trap 'echo down; exit 0' TERM
ready() { echo >&$READY_FD; echo ready; }
idle() { while :; do read -r -t 1 -u $never; done; }
exec {never}<>$dir/never
echo "up $$"
"#;

/// A daemon that is ready at once and runs until it is stopped.
pub const PLAIN: &str = "ready; idle";

/// The daemons, in the order in which they start.
pub const DAEMONS: [&str; 6] = ["lvsd", "bondd", "hostd", "vrrpd", "healthd", "ctld"];

pub struct Stage {
    dir: PathBuf,
}

impl Stage {
    /// A stage on which every daemon is [`PLAIN`].
    pub fn new() -> Self {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("supervisor-test-{}-{n}", std::process::id()));
        fs::create_dir(&dir).expect("a directory for the test");
        let stage = Self { dir };
        for fifo in ["never", "gate"] {
            mkfifo(&stage.path(fifo), Mode::S_IRWXU).expect("fifo");
        }
        let program = Path::new(env!("CARGO_BIN_EXE_supervisor"));
        // The supervisor runs the daemons that stand beside it.
        if fs::hard_link(program, stage.path("supervisor")).is_err() {
            let _guard = write_or_fork();
            fs::copy(program, stage.path("supervisor")).expect("a copy of the supervisor");
        }
        for name in DAEMONS {
            stage.script(name, PLAIN);
        }
        stage
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Makes `name` do `body` after the prelude.
    pub fn script(&self, name: &str, body: &str) {
        self.raw_script(name, &format!("{PRELUDE}{body}\n"));
    }

    pub fn raw_script(&self, name: &str, text: &str) {
        // Written beside and renamed: the kernel refuses to write what it is about to run.
        let (new, path) = (self.path(&format!("{name}.new")), self.path(name));
        let text = text.replace("@STAGE@", &self.dir.display().to_string());
        let _guard = write_or_fork();
        fs::write(&new, text).expect("script");
        fs::set_permissions(&new, Permissions::from_mode(0o755)).expect("mode");
        fs::rename(&new, &path).expect("rename");
    }

    /// Puts another configuration in the place of the one that there is.
    pub fn replace_configuration(&self) {
        let new = self.path("fourfold.new");
        fs::write(&new, "another").expect("a file");
        fs::rename(&new, self.path("fourfold.toml")).expect("rename");
    }

    /// Runs the supervisor.
    pub fn start(&self) -> Supervisor {
        self.start_in("run")
    }

    /// Runs the supervisor in a run directory of this name.
    pub fn start_in(&self, run_dir: &str) -> Supervisor {
        let spawn = Spawn::new(self.path("supervisor")).args(self.args(run_dir));
        self.run(spawn, run_dir)
    }

    /// Runs the supervisor with these options, too.
    pub fn start_with<A: AsRef<OsStr>>(&self, options: impl IntoIterator<Item = A>) -> Supervisor {
        let spawn = Spawn::new(self.path("supervisor")).args(self.args("run"));
        self.run(spawn.args(options), "run")
    }

    /// Runs it in the place of a shell that does something before.
    pub fn start_after(&self, before: &str) -> Supervisor {
        let shell = format!("{before}\nexec \"$@\"");
        let spawn = Spawn::new("sh")
            .args(["-c", &shell, "sh"])
            .args([self.path("supervisor")])
            .args(self.args("run"));
        self.run(spawn, "run")
    }

    /// Runs it as the child of process 1, which ends with its exit status: a shell, in a PID namespace of
    /// its own. Signals do not reach it.
    pub fn start_on_the_appliance(&self) -> Supervisor {
        let user: &[&str] = if nix::unistd::geteuid().is_root() {
            &[]
        } else {
            &["--user", "--map-root-user"]
        };
        let spawn = Spawn::new("unshare")
            .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(user)
            .args(["sh", "-c", "\"$@\"; exit $?", "sh"])
            .args([self.path("supervisor")])
            .args(self.args("run"));
        self.run(spawn, "run")
    }

    fn args(&self, run_dir: &str) -> [PathBuf; 4] {
        [
            "--config".into(),
            self.path("fourfold.toml"),
            "--run-dir".into(),
            self.path(run_dir),
        ]
    }

    fn run(&self, spawn: Spawn, run_dir: &str) -> Supervisor {
        let guard = write_or_fork();
        let mut child = spawn.start().expect("the supervisor");
        drop(guard);
        let output = child.output().expect("pipe").expect("first");
        let readiness = child.readiness().expect("pipe").expect("first");
        let socket = self.path(run_dir).join("supervisor.sock");
        Supervisor {
            child,
            output,
            readiness,
            socket,
            text: String::new(),
        }
    }
}

impl Drop for Stage {
    /// Ends what a failed test has left: only processes whose command line names this directory.
    fn drop(&mut self) {
        let dir = self.dir.display().to_string();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&line).contains(&dir) {
                kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
            }
        }
        fs::remove_dir_all(&self.dir).ok();
    }
}

pub struct Supervisor {
    child: Child,
    output: Output,
    readiness: Readiness,
    socket: PathBuf,
    text: String,
}

impl Supervisor {
    /// The next line of the log; `None` at its end.
    pub async fn line(&mut self) -> Option<String> {
        loop {
            if let Some((line, rest)) = self.text.split_once('\n') {
                let line = line.to_owned();
                self.text = rest.to_owned();
                return Some(line);
            }
            let mut bytes = [0; 4096];
            let read = timeout(GENEROUS, self.output.read(&mut bytes)).await;
            match read.expect("a line in time").expect("output") {
                0 => return None,
                len => self.text.push_str(&String::from_utf8_lossy(&bytes[..len])),
            }
        }
    }

    /// Reads on until a line begins so; returns its rest.
    pub async fn until(&mut self, prefix: &str) -> String {
        self.first_of([prefix]).await.1
    }

    /// Reads on until a line begins in one of these ways; returns which, and its rest.
    pub async fn first_of<const N: usize>(&mut self, prefixes: [&str; N]) -> (usize, String) {
        let mut seen = Vec::new();
        while let Some(line) = self.line().await {
            let rest = |(which, prefix): (usize, &&str)| {
                Some((which, line.strip_prefix(*prefix)?.to_owned()))
            };
            if let Some(found) = prefixes.iter().enumerate().find_map(rest) {
                return found;
            }
            seen.push(line);
        }
        panic!("no line {prefixes:?} in {seen:#?}");
    }

    /// Reads on until a daemon is up; returns its process id.
    pub async fn up(&mut self, daemon: &str) -> i32 {
        self.until(&format!("{daemon}: up "))
            .await
            .parse()
            .expect("a process id")
    }

    /// Every line to the end, and the exit status. Each daemon's lines come by a pipe of its own, so
    /// that its "ready" may be read after another daemon's later lines: those are left out.
    pub async fn end(&mut self) -> (Vec<String>, ExitStatus) {
        let status = timeout(GENEROUS, self.child.wait())
            .await
            .expect("in time")
            .expect("status");
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            if !line.ends_with(": ready") && !line.starts_with("supervisor: without root") {
                lines.push(line);
            }
        }
        (lines, status)
    }

    /// Waits until it says that all are ready.
    pub async fn ready(&self) -> bool {
        timeout(GENEROUS, self.readiness.wait())
            .await
            .expect("in time")
            .expect("readiness")
    }

    pub fn signal(&self, signal: Signal) {
        self.child.signal(signal).expect("signal");
    }

    /// `show daemons`: the items.
    pub fn show(&self) -> Vec<Value> {
        self.items("daemons")
    }

    /// `show` of a noun: the items.
    pub fn items(&self, noun: &str) -> Vec<Value> {
        let records = self.ask(format!(r#"{{"show":"{noun}"}}"#).as_bytes());
        let (begin, rest) = records.split_first().expect("begin");
        let (end, items) = rest.split_last().expect("end");
        assert_eq!(begin["begin"], noun);
        assert_eq!(end["end"], items.len());
        items.iter().map(|item| item["item"].clone()).collect()
    }

    /// One question and its answer, to its last record.
    pub fn ask(&self, question: &[u8]) -> Vec<Value> {
        let peer = Packet::connect(&self.socket).expect("connected");
        peer.set_timeout(Some(GENEROUS)).expect("limit");
        peer.send(question, &[]).expect("asked");
        let mut records: Vec<Value> = Vec::new();
        loop {
            let (record, _) = peer.recv().expect("answered");
            let record: Value = serde_json::from_slice(&record).expect("JSON");
            let last = ["end", "error"].iter().any(|key| record.get(key).is_some());
            let last = last || record == "done";
            records.push(record);
            if last {
                return records;
            }
        }
    }
}

pub fn kill_now(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("SIGKILL");
}
