//! Work beside the gate's steps.

use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, bail};

/// Does it in another thread, in the time that others leave.
pub fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> JoinHandle<Result<T>> {
    /// nice(1)'s number.
    const LOWEST: i32 = 19;
    thread::spawn(move || {
        // Of this thread, and of what it starts.
        rustix::process::setpriority_process(None, LOWEST).context("setting the priority")?;
        work()
    })
}

/// What it came to.
pub fn joined<T>(work: JoinHandle<Result<T>>) -> Result<T> {
    work.join()
        .unwrap_or_else(|_| bail!("what ran beside has panicked"))
}
