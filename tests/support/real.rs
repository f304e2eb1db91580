//! A real server: nginx in a namespace of its own, with a configuration of its own.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::daemon::Daemon;
use crate::namespace::{self, Namespace};
use crate::plan::{NAT_REAL_PORTS, VIP_PORT};
use crate::wait;

mod hanging;

pub use hanging::Hanging;

/// Path of the small body, the same on every real.
pub const BODY: &str = "/body";
/// Path of the large body, the same on every real.
pub const LARGE: &str = "/large";
/// Bytes of the small body.
pub const BODY_BYTES: usize = 4096;
/// Bytes of the large body.
pub const LARGE_BYTES: usize = 10_000_000;
/// The answer header that names the real.
pub const NAME_HEADER: &str = "x-real";

/// A SHA-256 digest in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
}

/// `length` bytes that do not repeat within a frame, the same on every call.
pub fn content(length: usize) -> Vec<u8> {
    // A linear congruential generator; its high byte has the longest period.
    let mut state = 0x0004_f4f4_u64;
    std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    })
    .take(length)
    .collect()
}

/// A real server.
#[derive(Debug)]
pub struct Real {
    name: String,
    namespace: String,
    room: PathBuf,
    /// `None` while it is dead.
    nginx: Option<Daemon>,
}

impl Real {
    /// Starts nginx named `name` in `namespace`, everything it writes below `room`.
    pub fn start(name: &str, namespace: &Namespace, room: &Path) -> Result<Self> {
        make_files(room)?;
        let configuration = configuration_text(name, room);
        write(&room.join("nginx.conf"), configuration.as_bytes())?;
        let mut real = Self {
            name: name.to_owned(),
            namespace: namespace.name().to_owned(),
            room: room.to_owned(),
            nginx: None,
        };
        real.start_again()?;
        Ok(real)
    }

    /// SIGKILL to master and worker; returns the moment after which it answers nobody.
    pub fn kill(&mut self) -> Result<Instant> {
        drop(self.nginx.take());
        // Only the master's end has been waited for.
        let gone = || {
            let left = namespace::processes(&self.namespace);
            left.iter().all(|one| one.name != "nginx").then_some(())
        };
        wait::until("nginx's workers to end", Duration::from_secs(5), gone)?;
        Ok(Instant::now())
    }

    /// Starts it after its death; returns the moment before which it answered nobody.
    pub fn start_again(&mut self) -> Result<Instant> {
        let (name, room) = (&self.name, &self.room);
        let pid = room.join("nginx.pid");
        // A killed one leaves its file.
        if pid.exists() {
            fs::remove_file(&pid).with_context(|| format!("removing {}", pid.display()))?;
        }
        let mut command = namespace::command(&self.namespace, "nginx");
        command.arg("-p").arg(room);
        command.arg("-c").arg(room.join("nginx.conf"));
        command.args(["-e", "error.log"]);
        let at = Instant::now();
        let mut nginx = Daemon::start(name, command, &room.join("output.log"))?;
        wait::until_ok(Duration::from_secs(10), || {
            anyhow::ensure!(nginx.ended().is_none(), "{name} ended: {}", log(room));
            anyhow::ensure!(pid.exists(), "{name} has not written its pid file");
            Ok(())
        })?;
        self.nginx = Some(nginx);
        Ok(at)
    }

    /// Its name, as in the header [`NAME_HEADER`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the file a client has uploaded as `/upload/NAME`, if there is one.
    pub fn uploaded(&self, name: &str) -> Option<String> {
        fs::read(self.room.join("files/upload").join(name))
            .ok()
            .map(|bytes| sha256(&bytes))
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// The files that a real serves, and a place for nginx's own.
pub(crate) fn make_files(room: &Path) -> Result<()> {
    for directory in ["files", "files/upload", "temp"].map(|name| room.join(name)) {
        fs::create_dir(&directory).with_context(|| format!("creating {}", directory.display()))?;
    }
    write(&room.join("files/body"), &content(BODY_BYTES))?;
    write(&room.join("files/large"), &content(LARGE_BYTES))
}

/// What nginx wrote.
pub(crate) fn log(room: &Path) -> String {
    let read = |name: &str| fs::read_to_string(room.join(name)).unwrap_or_default();
    format!("{}{}", read("output.log"), read("error.log"))
}

fn configuration_text(name: &str, room: &Path) -> String {
    let listen = listen_lines([VIP_PORT].into_iter().chain(NAT_REAL_PORTS));
    let http = http_block(name, room, &listen);
    let room = room.display();
    format!(
        "daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 16384;
pid {room}/nginx.pid;
error_log {room}/error.log;
events {{ worker_connections 8192; }}
{http}"
    )
}

/// Ports of every address of both families.
pub(crate) fn listen_lines(ports: impl Iterator<Item = u16>) -> String {
    let listen = |port| {
        format!("listen {port} backlog=4096;\n        listen [::]:{port} backlog=4096;\n        ")
    };
    ports.map(listen).collect()
}

/// A server that names itself and takes uploads.
pub(crate) fn http_block(name: &str, room: &Path, listen: &str) -> String {
    let room = room.display();
    format!(
        "http {{
    access_log off;
    client_body_temp_path {room}/temp/body;
    proxy_temp_path {room}/temp/proxy;
    fastcgi_temp_path {room}/temp/fastcgi;
    uwsgi_temp_path {room}/temp/uwsgi;
    scgi_temp_path {room}/temp/scgi;
    keepalive_timeout 1h;
    keepalive_requests 100000000;
    client_max_body_size 64m;
    server {{
        {listen}root {room}/files;
        add_header X-Real {name} always;
        location /upload/ {{ dav_methods PUT; }}
    }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_known_one() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }

    #[test]
    fn content_is_the_same_each_time_and_does_not_repeat() {
        let bytes = content(8192);
        assert_eq!(bytes, content(8192));
        assert_ne!(bytes[..4096], bytes[4096..]);
    }
}
