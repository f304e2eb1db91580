//! The pulse of a stand-in for lvsd.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A worker that idles beats about so often.
const PERIOD: Duration = Duration::from_millis(5);

/// Beats until it is dropped.
#[derive(Debug)]
pub struct Heart {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    is_beating: AtomicBool,
    is_done: AtomicBool,
}

impl Heart {
    /// One whose every beat is a call of `beat`.
    pub fn start(beat: impl Fn() + Send + 'static) -> Self {
        let state = Arc::new(State {
            is_beating: AtomicBool::new(true),
            is_done: AtomicBool::new(false),
        });
        let thread = std::thread::spawn({
            let state = Arc::clone(&state);
            move || {
                while !state.is_done.load(Ordering::Relaxed) {
                    if state.is_beating.load(Ordering::Relaxed) {
                        beat();
                    }
                    // The rhythm itself, not a wait for something.
                    std::thread::sleep(PERIOD);
                }
            }
        });
        Self {
            state,
            thread: Some(thread),
        }
    }

    /// Whether it beats from now on.
    pub fn set_beating(&self, is_beating: bool) {
        self.state.is_beating.store(is_beating, Ordering::Relaxed);
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.state.is_done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
