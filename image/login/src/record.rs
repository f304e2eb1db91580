//! Lines for the log, by way of the supervisor; while that is away, to the kernel's.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sys::packet::Packet;

/// How long the supervisor may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Puts a line into the log.
pub fn say(run_dir: &Path, text: &str) {
    if said(&run_dir.join("supervisor.sock"), text).is_err()
        && let Err(error) = to_the_kernel(text)
    {
        eprintln!("login: {text} (/dev/kmsg: {error})");
    }
}

fn said(supervisor: &Path, text: &str) -> io::Result<()> {
    let peer = Packet::connect(supervisor)?;
    peer.set_timeout(Some(PATIENCE))?;
    let record = json!({"say": {"who": "login", "text": text}});
    peer.send(record.to_string().as_bytes(), &[])?;
    let (answer, _) = peer.recv()?;
    if answer == br#""done""# {
        Ok(())
    } else {
        Err(io::Error::other(
            String::from_utf8_lossy(&answer).into_owned(),
        ))
    }
}

fn to_the_kernel(text: &str) -> io::Result<()> {
    let mut log = File::options().write(true).open("/dev/kmsg")?;
    log.write_all(format!("login: {text}\n").as_bytes())
}
