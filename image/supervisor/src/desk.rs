//! Where the socket leaves what a daemon said of itself, for the task that keeps it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sys::spawn::Output;
use tokio::sync::mpsc;

/// Words that may wait; who says more waits at the socket.
const WAITING: usize = 16;

/// What a daemon said of itself.
#[derive(Debug)]
pub enum Said {
    /// It registers.
    Register {
        /// The reading end of its output pipe.
        output: Option<Output>,
    },
    /// It lives, and has handed over what it has stored.
    Beat {
        /// How often its main loop has come around.
        laps: u64,
        /// Whether it is ready.
        ready: bool,
    },
    /// It ends, to be started anew.
    Anew,
}

/// The ways to the daemons' tasks.
#[derive(Debug, Default)]
pub struct Desk {
    ways: RefCell<BTreeMap<&'static str, mpsc::Sender<Said>>>,
}

impl Desk {
    /// A new process of a daemon: from here on this is where its words come.
    pub fn open(&self, daemon: &'static str) -> mpsc::Receiver<Said> {
        let (way, said) = mpsc::channel(WAITING);
        self.ways.borrow_mut().insert(daemon, way);
        said
    }

    /// Passes a word on; to nobody, when the process that said it is gone.
    pub async fn pass(&self, daemon: &str, said: Said) {
        let way = self.ways.borrow().get(daemon).cloned();
        if let Some(way) = way {
            way.send(said).await.ok();
        }
    }
}
