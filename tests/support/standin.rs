//! A stand-in for a daemon that is asked over its socket.

use std::path::Path;
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use control::ipc::{Call, Server};
use tokio::sync::oneshot;

/// Answers every call with a function, until it is dropped.
#[derive(Debug)]
pub struct StandIn {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    /// Listens at `socket`; `answer` runs on a tokio runtime of its own.
    pub fn start(socket: &Path, mut answer: impl FnMut(Call) + Send + 'static) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("building a stand-in's runtime")?;
        let mut server = {
            let _guard = runtime.enter();
            Server::bind(socket).with_context(|| format!("binding {}", socket.display()))?
        };
        let (stop, mut stopped) = oneshot::channel();
        let serve = async move {
            loop {
                tokio::select! {
                    call = server.next() => answer(call),
                    _ = &mut stopped => return,
                }
            }
        };
        Ok(Self {
            stop: Some(stop),
            thread: Some(std::thread::spawn(move || runtime.block_on(serve))),
        })
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        // What `answer` found wrong is the test's own failure, unless that has failed already.
        let held = !matches!(ended, Some(Err(_)));
        assert!(held || std::thread::panicking(), "the stand-in panicked");
    }
}
