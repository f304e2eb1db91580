//! A stand-in for lvsd: takes the egress table, gives its pulse.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bond::{egress, feedback};
use sys::memory::SharedMemory;
use sys::packet::{Listener, Packet};

/// A forwarder of one worker; dropping it is its death.
pub struct Forwarder {
    /// bondd's egress table.
    pub table: SharedMemory,
    _connection: Packet,
    beats: Arc<AtomicBool>,
    done: Arc<AtomicBool>,
    heart: Option<JoinHandle<()>>,
}

impl Forwarder {
    /// Waits for bondd to attach `bond0`, and begins to beat.
    pub fn attach(run_dir: &Path) -> Self {
        let listener = Listener::bind(run_dir.join("lvsd.sock")).expect("a socket");
        let connection = listener.accept().expect("bondd");
        let (record, mut fds) = connection.recv().expect("a request");
        assert_eq!(record, br#"{"bond":{"attach":"bond0"}}"#);
        let table = SharedMemory::from_fd_readonly(fds.remove(0)).expect("the egress table");
        let feedback = SharedMemory::create("feedback", feedback::WORDS * 8).expect("memory");
        feedback::set_workers(feedback.words(), 1);
        let answer = br#"{"bond":{"attached":"bond0"}}"#;
        connection.send(answer, &[feedback.as_fd()]).expect("sent");
        let (beats, done) = (
            Arc::new(AtomicBool::new(true)),
            Arc::new(AtomicBool::new(false)),
        );
        let heart = {
            let (beats, done) = (beats.clone(), done.clone());
            std::thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    if beats.load(Ordering::Relaxed) {
                        feedback::beat(feedback.words(), 0, 2);
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        };
        Self {
            table,
            _connection: connection,
            beats,
            done,
            heart: Some(heart),
        }
    }

    /// Stalls the worker, or lets it go on.
    pub fn set_beating(&self, beats: bool) {
        self.beats.store(beats, Ordering::Relaxed);
    }

    /// The members that frames leave by.
    pub fn usable(&self) -> Vec<u8> {
        egress::read(self.table.words()).map_or(Vec::new(), |table| table.usable.to_vec())
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(heart) = self.heart.take() {
            drop(heart.join());
        }
    }
}
