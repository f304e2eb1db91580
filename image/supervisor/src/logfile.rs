//! The log on disk: every line with its time in UTC and who said it, also over a reboot, within bounds.
//!
//! A thread of its own writes, so that a disk that is slow holds up nobody: what it cannot take is counted.
//! Lines that came go to the kernel one by one, and to the disk within a second.

mod line;
mod rotated;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use crate::events::Event;
use rotated::Rotated;

/// So many lines `show log` shows.
pub const MOST: usize = 1_000;

/// Lines that may wait for the disk.
const WAITING: usize = 1_024;
/// How often what was written is brought to the disk itself, at most.
const SYNC: Duration = Duration::from_secs(1);
/// How long the disk may take for an answer, and for the last lines.
const PATIENCE: Duration = Duration::from_secs(3);

/// The way to the thread that writes.
#[derive(Debug)]
pub struct LogFile {
    way: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    troubles: mpsc::UnboundedReceiver<String>,
    ended: oneshot::Receiver<()>,
}

#[derive(Debug)]
enum Message {
    Line(Event),
    Tail(oneshot::Sender<io::Result<Vec<Event>>>),
}

impl LogFile {
    /// Begins to write to `path`, behind what is there; the folder is made when missing.
    ///
    /// # Errors
    /// When there is no thread to be had; what is wrong with the file is a [`trouble`](Self::trouble).
    pub fn begin(path: PathBuf) -> io::Result<Self> {
        let (way, messages) = sync_channel(WAITING);
        let (trouble, troubles) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            file: Rotated::new(path),
            lost: Arc::clone(&lost),
            trouble,
            is_troubled: false,
            sync_at: None,
        };
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                writer.run(&messages);
                end.send(()).ok(); // nobody waits for it any more
            })?;
        Ok(Self {
            way,
            lost,
            troubles,
            ended,
        })
    }

    /// Has a line written. Never waits: one too many is counted.
    pub fn line(&self, event: Event) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.way.try_send(Message::Line(event))
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The last [`MOST`] lines, the oldest first; none when the disk does not give them in time.
    pub fn tail(&self) -> impl Future<Output = Option<Vec<Event>>> + use<> {
        let (ask, answer) = oneshot::channel();
        let asked = self.way.try_send(Message::Tail(ask)).is_ok();
        async move {
            let tail = timeout(PATIENCE, answer).await.ok()?.ok()?.ok();
            tail.filter(|_| asked)
        }
    }

    /// What has begun to be wrong with the file and nobody was told yet.
    pub fn trouble(&mut self) -> Option<String> {
        self.troubles.try_recv().ok()
    }

    /// Waits until the last line is on the disk, unless that takes too long.
    pub async fn end(self) {
        drop(self.way);
        timeout(PATIENCE, self.ended).await.ok();
    }
}

/// The thread.
struct Writer {
    file: Rotated,
    lost: Arc<AtomicU64>,
    trouble: mpsc::UnboundedSender<String>,
    is_troubled: bool,
    /// When what was written is to be on the disk.
    sync_at: Option<Instant>,
}

impl Writer {
    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let message = match self.sync_at {
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => messages.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::Line(event)) => self.write(&event),
                Ok(Message::Tail(answer)) => {
                    answer.send(self.file.tail(MOST)).ok(); // who asked may have given up
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.sync_at.is_some_and(|at| Instant::now() >= at) {
                self.sync();
            }
        }
        self.sync();
    }

    fn write(&mut self, event: &Event) {
        let lost = self.lost.load(Ordering::Relaxed);
        let written = self
            .file
            .append(&line::of(event, lost))
            .map(|()| self.lost.fetch_sub(lost, Ordering::Relaxed));
        match written {
            Ok(_) => {
                self.is_troubled = false;
                self.sync_at.get_or_insert_with(|| Instant::now() + SYNC);
            }
            Err(error) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                self.troubled(&error);
            }
        }
    }

    fn sync(&mut self) {
        if self.sync_at.take().is_some()
            && let Err(error) = self.file.sync()
        {
            self.troubled(&error);
        }
    }

    /// Said once, until a line was written again.
    fn troubled(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_troubled, true) {
            let text = format!(
                "log {}: {error}: lines are lost",
                self.file.path().display()
            );
            self.trouble.send(text).ok(); // at the end nobody hears it
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        Event {
            unix_ms: 1_763_709_612_345,
            daemon: "lvsd".to_owned(),
            text: text.to_owned(),
        }
    }

    async fn texts(file: &LogFile) -> Vec<String> {
        let tail = file.tail().await.expect("in time");
        tail.into_iter().map(|event| event.text).collect()
    }

    #[tokio::test]
    async fn the_last_lines_are_shown_also_those_of_the_boot_before() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("log/messages");
        let first = LogFile::begin(path.clone()).expect("a thread");
        for n in 0..MOST {
            first.line(event(&n.to_string()));
        }
        first.end().await;
        let next = LogFile::begin(path).expect("a thread");
        next.line(event("after the reboot"));
        let shown = texts(&next).await;
        assert_eq!(shown.len(), MOST);
        assert_eq!((shown[0].as_str(), shown[998].as_str()), ("1", "999"));
        assert_eq!(shown[999], "after the reboot");
    }

    #[tokio::test]
    async fn a_disk_that_takes_nothing_is_said_once_and_its_lines_are_counted() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("data/messages");
        // In the way of the folder, as good as a disk that is not there.
        std::fs::write(folder.path().join("data"), "").expect("a file");
        let mut file = LogFile::begin(path.clone()).expect("a thread");
        for _ in 0..3 {
            file.line(event("lost"));
        }
        assert_eq!(file.tail().await, None);
        let said = file.trouble().expect("a trouble");
        assert!(said.starts_with("log ") && said.ends_with(": lines are lost"));
        assert_eq!(file.trouble(), None, "said twice");
        std::fs::remove_file(folder.path().join("data")).expect("removed");
        file.line(event("there"));
        file.line(event("again"));
        assert_eq!(texts(&file).await, ["3 lines lost", "there", "again"]);
        file.end().await;
        let text = std::fs::read_to_string(path).expect("a log");
        assert!(text.contains("Z supervisor: 3 lines lost\n"), "{text}");
    }

    #[tokio::test]
    async fn a_full_disk_is_a_trouble_and_no_end() {
        let mut file = LogFile::begin("/dev/full".into()).expect("a thread");
        file.line(event("lost"));
        drop(file.tail().await);
        let said = file.trouble().expect("a trouble");
        assert!(said.contains("No space left on device"), "{said}");
        file.end().await;
    }

    #[tokio::test]
    async fn a_disk_that_hangs_holds_up_nobody() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("messages");
        // It takes what a pipe holds, and then waits for a reader who does not come.
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("fifo");
        let file = LogFile::begin(path).expect("a thread");
        let most = u64::try_from(WAITING).expect("small");
        // A line that is taken says how many were lost before it; from then on they are counted anew.
        let is_full = (0..100 * WAITING).any(|_| {
            file.line(event(&"x".repeat(2_000)));
            file.lost.load(Ordering::Relaxed) >= most
        });
        assert!(is_full, "every line was taken");
    }
}
