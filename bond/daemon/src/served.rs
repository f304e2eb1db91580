//! One bond: its engine, its members' sockets, its egress table.

use std::io;
use std::os::fd::OwnedFd;

use bond::monitor::Ear;
use bond::pulse::{Limits, PulseWatch};
use bond::{Bond, Config, Input, Saved, egress};
use control::show::BfdItem;
use sys::memory::SharedMemory;
use sys::store::FD_STORE;
use tokio::sync::mpsc;
use wire::{Duration, Instant};

use crate::clock::now;
use crate::forwarder::Attachment;
use crate::inbox::Seen;
use crate::interfaces::{Change, Interfaces};
use crate::journal::Journal;
use crate::paths::{self, Paths};
use crate::port::{MemberPort, Place};

/// A worker that stands still has the switch told within half a second; a forwarder that is started anew has
/// half a second for it.
const LIMITS: Limits = Limits {
    stall: Duration::from_millis(450),
    absence: Duration::from_millis(600),
};

/// A bond as this daemon serves it.
#[derive(Debug)]
pub struct Served {
    bond: usize,
    engine: Bond,
    members: Vec<MemberPort>,
    table: SharedMemory,
    published: u64,
    pulse: PulseWatch,
    feedback: Option<SharedMemory>,
    ear: Box<Ear>,
    paths: Option<Paths>,
    journal: Journal,
    news: News,
}

/// Under a supervisor lvsd belongs to the appliance. Where bondd runs by itself, only a forwarder that
/// has attached can be missed.
fn watch() -> PulseWatch {
    if std::env::var_os(FD_STORE).is_some() {
        PulseWatch::expecting(LIMITS, now())
    } else {
        PulseWatch::new(LIMITS)
    }
}

/// What of the engine's state is not saved yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// Nothing.
    #[default]
    None,
    /// A PDU was received or sent, and nothing changed.
    Pdu,
    /// Something changed.
    Change,
}

impl Served {
    /// A bond that goes on from `saved`, its members not looked at yet.
    ///
    /// # Errors
    /// When there is no memory for the egress table.
    pub fn new(
        bond: usize,
        config: Config,
        saved: Option<&Saved>,
        paths: &paths::Saved,
        sender: &mpsc::Sender<Seen>,
    ) -> io::Result<Self> {
        let members = config.members.iter().enumerate();
        let members = members.map(|(member, name)| {
            let mut port = MemberPort::new(
                &name.name,
                config.mtu,
                Place { bond, member },
                sender.clone(),
            );
            port.listen_path(paths::family(&config));
            port
        });
        let members = members.collect();
        let name = config.name.clone();
        let journal = Journal::new(&config);
        let mut engine = Bond::new(config, now());
        let is_resumed = saved.is_some_and(|saved| engine.restore(saved, now()));
        if is_resumed {
            eprintln!("{name}: resumed");
        }
        let none = paths::Saved::default();
        let paths = if is_resumed { paths } else { &none };
        let paths = Paths::new(bond, engine.config(), paths);
        Ok(Self {
            bond,
            engine,
            members,
            table: SharedMemory::create(&format!("egress.{name}"), egress::WORDS * 8)?,
            published: 0,
            pulse: watch(),
            feedback: None,
            ear: Box::default(),
            paths,
            journal,
            news: News::Change,
        })
    }

    /// The engine, to be asked.
    pub const fn engine(&self) -> &Bond {
        &self.engine
    }

