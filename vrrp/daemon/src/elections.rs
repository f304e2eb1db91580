//! The elections: a real-time thread that owns the engines and does nothing but receive and send
//! adverts when they are due. It logs nothing, asks the kernel nothing and opens nothing; the main
//! thread does, and tells it by commands.

mod hosted;
mod link;
mod outlet;
mod turn;
mod wait;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use nix::sys::eventfd::{EfdFlags, EventFd};
use tokio::sync::{mpsc, oneshot};
use vrrp::{Event, Status, WhyItem};

use crate::drops::Drops;
use crate::forwarder::Attachment;
use crate::interfaces::Sources;
use crate::plan::Plan;
use crate::port::Port;

use turn::Turn;

/// The thread's priority among real-time threads: the kernel's own threads have 50.
const PRIORITY: i32 = 40;
/// Its stack, all of which stays in memory.
const STACK: usize = 256 * 1024;
/// Commands that may wait; it takes them at once.
const COMMANDS: usize = 64;
/// Events that may wait for the main thread; what does not fit is counted.
const EVENTS: usize = 1_024;

/// The main thread's word to the elections.
#[derive(Debug)]
pub enum Command {
    /// lvsd's memory.
    Attach(Arc<Attachment>),
    /// lvsd has gone.
    Detach,
    /// The sockets on a member; none: it has no interface.
    Port {
        /// The bond's place in the configuration.
        bond: usize,
        /// The member's place in the bond.
        member: usize,
        /// The sockets.
        port: Option<Arc<Port>>,
    },
    /// The source addresses on a bond's network.
    Sources {
        /// The bond's place in the configuration.
        bond: usize,
        /// The addresses.
        sources: Sources,
    },
    /// Virtual routers that come, change and go.
    Plan(Plan),
    /// A service lives or died.
    Service {
        /// Its name.
        name: String,
        /// Whether one of its reals is up.
        is_up: bool,
    },
    /// Everybody's state is asked for.
    Show(oneshot::Sender<Vec<Status>>),
    /// Everybody's history is asked for.
    Why(oneshot::Sender<Vec<WhyItem>>),
    /// An orderly stop.
    Shutdown,
}

/// An event of a virtual router.
#[derive(Clone, Debug)]
pub struct Said {
    /// The virtual router's name.
    pub name: Arc<str>,
    /// What happened.
    pub event: Event,
}

/// The elections, from the main thread.
#[derive(Debug)]
pub struct Elections {
    commands: SyncSender<Command>,
    wake: Arc<EventFd>,
    events: mpsc::Receiver<Said>,
    lost: Arc<AtomicU64>,
    drops: Arc<Drops>,
}

impl Elections {
    /// Starts the thread, without any virtual router, for the bonds of these names. Also why it is
    /// not a real-time thread, if it is not.
    ///
    /// # Errors
    /// When the kernel gives no thread or no descriptor.
    pub fn start(bonds: &[String]) -> io::Result<(Self, Option<io::Error>)> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let wake = Arc::new(EventFd::from_value_and_flags(0, flags)?);
        let (commands, receiver) = sync_channel(COMMANDS);
        let (said, events) = mpsc::channel(EVENTS);
        let (lost, drops) = (Arc::<AtomicU64>::default(), Arc::<Drops>::default());
        let turn = Turn::new(
            bonds,
            hosted::Outlet {
                events: said,
                lost: Arc::clone(&lost),
                drops: Arc::clone(&drops),
            },
            receiver,
            Arc::clone(&wake),
        );
        let (entered, class) = sync_channel(1);
        let run = move || {
            // Nobody waits for the answer any more when the daemon failed to start.
            drop(entered.send(sys::realtime::enter_fifo(PRIORITY).err()));
            turn.run();
        };
        std::thread::Builder::new()
            .name("elections".to_owned())
            .stack_size(STACK)
            .spawn(run)?;
        let class = class.recv().map_err(io::Error::other)?;
        let elections = Self {
            commands,
            wake,
            events,
            lost,
            drops,
        };
        Ok((elections, class))
    }

    /// Gives the thread a command.
    pub fn tell(&self, command: Command) {
        // It ends only after Shutdown; who asks it something then gets no answer.
        if self.commands.send(command).is_ok() {
            // An error says that it is awake already.
            self.wake.write(1).ok();
        }
    }

    /// The next event; none: all virtual routers are gone after [`Command::Shutdown`]. Safe to
    /// cancel.
    pub async fn next(&mut self) -> Option<Said> {
        self.events.recv().await
    }

    /// How many events did not come through.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The counters of what was dropped.
    pub const fn drops(&self) -> &Arc<Drops> {
        &self.drops
    }
}
