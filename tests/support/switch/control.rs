//! A switch's socket for commands: one JSON object a line, one answer a line.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::counters::Direction;
use super::fault::Loss;
use super::host::Handle;
use super::socket_file;

/// A command, as the switch's socket takes it: `{"cut": {"port": "lb1-eth1", "direction": "in"}}`,
/// `"status"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// [`Handle::cut`].
    Cut {
        /// The port.
        port: String,
        /// `in`, `out` or `both`; without it `both`.
        #[serde(default)]
        direction: Direction,
    },
    /// [`Handle::heal`].
    Heal {
        /// The port.
        port: String,
    },
    /// [`Handle::delay`].
    Delay {
        /// The port.
        port: String,
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// For how long.
        milliseconds: u64,
    },
    /// [`Handle::lose`].
    Drop {
        /// The port.
        port: String,
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// `{"every": 3}`, `{"random": {"per_mille": 10, "seed": 1}}`; without it none.
        #[serde(default)]
        loss: Option<Loss>,
    },
    /// [`Handle::set_carrier`].
    Carrier {
        /// The port.
        port: String,
        /// Whether its cable is in.
        up: bool,
    },
    /// [`Handle::mirror`].
    Mirror {
        /// The port.
        port: String,
        /// The port that sees the copies; without it none.
        #[serde(default)]
        to: Option<String>,
    },
    /// [`Handle::record`].
    Record {
        /// The port; without it all.
        #[serde(default)]
        port: Option<String>,
        /// The file.
        file: PathBuf,
    },
    /// [`Handle::stop_recording`].
    StopRecording {
        /// The file.
        file: PathBuf,
    },
    /// [`Handle::status`].
    Status,
    /// [`Handle::fdb`].
    Fdb,
}

impl Command {
    /// Carries it out; the answer of a command that asks for nothing is `"done"`.
    ///
    /// # Errors
    /// As the handle's method.
    pub fn run(&self, switch: &Handle) -> Result<Value> {
        match self {
            Self::Cut { port, direction } => switch.cut(port, *direction)?,
            Self::Heal { port } => switch.heal(port)?,
            Self::Delay {
                port,
                direction,
                milliseconds,
            } => switch.delay(port, *direction, Duration::from_millis(*milliseconds))?,
            Self::Drop {
                port,
                direction,
                loss,
            } => switch.lose(port, *direction, *loss)?,
            Self::Carrier { port, up } => switch.set_carrier(port, *up)?,
            Self::Mirror { port, to } => switch.mirror(port, to.as_deref())?,
            Self::Record { port, file } => switch.record(port.as_deref(), file)?,
            Self::StopRecording { file } => switch.stop_recording(file)?,
            Self::Status => return Ok(serde_json::to_value(switch.status())?),
            Self::Fdb => return Ok(serde_json::to_value(switch.fdb())?),
        }
        Ok(json!("done"))
    }
}

/// The socket; it goes with the value.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// Takes commands for `switch` at the socket `path`.
    ///
    /// # Errors
    /// When the socket cannot be made, for example because a process has it.
    pub fn serve(switch: Handle, path: &Path) -> Result<Self> {
        let what = || format!("making the socket {}", path.display());
        socket_file::clear(path)?;
        let listener = UnixListener::bind(path).with_context(what)?;
        let ending = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new()
            .name("control".to_owned())
            .spawn({
                let ending = Arc::clone(&ending);
                move || accept(&switch, &listener, &ending)
            })
            .context("starting the control's thread")?;
        Ok(Self {
            path: path.to_owned(),
            ending,
            thread: Some(thread),
        })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        // The listener waits for somebody.
        let woken = UnixStream::connect(&self.path).is_ok();
        fs::remove_file(&self.path).ok();
        if woken {
            // It holds nothing that its end could spoil.
            self.thread.take().map(JoinHandle::join);
        }
    }
}

fn accept(switch: &Handle, listener: &UnixListener, ending: &AtomicBool) {
    for stream in listener.incoming() {
        if ending.load(Ordering::Acquire) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let switch = switch.clone();
        // A client that leaves is no business of the switch's.
        std::thread::spawn(move || drop(serve(&switch, stream)));
    }
}

fn serve(switch: &Handle, mut stream: UnixStream) -> Result<()> {
    let lines = BufReader::new(stream.try_clone()?).lines();
    for line in lines {
        let command = serde_json::from_str::<Command>(&line?);
        let answer = command
            .context("no command")
            .and_then(|command| command.run(switch));
        let answer = match answer {
            Ok(answer) => json!({"ok": answer}),
            Err(error) => json!({"error": format!("{error:#}")}),
        };
        writeln!(stream, "{answer}")?;
    }
    Ok(())
}

/// Gives the switch at the socket `path` a command, and returns its answer.
///
/// # Errors
/// When nobody answers there, and what the switch says is wrong.
pub fn ask(path: &Path, command: &Command) -> Result<Value> {
    let what = || format!("asking the switch at {}", path.display());
    let mut stream = UnixStream::connect(path).with_context(what)?;
    writeln!(stream, "{}", serde_json::to_string(command)?).with_context(what)?;
    let mut line = String::new();
    BufReader::new(stream)
        .read_line(&mut line)
        .with_context(what)?;
    let mut answer: Value = serde_json::from_str(&line).with_context(what)?;
    if let Some(error) = answer.get("error") {
        bail!("{}", error.as_str().unwrap_or_default());
    }
    Ok(answer["ok"].take())
}