    /// What lvsd gets.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn attachment(&self) -> io::Result<Attachment> {
        let egress: OwnedFd = self.table.as_fd().try_clone_to_owned()?;
        Ok(Attachment {
            bond: self.engine.config().name.clone(),
            egress,
        })
    }

    /// Prepares every member that is there and begins to listen on it.
    ///
    /// # Errors
    /// When one that is there cannot be prepared.
    pub async fn open(&mut self, interfaces: &Interfaces) -> io::Result<()> {
        for member in &mut self.members {
            member.start(interfaces).await?;
        }
        self.observe();
        Ok(())
    }

    /// Tells the engine of the members' interfaces where they changed.
    fn observe(&mut self) {
        for (member, port) in self.members.iter_mut().enumerate() {
            if let Some(interface) = port.take_change() {
                self.engine
                    .handle_input(now(), Input::Link { member, interface });
            }
        }
    }

    /// Looks at the members that the kernel told of.
    pub async fn refresh(&mut self, interfaces: &Interfaces, change: Change) {
        for member in &mut self.members {
            member.follow(interfaces, change).await;
        }
        self.observe();
    }

    /// The short look, many times a second: carrier, and the forwarder's pulse.
    pub async fn look(&mut self, interfaces: &Interfaces) {
        for member in &mut self.members {
            member.look(interfaces).await;
        }
        self.observe();
        let memory = self.feedback.as_ref().map(SharedMemory::words);
        if let Some(state) = self.pulse.look(memory, now()) {
            self.engine.handle_input(now(), Input::Forwarder(state));
        }
        self.listen();
    }

    /// Tells the engine what its monitor wants to hear of what the forwarder received.
    fn listen(&mut self) {
        let (Some(targets), Some(feedback)) = (self.engine.listens(), &self.feedback) else {
            return;
        };
        let (engine, words) = (&mut self.engine, feedback.words());
        let shape = (self.members.len(), targets);
        self.ear.listen(words, shape, |member, heard, at| {
            engine.handle_input(now(), Input::Heard { member, heard, at });
        });
        if self.ear.is_attended(words) {
            engine.handle_input(now(), Input::Listening);
        }
    }

    /// A slow-protocol frame came.
    pub fn frame(&mut self, member: usize, bytes: &[u8]) {
        self.news = self.news.max(News::Pdu);
        self.engine
            .handle_input(now(), Input::Frame { member, bytes });
    }

    /// lvsd came, or went. A connection that ends is no verdict: it has its time to come back.
    pub fn forwarder(&mut self, feedback: Option<SharedMemory>) {
        let name = &self.engine.config().name;
        match feedback {
            Some(feedback) => {
                eprintln!("{name}: forwarder attached");
                self.pulse.attach(now());
                self.feedback = Some(feedback);
            }
            None => {
                eprintln!("{name}: forwarder detached");
                self.pulse.detach(now());
                self.feedback = None;
            }
        }
    }

    /// From here on the bond has these options; its members, their MTU and its MAC are as before.
    pub fn set_config(&mut self, config: Config) {
        self.news = News::Change;
        let is_same = self
            .paths
            .as_ref()
            .is_some_and(|paths| paths.is_between_the_same(&config));
        match &mut self.paths {
            Some(paths) if is_same => paths.set_config(&config, now()),
            Some(paths) => paths.retire(&self.members, now()),
            None => {}
        }
        if !is_same {
            self.paths = Paths::new(self.bond, &config, &paths::Saved::default());
        }
        for port in &mut self.members {
            port.listen_path(paths::family(&config));
        }
        self.engine.set_config(now(), config);
    }

    /// When the engine or a session has something due.
    pub fn due(&self) -> Option<Instant> {
        let paths = self.paths.as_ref().and_then(Paths::due);
        self.engine.poll_timeout().into_iter().chain(paths).min()
    }

    /// Does what is due, then sends, publishes and logs what the engine made.
    pub fn turn(&mut self) {
        if self.engine.poll_timeout().is_some_and(|due| due <= now()) {
            self.listen();
            self.engine.handle_timeout(now());
        }
        self.turn_paths();
        let memory = self.feedback.as_ref().map(SharedMemory::words);
        self.engine.settle(now(), memory);
        self.send();
        while let Some(event) = self.engine.poll_event() {
            self.news = News::Change;
            self.journal.note(event, now());
        }
        let table = self.engine.egress();
        if table.generation != self.published {
            egress::publish(self.table.words(), table);
            self.published = table.generation;
            self.news = News::Change;
        }
    }

    fn turn_paths(&mut self) {
        let Some(paths) = &mut self.paths else {
            return;
        };
        if paths.turn(&mut self.engine, &self.members, &mut self.journal, now()) {
            self.news = News::Change;
        }
    }

    /// A frame came to micro-BFD's port.
    pub fn path_frame(&mut self, member: usize, bytes: &[u8]) {
        if let Some(paths) = &mut self.paths {
            paths.frame(member, bytes, now());
        }
    }

    /// The members' micro-BFD.
    pub fn path_items(&self) -> impl Iterator<Item = BfdItem> {
        let paths = self.paths.iter();
        paths.flat_map(|paths| paths.items(self.engine.config()))
    }

    /// The members' sessions, to be saved.
    pub fn save_paths(&self) -> Option<paths::Saved> {
        let paths = self.paths.as_ref()?;
        Some(paths.save(&self.engine.config().name))
    }

    fn send(&mut self) {
        while let Some(transmit) = self.engine.poll_transmit() {
            self.news = self.news.max(News::Pdu);
            let member = transmit.member;
            let port = self.members.get(member);
            if !port.is_some_and(|port| port.send(&transmit.frame)) {
                self.engine.handle_input(now(), Input::Unsent { member });
            }
        }
    }

    /// All is saved from here on.
    pub const fn saved(&mut self) {
        self.news = News::None;
    }

    /// What is not saved yet.
    pub const fn news(&self) -> News {
        self.news
    }

    /// These members leave in order: their partners are told.
    pub fn leave(&mut self, members: &[usize]) {
        for member in members {
            self.engine.leave(*member);
        }
        self.send();
    }

    /// An orderly stop: partners are told.
    pub fn farewell(&mut self) {
        if let Some(paths) = &mut self.paths {
            paths.retire(&self.members, now());
        }
        self.engine.farewell();
        self.send();
    }
}
