//! What the daemons say when they are asked, all at the same time.

use std::io;
use std::path::Path;
use std::time::Duration;

use control::cli::socket_in;
use control::ipc::{Answer, Request};
use control::show::{
    BondItem, DaemonItem, DropItem, HealthItem, LacpItem, Noun, ServiceItem, VrrpItem,
};
use serde::de::DeserializeOwned;
use sys::packet::AsyncPacket;
use tokio::time::timeout;

/// How long a daemon may take for all that it is asked.
const LIMIT: Duration = Duration::from_secs(1);

/// The most items of one answer that are taken.
const MOST_ITEMS: usize = 65_536;

/// The answers. A daemon that gave none has no items.
#[derive(Debug, Default)]
pub struct Answers {
    /// Every daemon, and whether it answered.
    pub up: Vec<(&'static str, bool)>,
    /// Of bondd.
    pub bonds: Vec<BondItem>,
    /// Of bondd.
    pub lacp: Vec<LacpItem>,
    /// Of the supervisor.
    pub daemons: Vec<DaemonItem>,
    /// Of lvsd and vrrpd.
    pub drops: Vec<DropItem>,
    /// Of healthd.
    pub health: Vec<HealthItem>,
    /// Of lvsd.
    pub services: Vec<ServiceItem>,
    /// Of vrrpd.
    pub routers: Vec<VrrpItem>,
}

/// Asks every daemon whose socket is in `run_dir`.
pub async fn all(run_dir: &Path) -> Answers {
    let (bonds, lacp, daemons, frames, adverts, health, services, routers, hostd) = tokio::join!(
        show(run_dir, "bondd", Noun::Bond),
        show(run_dir, "bondd", Noun::Lacp),
        show(run_dir, "supervisor", Noun::Daemons),
        figures(run_dir, "lvsd", Noun::Drops),
        figures(run_dir, "vrrpd", Noun::Drops),
        show(run_dir, "healthd", Noun::Health),
        figures(run_dir, "lvsd", Noun::Service),
        figures(run_dir, "vrrpd", Noun::Vrrp),
        // It shows nothing; that it says so shows that it lives.
        show::<()>(run_dir, "hostd", Noun::Daemons),
    );
    Answers {
        up: vec![
            ("lvsd", frames.is_some() && services.is_some()),
            ("bondd", bonds.is_some() && lacp.is_some()),
            ("hostd", hostd.is_some()),
            ("vrrpd", adverts.is_some() && routers.is_some()),
            ("healthd", health.is_some()),
            ("ctld", true),
            ("supervisor", daemons.is_some()),
        ],
        bonds: bonds.unwrap_or_default(),
        lacp: lacp.unwrap_or_default(),
        daemons: daemons.unwrap_or_default(),
        drops: [frames, adverts].into_iter().flatten().flatten().collect(),
        health: health.unwrap_or_default(),
        services: services.unwrap_or_default(),
        routers: routers.unwrap_or_default(),
    }
}

/// The daemon's items; none when it gave no whole answer in time. A refusal is an answer.
async fn show<T: DeserializeOwned>(run_dir: &Path, daemon: &str, noun: Noun) -> Option<Vec<T>> {
    ask(run_dir, daemon, Request::Show(noun)).await
}

/// As [`show`], of a daemon that an operator can clear: what it counted since its start.
async fn figures<T: DeserializeOwned>(run_dir: &Path, daemon: &str, noun: Noun) -> Option<Vec<T>> {
    ask(run_dir, daemon, Request::Figures(noun)).await
}

async fn ask<T: DeserializeOwned>(
    run_dir: &Path,
    daemon: &str,
    request: Request,
) -> Option<Vec<T>> {
    let asked = timeout(LIMIT, items(run_dir, daemon, &request)).await;
    asked.ok()?.ok()
}

async fn items<T: DeserializeOwned>(
    run_dir: &Path,
    daemon: &str,
    request: &Request,
) -> io::Result<Vec<T>> {
    let connection = AsyncPacket::connect(socket_in(run_dir, daemon))?;
    let request = serde_json::to_vec(request)?;
    connection.send(&request, &[]).await?;
    let mut items = Vec::new();
    while items.len() <= MOST_ITEMS {
        let (record, _) = connection.recv().await?;
        match serde_json::from_slice(&record)? {
            Answer::Begin(_) => {}
            Answer::Item(item) => items.push(item),
            Answer::End(_) | Answer::Error(_) => return Ok(items),
            Answer::Bond(_)
            | Answer::Vrrp(_)
            | Answer::Transaction(_)
            | Answer::Capture(_)
            | Answer::Done => break,
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}
