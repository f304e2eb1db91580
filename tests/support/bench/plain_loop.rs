//! The bare loop as a program that lives as long as its value.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};

use anyhow::{Context, Result};

use super::layout::PORT;
use crate::namespace::Namespace;

/// A running loop. It ends when its standard input does, so also when its owner is killed.
#[derive(Debug)]
pub struct PlainLoop {
    child: Child,
    /// Held open: its last words go there.
    output: BufReader<ChildStdout>,
    thread: PathBuf,
    mode: String,
}

impl PlainLoop {
    /// Starts `program` on `processor` and waits until it forwards; its pins are made in `room`.
    pub fn start(
        namespace: &Namespace,
        program: &Path,
        processor: usize,
        room: &Path,
    ) -> Result<Self> {
        let mut child = super::preferred(namespace, processor)
            .arg(program)
            .arg(PORT)
            .env("TMPDIR", room)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("starting the bare loop")?;
        let output = child.stdout.take().context("the loop's output")?;
        let mut plain_loop = Self {
            thread: format!("/proc/{0}/task/{0}/schedstat", child.id()).into(),
            child,
            output: BufReader::new(output),
            mode: String::new(),
        };
        let mut line = String::new();
        plain_loop
            .output
            .read_line(&mut line)
            .context("waiting for the bare loop")?;
        let mode = line
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(')'));
        let (mode, _) = mode.context("the bare loop is not ready")?;
        mode.clone_into(&mut plain_loop.mode);
        Ok(plain_loop)
    }

    /// The file of its thread's processor time.
    pub fn thread(&self) -> &Path {
        &self.thread
    }

    /// How AF_XDP runs.
    pub fn mode(&self) -> &str {
        &self.mode
    }
}

impl Drop for PlainLoop {
    fn drop(&mut self) {
        // The end of its input is what it ends with.
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}
