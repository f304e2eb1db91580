//! The SSH server: Debian's dropbear, on the management addresses and nowhere else.
//!
//! Who guesses passwords is slowed by dropbear: a wrong one costs about 0.3 s, the connection ends with the
//! third, and an address has at most five connections that have not logged in. Each attempt is a line.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use control::config::Config;
use tokio::process::Command;
use tokio::time::timeout;

use crate::files;
use crate::foreign::{Prefix, Program};

const DROPBEAR: &str = "/usr/sbin/dropbear";
const DROPBEARKEY: &str = "/usr/bin/dropbearkey";

/// The host keys. RSA takes a slow processor half a minute, and every client of these ten years knows both.
const KEYS: [&str; 2] = ["ed25519", "ecdsa"];

/// Addresses that dropbear listens on at most.
const ADDRESSES: usize = 10;

/// How long making or reading a key may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The server with its pid file in this `run`, for those of the management addresses that are `present`; none
/// when there is none, or nobody who could log in.
pub fn server(
    run: &Path,
    keys: &[PathBuf],
    config: &Config,
    present: &[IpAddr],
) -> Option<Program> {
    let management = config.management.as_ref()?;
    let own = management.addresses.iter().map(|own| own.ip);
    let listen: Vec<IpAddr> = own.filter(|ip| present.contains(ip)).collect();
    if listen.is_empty() || config.users.is_empty() || keys.is_empty() {
        return None;
    }
    let pid_file = run.join("fourfold-ssh.pid");
    // In the foreground, lines to standard error, no forwarding of ports, three tries.
    let mut args: Vec<String> = ["-F", "-E", "-j", "-k", "-T", "3"]
        .map(str::to_owned)
        .into();
    args.extend(["-P".to_owned(), pid_file.display().to_string()]);
    if config.users.iter().all(|user| user.password.is_none()) {
        args.push("-s".to_owned());
    }
    for key in keys {
        args.extend(["-r".to_owned(), key.display().to_string()]);
    }
    for ip in listen.iter().take(ADDRESSES) {
        let place = match ip {
            IpAddr::V4(v4) => format!("{v4}:22"),
            IpAddr::V6(v6) => format!("[{v6}]:22"),
        };
        args.extend(["-p".to_owned(), place]);
    }
    Some(Program {
        path: DROPBEAR,
        args,
        config: None,
        pid_file,
        prefix: Prefix::ProcessAndDate,
    })
}

/// The host keys in this directory, which is made with them where they are not there. One that makes no sense
/// is put aside, and another one takes its place.
///
/// # Errors
/// When one can neither be read nor made.
pub async fn host_keys(dir: &Path) -> io::Result<Vec<PathBuf>> {
    files::directory(dir, 0o700)?;
    let mut keys = Vec::new();
    for kind in KEYS {
        let path = dir.join(format!("host_key_{kind}"));
        if path.exists() && dropbearkey(&["-y", "-f"], &path).await.is_err() {
            let aside = path.with_extension("faulty");
            eprintln!(
                "hostd: ssh: {}: no host key, another one is made",
                path.display()
            );
            fs::rename(&path, aside)?;
        }
        if !path.exists() {
            dropbearkey(&["-t", kind, "-f"], &path).await?;
            eprintln!("hostd: ssh: {}: made", path.display());
        }
        keys.push(path);
    }
    Ok(keys)
}

async fn dropbearkey(args: &[&str], path: &Path) -> io::Result<()> {
    let mut command = Command::new(DROPBEARKEY);
    command.args(args).arg(path).kill_on_drop(true);
    let Ok(output) = timeout(PATIENCE, command.output()).await else {
        return Err(io::Error::other(format!(
            "{DROPBEARKEY} does not come to an end"
        )));
    };
    let output = output.map_err(|e| io::Error::new(e.kind(), format!("{DROPBEARKEY}: {e}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.lines().last().unwrap_or("no reason given");
    Err(io::Error::other(format!(
        "{DROPBEARKEY}: {}: {why}",
        path.display()
    )))
}

#[cfg(test)]
#[path = "tests/ssh.rs"]
mod tests;
