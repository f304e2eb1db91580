//! One bond: its engine, its members' sockets, its egress table.

mod change;

use std::io;

use bond::activate::Refusal;
use bond::monitor::Ear;
use bond::pulse::{Limits, PulseWatch};
use bond::{BUCKETS, Bond, Config, Input, egress, feedback};
use control::show::BfdItem;
use sys::memory::SharedMemory;
use sys::store::FD_STORE;
use wire::{Duration, Instant};

use crate::clock::now;
use crate::forwarder::{Attached, Attachment, Link};
use crate::inbox::Host;
use crate::interfaces::{Change, Interfaces};
use crate::journal::Journal;
use crate::paths::{self, Paths};
use crate::port::MemberPort;
use crate::state::Left;

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
    host: Host,
    engine: Bond,
    members: Vec<MemberPort>,
    table: SharedMemory,
    /// How many tables there were before this one, each of other members.
    table_number: u32,
    published: u64,
    link: Option<Link>,
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
    /// A bond that goes on from what a predecessor left, its members not looked at yet.
    ///
    /// # Errors
    /// When there is no memory for the egress table.
    pub fn new(bond: usize, config: Config, left: &Left, host: &Host) -> io::Result<Self> {
        let name = config.name.clone();
        let ports = config.members.iter();
        let ports = ports.map(|member| change::port(bond, &member.name, &config, host));
        let members = ports.collect();
        let journal = Journal::new(&config);
        let table = change::table(&name)?;
        let mut engine = Bond::known_as(config, &left.identity, now());
        let state = left.state.as_ref();
        let is_resumed = state.is_some_and(|saved| engine.restore(saved, now()));
        if is_resumed {
            eprintln!("{name}: resumed");
        }
        let none = paths::Saved::default();
        let paths = if is_resumed { &left.paths } else { &none };
        let paths = Paths::new(bond, &engine, paths);
        Ok(Self {
            bond,
            host: host.clone(),
            engine,
            members,
            table,
            table_number: 0,
            published: 0,
            link: None,
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

    /// Gives lvsd the table, from now on and as often as there is another lvsd.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn attach(&mut self) -> io::Result<()> {
        let config = self.engine.config();
        let members = config.members.iter();
        let attachment = Attachment {
            bond: config.name.clone(),
            members: members.map(|member| member.name.clone()).collect(),
            egress: self.table.as_fd().try_clone_to_owned()?,
        };
        let of = Attached {
            bond: self.bond,
            table: self.table_number,
        };
        self.link = Some(Link::new(of, attachment, self.host.clone()));
        Ok(())
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

    /// Tells the engine what the forwarder sent, when it balances by that.
    fn weigh(&mut self) {
        let Some(feedback) = self
            .feedback
            .as_ref()
            .filter(|_| self.engine.is_weighing(now()))
        else {
            return;
        };
        let mut bytes = [0; BUCKETS];
        for (bucket, bytes) in (0..=u8::MAX).zip(&mut bytes) {
            *bytes = feedback::bytes(feedback.words(), bucket);
        }
        let input = Input::Loads { bytes: &bytes };
        self.engine.handle_input(now(), input);
    }

    /// The place of a member; None: it has gone while its frame waited.
    fn place(&self, member: &str) -> Option<usize> {
        self.members.iter().position(|port| port.name() == member)
    }

    /// A slow-protocol frame came.
    pub fn frame(&mut self, member: &str, bytes: &[u8]) {
        let Some(member) = self.place(member) else {
            return;
        };
        self.news = self.news.max(News::Pdu);
        self.engine
            .handle_input(now(), Input::Frame { member, bytes });
    }

    /// An operator chooses the active member.
    ///
    /// # Errors
    /// Why it does not become that.
    pub fn activate(&mut self, member: &str) -> Result<(), Refusal> {
        self.engine.activate(member, now())
    }

    /// lvsd came for a table, or went. A connection that ends is no verdict: it has its time to come
    /// back.
    pub fn forwarder(&mut self, table: u32, feedback: Option<SharedMemory>) {
        if table != self.table_number {
            return;
        }
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

    /// When the engine or a session has something due.
    pub fn due(&self) -> Option<Instant> {
        let paths = self.paths.as_ref().and_then(Paths::due);
        self.engine.poll_timeout().into_iter().chain(paths).min()
    }

    /// Does what is due, then sends, publishes and logs what the engine made.
    pub fn turn(&mut self) {
        if self.engine.poll_timeout().is_some_and(|due| due <= now()) {
            self.listen();
            self.weigh();
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
        self.publish();
    }

    fn publish(&mut self) {
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
    pub fn path_frame(&mut self, member: &str, bytes: &[u8]) {
        if let (Some(member), Some(paths)) = (self.place(member), &mut self.paths) {
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
        Some(paths.save(self.engine.config()))
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

    /// An orderly stop: partners are told.
    pub fn farewell(&mut self) {
        if let Some(paths) = &mut self.paths {
            paths.retire(&self.members, now());
        }
        self.engine.farewell();
        self.send();
    }
}
