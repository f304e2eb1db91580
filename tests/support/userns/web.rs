//! A real web server in a host: nginx, with the files of a [`Real`](crate::real::Real).

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::host::Host;
use super::program::Program;
use crate::{real, wait};

/// nginx; dropping it ends it.
#[derive(Debug)]
pub struct WebServer {
    name: String,
    room: PathBuf,
    nginx: Program,
}

impl WebServer {
    /// Starts nginx in `host` at these ports of every address, everything it writes below the empty
    /// directory `room`. It answers with the host's name in the header [`real::NAME_HEADER`].
    ///
    /// # Errors
    /// When it does not start; the error has what it wrote.
    pub fn start(host: &Host, ports: &[u16], room: &Path) -> Result<Self> {
        real::make_files(room)?;
        let configuration = configuration_text(host.name(), ports, room);
        let file = room.join("nginx.conf");
        std::fs::write(&file, configuration)
            .with_context(|| format!("writing {}", file.display()))?;
        let [prefix, file] = [room, &file].map(|path| path.display().to_string());
        let arguments = ["-p", &prefix, "-c", &file, "-e", "error.log"];
        let nginx = host.start("nginx", &arguments, &room.join("output.log"))?;
        let mut server = Self {
            name: host.name().to_owned(),
            room: room.to_owned(),
            nginx,
        };
        // It listens before it writes this.
        let pid = server.room.join("nginx.pid");
        let started = wait::until("nginx's pid file", Duration::from_secs(10), || match server
            .nginx
            .ended()
        {
            Ok(None) => pid.exists().then_some(Ok(())),
            Ok(Some(status)) => Some(Err(anyhow::anyhow!("it ended with {status}"))),
            Err(error) => Some(Err(error)),
        });
        started.flatten().with_context(|| {
            let name = &server.name;
            format!("nginx of {name}: {}", real::log(&server.room))
        })?;
        Ok(server)
    }

    /// The host's name, as in the header.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// One process, and root's: inside there is no other user, that nginx could give its directories to or that
/// a master's workers could become (they would not even be let to become root).
fn configuration_text(name: &str, ports: &[u16], room: &Path) -> String {
    let listen = real::listen_lines(ports.iter().copied());
    let http = real::http_block(name, room, &listen);
    let room = room.display();
    format!(
        "daemon off;
master_process off;
user root;
worker_rlimit_nofile 1024;
pid {room}/nginx.pid;
error_log {room}/error.log;
events {{ worker_connections 1000; }}
{http}"
    )
}
