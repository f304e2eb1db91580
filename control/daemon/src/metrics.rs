//! Metrics over HTTP, for Prometheus: asked of the daemons when somebody asks for them.
//!
//! - `server`: HTTP, bounded in connections and time;
//! - `ask`: the daemons' answers, each within a second;
//! - `page`: the answers as Prometheus' text; `family`: how that text is written.

mod ask;
mod family;
mod page;
mod server;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use control::transaction::Absent;
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

/// How long until an address that could not be listened on at a start is tried again: it may be a
/// bond's, which comes later.
const AGAIN: Duration = Duration::from_secs(1);

/// The server of metrics, where one is configured.
#[derive(Debug)]
pub struct Metrics {
    run_dir: PathBuf,
    listen: Option<SocketAddr>,
    /// One, while something is configured.
    server: JoinSet<()>,
}

/// What ctld promised to do.
#[derive(Debug)]
pub enum Promise {
    /// To go on as before.
    Same,
    /// To serve no metrics.
    None,
    /// To serve them here.
    Serve(SocketAddr, TcpListener),
    /// To serve them here as soon as that is possible.
    Later(SocketAddr),
}

impl Metrics {
    /// Serves what the daemons whose sockets are in `run_dir` say, if `listen` says where. An address
    /// that cannot be listened on is tried again and again.
    pub fn start(run_dir: &Path, listen: Option<SocketAddr>) -> Self {
        let mut server = JoinSet::new();
        if let Some(listen) = listen {
            server.spawn(serve_as_soon_as_possible(listen, run_dir.to_owned()));
        }
        Self {
            run_dir: run_dir.to_owned(),
            listen,
            server,
        }
    }

    /// Gets ready to serve there. Where daemons may be away, so may the address.
    ///
    /// # Errors
    /// In one line why that is not possible.
    pub fn prepare(&self, listen: Option<SocketAddr>, absent: Absent) -> Result<Promise, String> {
        if listen == self.listen {
            return Ok(Promise::Same);
        }
        let Some(listen) = listen else {
            return Ok(Promise::None);
        };
        match bind(listen) {
            Ok(listener) => Ok(Promise::Serve(listen, listener)),
            Err(_) if absent == Absent::Follows => Ok(Promise::Later(listen)),
            Err(error) if self.is_in_the_way(listen, &error) => Ok(Promise::Later(listen)),
            Err(error) => Err(format!("metrics.listen = \"{listen}\": {}", reason(&error))),
        }
    }

    /// Whether it is these metrics themselves that hold the port, on another address.
    fn is_in_the_way(&self, listen: SocketAddr, error: &io::Error) -> bool {
        let is_own_port = self.listen.is_some_and(|own| own.port() == listen.port());
        is_own_port && error.kind() == io::ErrorKind::AddrInUse
    }

    /// Does what was promised.
    pub fn commit(&mut self, promise: Promise) {
        match promise {
            Promise::Same => {}
            Promise::None => {
                self.listen = None;
                self.server = JoinSet::new();
            }
            Promise::Later(listen) => *self = Self::start(&self.run_dir, Some(listen)),
            Promise::Serve(listen, listener) => {
                self.listen = Some(listen);
                self.server = JoinSet::new();
                let run_dir = self.run_dir.clone();
                self.server.spawn(async move {
                    match tokio::net::TcpListener::from_std(listener) {
                        Ok(listener) => server::run(listener, run_dir).await,
                        Err(error) => eprintln!("ctld: metrics on {listen}: {error}"),
                    }
                });
            }
        }
    }
}

async fn serve_as_soon_as_possible(listen: SocketAddr, run_dir: PathBuf) {
    // A server that was here a moment ago has left by then.
    yield_now().await;
    let mut told = false;
    loop {
        match bind(listen).and_then(tokio::net::TcpListener::from_std) {
            Ok(listener) => return server::run(listener, run_dir).await,
            Err(error) if !told => {
                eprintln!("ctld: metrics on {listen}: {}, trying on", reason(&error));
                told = true;
            }
            Err(_) => {}
        }
        sleep(AGAIN).await;
    }
}

fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable => "an address of this host, which this is not".to_owned(),
        io::ErrorKind::AddrInUse => "a port that nobody uses, which this is not".to_owned(),
        _ => error.to_string(),
    }
}
