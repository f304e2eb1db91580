//! A box's directories, and somebody who sits at its console.

use std::fs::{self, File, Permissions};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, poll};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::daemons;

/// What anything may take on a busy machine.
const GENEROUS: Duration = Duration::from_secs(60);

/// Of "correct horse", by fewer rounds than a real one.
pub const HASH: &str = "$6$rounds=1000$saltstring$YiR6NSM0LQXmu7vAhkMXfkdYk7qtFouVx1Mdr3HmzXspT8kONjlpU3CsV7ezCB62uXJoAdaagsH4ck7/tB9js.";

/// The shell of who is let in: says who it is for, and reads a line.
const SHELL: &str = "#!/bin/sh\necho \"shell of $USER $LOGNAME, home $HOME, $TERM, $PATH, $SECRET.\"\n\
    echo \"keys: $(stty -a | grep -o -- '-*isig').\"\nread line\necho \"it read $line.\"\n";

pub struct Stage {
    folder: TempDir,
    /// What was said for the log.
    said: Receiver<Value>,
}

impl Stage {
    /// A box with this configuration.
    pub fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        fs::create_dir(folder.path().join("run")).expect("a folder");
        let said = daemons::supervisor(&folder.path().join("run"));
        let stage = Self { folder, said };
        fs::write(stage.config(), config).expect("written");
        fs::write(stage.path("release"), "VERSION=1.2.3\n").expect("written");
        fs::write(stage.path("shell"), SHELL).expect("written");
        let mode = Permissions::from_mode(0o755);
        fs::set_permissions(stage.path("shell"), mode).expect("mode");
        stage
    }

    /// A box whose administrator has the password "correct horse".
    pub fn locked() -> Self {
        Self::new(&format!(
            "[system]\nhost_name = \"lb1\"\n[user.admin]\npassword = \"{HASH}\"\n"
        ))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> PathBuf {
        self.path("fourfold.toml")
    }

    pub fn run_dir(&self) -> PathBuf {
        self.path("run")
    }

    /// The next line for the log.
    pub fn said(&self) -> String {
        let said = self.said.recv_timeout(GENEROUS).expect("a line");
        assert_eq!(said["who"], "login");
        said["text"].as_str().expect("text").to_owned()
    }

    /// Runs login-console on a terminal.
    pub fn sit_down(&self) -> Operator {
        // No other test's child is to hold it.
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let pty = posix_openpt(flags).expect("a terminal");
        grantpt(&pty).and_then(|()| unlockpt(&pty)).expect("usable");
        let mut options = File::options();
        let options = options.read(true).write(true).custom_flags(flags.bits());
        let console = options.open(ptsname_r(&pty).expect("a name"));
        let console = console.expect("its other side");
        let terminal = || Stdio::from(console.try_clone().expect("a descriptor"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_login-console"));
        let mut option = |name: &str, path: &Path| {
            command.arg(name).arg(path);
        };
        option("--config", &self.config());
        option("--run-dir", &self.run_dir());
        option("--notices", &self.path("notices"));
        option("--release", &self.path("release"));
        option("--state", &self.path("state"));
        option("--shell", &self.path("shell"));
        command
            .env("TERM", "vt220")
            .env("SECRET", "of the one before")
            .stdin(terminal())
            .stdout(terminal())
            .stderr(terminal());
        let mut child = command.spawn().expect("a login-console");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        let (sender, ended) = channel();
        std::thread::spawn(move || sender.send(child.wait().expect("an end")));
        Operator {
            pid: Some(pid),
            ended,
            terminal: Some(File::from(OwnedFd::from(pty))),
            seen: String::new(),
        }
    }
}

/// Who sits there.
pub struct Operator {
    /// While it is not known to have ended.
    pid: Option<Pid>,
    ended: Receiver<ExitStatus>,
    terminal: Option<File>,
    seen: String,
}

impl Operator {
    /// Reads on until this was said; gives what came before it.
    pub fn until(&mut self, wanted: &str) -> String {
        let end = Instant::now() + GENEROUS;
        loop {
            if let Some((before, after)) = self.seen.split_once(wanted) {
                let before = before.to_owned();
                self.seen = after.to_owned();
                return before;
            }
            let mut terminal = self.terminal.as_ref().expect("a terminal");
            let mut ready = [PollFd::new(terminal.as_fd(), PollFlags::POLLIN)];
            poll(&mut ready, 1_000_u16).expect("poll");
            if ready[0].any() == Some(true) {
                let mut bytes = [0; 4096];
                let length = terminal.read(&mut bytes).unwrap_or(0);
                assert!(length > 0, "it ended without {wanted:?}: {}", self.seen);
                self.seen += &String::from_utf8_lossy(&bytes[..length]);
            }
            assert!(Instant::now() < end, "no {wanted:?} in {}", self.seen);
        }
    }

    /// Types something.
    pub fn type_in(&mut self, text: &str) {
        let mut terminal = self.terminal.as_ref().expect("a terminal");
        terminal.write_all(text.as_bytes()).expect("typed");
    }

    /// Waits for a question, and answers it; gives what was said before the question.
    pub fn answer(&mut self, question: &str, answer: &str) -> String {
        let before = self.until(question);
        self.type_in(&format!("{answer}\r"));
        before
    }

    /// Hangs up.
    pub fn hang_up(&mut self) {
        self.terminal = None;
    }

    /// How it ended.
    pub fn end(mut self) -> ExitStatus {
        let status = self.ended.recv_timeout(GENEROUS).expect("an end");
        self.pid = None;
        status
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let pid = self.pid.take();
        if let Some(pid) = pid.filter(|_| self.ended.try_recv().is_err()) {
            kill(pid, Signal::SIGKILL).ok();
        }
    }
}
