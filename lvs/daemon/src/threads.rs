//! The threads beside the slow path: a worker per queue, and one per host interface.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use control::config::PollMode as WantedPollMode;
use netio::tap::Tap;
use netio::xdp::XdpLane;
use tokio::sync::mpsc;

use crate::clock::now;
use crate::host;
use crate::shared::Shared;
use crate::worker::{PollMode, Worker};

/// Where a thread says why it has ended; the process ends with it.
pub type Failures = mpsc::UnboundedSender<io::Error>;

/// Starts a worker on each lane.
///
/// # Errors
/// When the kernel starts no thread.
pub fn spawn_workers(
    shared: &Arc<Shared>,
    lanes: Vec<XdpLane>,
    poll_mode: WantedPollMode,
    stop: &Arc<AtomicBool>,
    failed: &Failures,
) -> io::Result<()> {
    let mode = match poll_mode {
        WantedPollMode::Adaptive => PollMode::Adaptive,
        WantedPollMode::Busy => PollMode::Busy,
    };
    for (index, lane) in lanes.into_iter().enumerate() {
        let engine = lvs::Worker::new(Arc::clone(&shared.workers[index].lvs));
        let mut worker = Worker::new(index, Arc::clone(shared), lane, engine);
        let stop = Arc::clone(stop);
        spawn(&format!("fwd-q{index}"), failed, move || {
            worker.run(mode, &stop, now)
        })?;
    }
    Ok(())
}

/// Starts a thread for each bond's host interface.
///
/// # Errors
/// When the kernel starts no thread.
pub fn spawn_hosts(
    shared: &Arc<Shared>,
    taps: &[Arc<Tap>],
    stop: &Arc<AtomicBool>,
    failed: &Failures,
) -> io::Result<()> {
    for (bond, tap) in taps.iter().enumerate() {
        let (shared, tap, stop) = (Arc::clone(shared), Arc::clone(tap), Arc::clone(stop));
        let name = format!("host-{}", tap.name());
        spawn(&name, failed, move || {
            host::run(&shared, bond, &*tap, &stop)
        })?;
    }
    Ok(())
}

fn spawn(
    name: &str,
    failed: &Failures,
    body: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> io::Result<()> {
    let (failed, label) = (failed.clone(), name.to_owned());
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            if let Err(error) = body() {
                let error = io::Error::new(error.kind(), format!("{label}: {error}"));
                // Without a receiver the process is ending already.
                failed.send(error).ok();
            }
        })?;
    Ok(())
}
