//! A healthd in the test's own runtime, and listeners where lvsd and vrrpd would be.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use control::cli::socket_in;
use control::ipc::{Request, Server};
use control::show::{HealthItem, Noun};
use health::{CheckConfig, Config, Kind, TargetConfig};
use sys::packet::AsyncPacket;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, what).await;
    waited.expect("it comes in time")
}

/// A check in a hurry: three in a row, 100 ms apart.
pub fn check(kind: Kind) -> CheckConfig {
    CheckConfig {
        kind,
        interval: wire::Duration::from_millis(100),
        timeout: wire::Duration::from_millis(300),
        rise: 3,
        fall: 3,
        port: None,
    }
}

pub fn target(service: &str, real: SocketAddr, check: CheckConfig) -> TargetConfig {
    TargetConfig {
        service: service.into(),
        real,
        check,
    }
}

/// A running healthd.
pub struct Healthd {
    pub run: TempDir,
    task: JoinHandle<std::io::Result<()>>,
}

impl Healthd {
    pub async fn start(targets: Vec<TargetConfig>) -> Self {
        Self::start_in(tempfile::tempdir().expect("a directory"), targets).await
    }

    /// Starts it, and waits until it answers.
    pub async fn start_in(run: TempDir, targets: Vec<TargetConfig>) -> Self {
        let run_dir = run.path().to_owned();
        let supervised = sys::supervised::begin();
        let task = tokio::spawn(async move {
            let socket = socket_in(&run_dir, "healthd");
            healthd::run(Config { targets }, &socket, &run_dir, supervised).await
        });
        let healthd = Self { run, task };
        in_time(async {
            while healthd.call().is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        healthd
    }

    /// A connection to it.
    pub fn call(&self) -> std::io::Result<AsyncPacket> {
        AsyncPacket::connect(socket_in(self.run.path(), "healthd"))
    }

    /// Ends it as SIGKILL would: nothing more is said.
    pub async fn kill(self) -> TempDir {
        self.task.abort();
        assert!(self.task.await.is_err());
        self.run
    }

    /// What `show health` says.
    pub async fn show(&self) -> Vec<HealthItem> {
        let run_dir = self.run.path().to_owned();
        let asked = tokio::task::spawn_blocking(move || {
            control::ipc::show(&run_dir, Noun::Health, PATIENCE)
                .and_then(Iterator::collect::<Result<Vec<HealthItem>, _>>)
        });
        asked.await.expect("asked").expect("answered")
    }
}

/// Where another daemon would be.
pub struct Listener {
    server: Server,
}

/// A stream of records, as that daemon takes it over.
pub struct Records {
    first: Option<Request>,
    connection: AsyncPacket,
}

impl Listener {
    /// Listens, once an earlier one has gone.
    pub async fn bind(run: &TempDir, daemon: &str) -> Self {
        let path = socket_in(run.path(), daemon);
        in_time(async {
            loop {
                match Server::bind(&path) {
                    Ok(server) => return Self { server },
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        })
        .await
    }

    pub async fn accept(&mut self) -> Records {
        let call = in_time(self.server.next()).await;
        let first = Some(call.request.clone());
        let (connection, _) = call.take_over();
        Records { first, connection }
    }
}

impl Records {
    pub async fn next(&mut self) -> Request {
        if let Some(first) = self.first.take() {
            return first;
        }
        let (record, _) = in_time(self.connection.recv()).await.expect("a record");
        serde_json::from_slice(&record).expect("a request")
    }

    /// The next verdicts of reals that are any.
    pub async fn reals(&mut self) -> Vec<(String, SocketAddr, bool)> {
        loop {
            let Request::Verdicts(verdicts) = self.next().await else {
                panic!("another record");
            };
            if !verdicts.is_empty() {
                let verdicts = verdicts.into_iter();
                return verdicts
                    .map(|one| (one.service, one.real, one.up))
                    .collect();
            }
        }
    }

    /// The next verdicts of services that are any.
    pub async fn pools(&mut self) -> Vec<(String, bool)> {
        loop {
            let Request::Pools(verdicts) = self.next().await else {
                panic!("another record");
            };
            if !verdicts.is_empty() {
                let verdicts = verdicts.into_iter();
                return verdicts.map(|one| (one.service, one.alive)).collect();
            }
        }
    }
}
