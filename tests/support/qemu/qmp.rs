//! QEMU's monitor: one JSON object a line (the QEMU Machine Protocol).

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::wait;

/// How long QEMU may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to the monitor.
#[derive(Debug)]
pub struct Qmp {
    stream: BufReader<UnixStream>,
}

impl Qmp {
    pub(super) fn connect(path: &Path, bound: Duration) -> Result<Self> {
        let stream = wait::until_ok(bound, || {
            UnixStream::connect(path).with_context(|| format!("connecting to {}", path.display()))
        })?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .context("a bound for QEMU's answers")?;
        let mut qmp = Self {
            stream: BufReader::new(stream),
        };
        qmp.read()?; // its greeting
        qmp.ask("qmp_capabilities", &json!({}))?;
        Ok(qmp)
    }

    /// Plugs the NIC `id` in (`up`) or out; the guest sees its carrier change.
    pub fn set_link(&mut self, id: &str, up: bool) -> Result<()> {
        self.ask("set_link", &json!({"name": id, "up": up}))
            .map(|_| ())
    }

    /// Presses reset.
    pub fn reset(&mut self) -> Result<()> {
        self.ask("system_reset", &json!({})).map(|_| ())
    }

    /// Stops or continues the machine's processors.
    pub fn set_running(&mut self, is_running: bool) -> Result<()> {
        let command = if is_running { "cont" } else { "stop" };
        self.ask(command, &json!({})).map(|_| ())
    }

    fn ask(&mut self, command: &str, arguments: &Value) -> Result<Value> {
        let line = json!({"execute": command, "arguments": arguments});
        writeln!(self.stream.get_mut(), "{line}")
            .with_context(|| format!("asking for {command}"))?;
        loop {
            let mut answer = self
                .read()
                .with_context(|| format!("the answer to {command}"))?;
            if let Some(error) = answer.get("error") {
                bail!("QEMU refuses {command}: {error}");
            }
            // Anything else is an event.
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
        }
    }

    fn read(&mut self) -> Result<Value> {
        let mut line = String::new();
        let bytes = self
            .stream
            .read_line(&mut line)
            .context("reading from QEMU")?;
        anyhow::ensure!(bytes > 0, "QEMU has gone");
        serde_json::from_str(&line).with_context(|| format!("QEMU said {line:?}"))
    }
}
