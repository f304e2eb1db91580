//! The switch's control socket: JSON-RPC over a Unix socket, what `ovs-appctl` speaks. Spoken
//! directly because a process for each of fifty questions a second would disturb what is measured.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Deserializer, Value, json};

/// A control socket.
#[derive(Clone, Debug)]
pub struct Control {
    path: PathBuf,
}

impl Control {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The text that `method` answers.
    pub fn ask(&self, method: &str, parameters: &[&str]) -> Result<String> {
        let what = || format!("asking {} for {method}", self.path.display());
        let stream = UnixStream::connect(&self.path).with_context(what)?;
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .with_context(what)?;
        let request = json!({"id": 0, "method": method, "params": parameters});
        serde_json::to_writer(&stream, &request).with_context(what)?;
        let mut answers = Deserializer::from_reader(&stream).into_iter::<Value>();
        let answer = answers.next().with_context(what)?.with_context(what)?;
        match (&answer["result"], &answer["error"]) {
            (Value::String(text), Value::Null) => Ok(text.clone()),
            (_, error) => bail!("{}: {error}", what()),
        }
    }
}
