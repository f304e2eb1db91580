//! Stand-ins for the daemons of a transaction: each starts from the running file and has the
//! configuration that it was told last.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use control::cli::socket_in;
use control::config;
use control::ipc::{Effect, Request, Server};
use control::show::{DropItem, Fate, Noun};
use control::transaction::{DAEMONS, Participant, Word};
use tokio::sync::mpsc;

/// What a daemon does when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// It says yes, and has it.
    Accept,
    /// It says yes, and is started anew.
    Restart,
    /// It says no.
    Refuse(&'static str),
    /// It says nothing.
    Hang,
    /// It dies when it is told to take it up.
    Die,
}

/// One daemon.
#[derive(Debug)]
pub struct Daemon {
    name: &'static str,
    file: PathBuf,
    run_dir: PathBuf,
    shared: Arc<Mutex<Shared>>,
    kill: Option<mpsc::UnboundedSender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the test and the daemon both know.
#[derive(Debug)]
struct Shared {
    way: Way,
    /// The canonical text that it has.
    running: String,
    /// How often it was asked.
    asked: u32,
    /// Whether something is prepared.
    owes: bool,
    /// How often it was started.
    starts: u32,
}

/// All the daemons of a transaction.
pub fn start(file: &Path, run_dir: &Path) -> Vec<Daemon> {
    let daemon = |name: &&'static str| {
        let mut daemon = Daemon {
            name,
            file: file.to_owned(),
            run_dir: run_dir.to_owned(),
            shared: Arc::new(Mutex::new(Shared {
                way: Way::Accept,
                running: String::new(),
                asked: 0,
                owes: false,
                starts: 0,
            })),
            kill: None,
            thread: None,
        };
        daemon.revive();
        daemon
    };
    DAEMONS.iter().map(daemon).collect()
}

impl Daemon {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no panic while it was held")
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn behave(&self, way: Way) {
        self.shared().way = way;
    }

    /// The canonical text that it has.
    pub fn running(&self) -> String {
        self.shared().running.clone()
    }

    pub fn asked(&self) -> u32 {
        self.shared().asked
    }

    pub fn owes(&self) -> bool {
        self.shared().owes
    }

    pub fn starts(&self) -> u32 {
        self.shared().starts
    }

    /// Ends it without a word.
    pub fn kill(&mut self) {
        drop(self.kill.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("a daemon without a panic");
        }
    }

    /// Starts it; it is started anew whenever it ends by itself.
    pub fn revive(&mut self) {
        let (kill, killed) = mpsc::unbounded_channel();
        let (name, shared) = (self.name, Arc::clone(&self.shared));
        let (file, run_dir) = (self.file.clone(), self.run_dir.clone());
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            supervise(name, &file, &run_dir, &shared, killed, &ready);
        });
        is_ready.recv().expect("a daemon that starts");
        self.kill = Some(kill);
        self.thread = Some(thread);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.kill.take());
    }
}

fn supervise(
    name: &'static str,
    file: &Path,
    run_dir: &Path,
    shared: &Mutex<Shared>,
    mut killed: mpsc::UnboundedReceiver<()>,
    ready: &std::sync::mpsc::Sender<()>,
) {
    let mut is_killed = false;
    while !is_killed {
        load(file, shared);
        // One for each start, so that nothing of the one before is left.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        is_killed = runtime.block_on(async {
            let server = Server::bind(&socket_in(run_dir, name)).expect("a socket");
            ready.send(()).ok();
            tokio::select! {
                () = serve(name, run_dir, shared, server) => false,
                _ = killed.recv() => true,
            }
        });
    }
}

/// What a daemon does at its start.
fn load(file: &Path, shared: &Mutex<Shared>) {
    let config = config::load(file).expect("a running file is whole at any time");
    let mut shared = shared.lock().expect("no panic while it was held");
    shared.running = config::print(&config);
    shared.owes = false;
    shared.starts += 1;
    if shared.way == Way::Restart || shared.way == Way::Die {
        shared.way = Way::Accept;
    }
}

/// What each daemon says that it dropped.
fn dropped(by: &str, count: u64) -> DropItem {
    DropItem {
        reason: "too_much".into(),
        layer: by.into(),
        fate: Fate::Drop,
        count,
    }
}

/// Until it ends by itself.
async fn serve(name: &'static str, run_dir: &Path, shared: &Mutex<Shared>, mut server: Server) {
    let mut participant = Participant::new(name, run_dir);
    let mut prepared = None;
    let mut owed = Vec::new();
    loop {
        let word = tokio::select! {
            call = server.next() => {
                match call.request {
                    Request::Transaction(_) => participant.take(call),
                    // Its drops were cleared; metrics do not ask for those that are left.
                    Request::Show(Noun::Drops) => call.answer(Noun::Drops, [dropped(name, 0)]),
                    Request::Figures(Noun::Drops) => call.answer(Noun::Drops, [dropped(name, 7)]),
                    Request::Show(noun) | Request::Figures(noun) => call.answer::<()>(noun, []),
                    _ => call.refuse("not this one's"),
                }
                continue;
            }
            word = participant.next() => word,
        };
        let way = shared.lock().expect("no panic").way.clone();
        match word {
            Word::Prepare { config, vote } => {
                let text = config::print(&config);
                let mut shared = shared.lock().expect("no panic");
                shared.asked += 1;
                shared.owes = true;
                match way {
                    Way::Accept | Way::Die if text == shared.running => vote.accept(Effect::None),
                    Way::Accept | Way::Die => vote.accept(Effect::Live),
                    Way::Restart => vote.accept(Effect::Restart),
                    Way::Refuse(why) => {
                        shared.owes = false;
                        vote.refuse(why);
                    }
                    Way::Hang => owed.push(vote),
                }
                prepared = Some(text);
            }
            Word::Commit(_) if way == Way::Die => return,
            Word::Commit(done) => {
                let text = prepared.take().expect("a Commit follows a Prepare");
                if way == Way::Restart {
                    done.done().await;
                    return;
                }
                {
                    let mut shared = shared.lock().expect("no panic");
                    shared.running = text;
                    shared.owes = false;
                }
                done.done().await;
            }
            Word::Abort => {
                prepared = None;
                owed.clear();
                shared.lock().expect("no panic").owes = false;
            }
        }
    }
}
