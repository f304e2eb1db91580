//! Cleaning up when the process ends by a signal. A closure registered here runs exactly once:
//! when its [`Cleanup`] is dropped (also by a panic that unwinds), or on SIGINT, SIGTERM or SIGHUP,
//! newest first, after which the process exits with 128 plus the signal's number.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

type Action = Box<dyn FnOnce() + Send>;

static ACTIONS: Mutex<BTreeMap<u64, Action>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(0);
static STOPPING: AtomicBool = AtomicBool::new(false);
static WATCHER: OnceLock<()> = OnceLock::new();

thread_local! {
    /// Set on a thread that runs actions: it must go on when everything else stands still.
    static CLEANING: Cell<bool> = const { Cell::new(false) };
}

/// A registered clean-up; dropping it runs the closure.
#[derive(Debug)]
#[must_use = "dropping it cleans up at once"]
pub struct Cleanup(u64);

impl Cleanup {
    /// Registers `action` and, the first time, starts the thread that waits for signals.
    pub fn register(action: impl FnOnce() + Send + 'static) -> Result<Self> {
        if WATCHER.get().is_none() {
            start_watcher()?;
        }
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        actions().insert(id, Box::new(action));
        Ok(Self(id))
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // The lock is held while the action runs: a signal that arrives meanwhile waits for it, and
        // a thread that drops while the signal's clean-up runs waits until the process exits.
        let mut actions = actions();
        if let Some(action) = actions.remove(&self.0) {
            CLEANING.set(true);
            action();
            CLEANING.set(false);
        }
    }
}

/// Blocks for ever once a signal has been taken, so that no thread starts anything new while the
/// clean-up runs.
pub fn checkpoint() {
    while STOPPING.load(Ordering::Acquire) && !CLEANING.get() {
        std::thread::park();
    }
}

fn actions() -> MutexGuard<'static, BTreeMap<u64, Action>> {
    ACTIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start_watcher() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .context("building the runtime that waits for signals")?;
    let guard = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).context("waiting for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("waiting for SIGTERM")?;
    let mut hangup = signal(SignalKind::hangup()).context("waiting for SIGHUP")?;
    drop(guard);
    if WATCHER.set(()).is_err() {
        return Ok(()); // another thread was faster
    }
    let watch = move || {
        let number = runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => 2,
                _ = terminate.recv() => 15,
                _ = hangup.recv() => 1,
            }
        });
        STOPPING.store(true, Ordering::Release);
        CLEANING.set(true);
        let mut actions = actions();
        while let Some((_, action)) = actions.pop_last() {
            action();
        }
        std::process::exit(128 + number);
    };
    std::thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(watch)
        .context("starting the thread that waits for signals")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_dropped_cleanup_runs_once() {
        let runs = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&runs);
        let cleanup = Cleanup::register(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(runs.load(Ordering::Relaxed), 0);
        drop(cleanup);
        assert_eq!(runs.load(Ordering::Relaxed), 1);
    }
}
