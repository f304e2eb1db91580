//! The loop of the real-time thread: wait, receive, do what is due, send.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use nix::sys::eventfd::EventFd;
use vrrp::{DropReason, Input};
use wire::{Duration, Instant};

use super::Command;
use super::hosted::{Hosted, Outlet, Surroundings};
use super::link::Link;
use super::wait::{Place, until_something};
use crate::clock::now;
use crate::drops::OwnReason;
use crate::forwarder::Attachment;
use crate::plan::{Key, Plan};

/// How often pulse and egress table are looked at.
const TICK: Duration = Duration::from_millis(10);
/// Frames taken in one tick at most: twice what 510 virtual routers at the shortest interval send.
/// A flood beyond that waits in the sockets, and the rest of this host goes on.
const FRAMES: u32 = 1_024;
/// Frames taken from one socket before the others have their turn: a flood on one network shall not
/// keep the adverts of another waiting.
const BURST: u32 = 64;
/// The longest frame that is read whole; longer ones are cut, and fail their length check.
const FRAME_BYTES: usize = 2_048;
/// How long an orderly stop may take: longer than two boxes need at 1 s adverts.
const FAREWELL: Duration = Duration::from_secs(5);

/// The thread's whole state.
#[derive(Debug)]
pub struct Turn {
    routers: Vec<Hosted>,
    world: World,
    commands: Receiver<Command>,
    wake: Arc<EventFd>,
    buffer: Vec<u8>,
    looked: Instant,
    /// Frames taken since `looked`.
    taken: u32,
    /// After Shutdown: when to give up waiting for a successor.
    stop: Option<Instant>,
}

/// Everything around the virtual routers.
#[derive(Debug)]
struct World {
    links: Vec<Link>,
    attachment: Option<Arc<Attachment>>,
    outlet: Outlet,
}

impl World {
    /// What is around a virtual router on this bond.
    fn around(&self, link: usize) -> Option<Surroundings<'_>> {
        let attachment = self.attachment.as_ref();
        Some(Surroundings {
            link: self.links.get(link)?,
            leases: attachment.map(|attachment| attachment.leases.words()),
            outlet: &self.outlet,
        })
    }

    /// Reads what changed in the shared memory.
    fn look(&mut self, now: Instant) {
        for link in &mut self.links {
            link.look(self.attachment.as_deref(), now);
        }
    }
}

impl Turn {
    /// No virtual routers yet, on bonds of these names.
    pub fn new(
        bonds: &[String],
        outlet: Outlet,
        commands: Receiver<Command>,
        wake: Arc<EventFd>,
    ) -> Self {
        let now = now();
        let world = World {
            links: bonds.iter().map(|name| Link::new(name, now)).collect(),
            attachment: None,
            outlet,
        };
        Self {
            routers: Vec::new(),
            world,
            commands,
            wake,
            buffer: vec![0; FRAME_BYTES],
            looked: now,
            taken: 0,
            stop: None,
        }
    }

    /// Runs until everybody has left after [`Command::Shutdown`]. When the main thread ends without a
    /// word, the leases are left as they are: the next process goes on with them, or they run out.
    pub fn run(mut self) {
        while !self.is_over() {
            let links = match self.taken {
                0..FRAMES => &self.world.links[..],
                FRAMES.. => &[],
            };
            let ready = until_something(&*self.wake, links, self.span());
            // Before the timers: an advert that is there already is no missing one.
            for place in ready {
                self.receive(place);
            }
            if !self.take_commands() {
                return;
            }
            self.turn();
        }
        for router in &self.routers {
            if let Some(around) = self.world.around(router.link()) {
                router.release(around);
            }
        }
    }

    fn is_over(&self) -> bool {
        let is_time = self.stop.is_some_and(|stop| stop <= now());
        is_time || (self.stop.is_some() && self.routers.is_empty())
    }

    /// How long nothing is due.
    fn span(&self) -> Duration {
        let timers = self.routers.iter().filter_map(Hosted::due);
        let look = self.looked + TICK;
        timers.min().map_or(look, |due| due.min(look)).since(now())
    }

    fn receive(&mut self, place: Place) {
        let link = self.world.links.get(place.link);
        let port = link.and_then(|link| link.ports().get(place.member));
        if let Some(port) = port.cloned().flatten()
            && let Some(socket) = port.adverts.get(place.family)
        {
            self.read(place, socket);
        }
    }

    /// Reads what a socket has, as far as its share and this tick's go.
    fn read(&mut self, place: Place, socket: &impl netio::Port) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let share = self.taken.saturating_add(BURST).min(FRAMES);
        while self.taken < share {
            let Ok(len) = socket.recv(&mut buffer) else {
                break;
            };
            self.taken += 1;
            self.frame(place, buffer.get(..len).unwrap_or_default());
        }
        self.buffer = buffer;
    }

    fn frame(&mut self, place: Place, frame: &[u8]) {
        let Some(around) = self.world.around(place.link) else {
            return;
        };
        let drops = &around.outlet.drops;
        if !around.link.is_receiving(place.member) {
            return drops.count_own(OwnReason::InactiveMember);
        }
        let received = match vrrp::receive(frame) {
            Ok(received) => received,
            Err(reason) => return drops.count(reason),
        };
        let is_meant = |router: &&mut Hosted| {
            let key = router.key();
            router.link() == place.link
                && (key.family, key.vrid) == (received.family, received.vrid)
        };
        match self.routers.iter_mut().find(is_meant) {
            Some(router) => router.give(Input::Advert(&received), now(), around),
            None => drops.count(DropReason::UnknownVrid),
        }
    }

    /// Takes what the main thread said; false when it has ended.
    fn take_commands(&mut self) -> bool {
        // Before the commands are looked for: what comes later wakes again. Nothing written is no
        // failure.
        self.wake.read().ok();
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.take(command),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn take(&mut self, command: Command) {
        let now = now();
        let links = &mut self.world.links;
        match command {
            Command::Attach(attachment) => {
                links
                    .iter_mut()
                    .for_each(|link| link.attach(&attachment, now));
                self.world.attachment = Some(attachment);
            }
            Command::Detach => links.iter_mut().for_each(|link| link.detach(now)),
            Command::Port { bond, member, port } => {
                if let Some(link) = links.get_mut(bond) {
                    link.set_port(member, port);
                }
            }
            Command::Sources { bond, sources } => {
                if let Some(link) = links.get_mut(bond) {
                    link.set_sources(sources);
                }
            }
            Command::Plan(plan) => self.carry_out(plan, now),
            Command::Service { name, is_up } => {
                let name = name.as_str();
                self.give_all(Input::Service { name, is_up }, now);
            }
            Command::Show(answer) => {
                let all = self.routers.iter().map(|one| one.engine().status(now));
                // Who asked may have gone.
                drop(answer.send(all.collect()));
            }
            Command::Why(answer) => {
                let all = self.routers.iter().flat_map(|one| one.engine().why(now));
                drop(answer.send(all.collect()));
            }
            Command::Shutdown => {
                self.stop.get_or_insert(now + FAREWELL);
                for router in &mut self.routers {
                    if let Some(around) = self.world.around(router.link()) {
                        router.leave(now, around);
                    }
                }
            }
        }
    }

    fn give_all(&mut self, input: Input<'_>, now: Instant) {
        for router in &mut self.routers {
            if let Some(around) = self.world.around(router.link()) {
                router.give(input, now, around);
            }
        }
    }

    fn carry_out(&mut self, plan: Plan, now: Instant) {
        for key in plan.vanish {
            let Self { routers, world, .. } = self;
            let router = routers.iter_mut().find(|one| *one.key() == key);
            if let Some(router) = router
                && let Some(around) = world.around(router.link())
            {
                router.leave(now, around);
            }
        }
        for config in plan.change {
            let Self { routers, world, .. } = self;
            let key = Key::of(&config);
            let router = routers.iter_mut().find(|one| *one.key() == key);
            if let Some(router) = router
                && let Some(around) = world.around(router.link())
            {
                router.configure(config, now, around);
            }
        }
        for config in plan.appear {
            let key = Key::of(&config);
            // One that is still leaving makes room, with its lease: the new one begins as any other.
            self.routers.retain(|one| {
                let is_other = *one.key() != key;
                if !is_other && let Some(around) = self.world.around(one.link()) {
                    one.release(around);
                }
                is_other
            });
            let mut links = self.world.links.iter();
            // Configuration knows no virtual router without its bond.
            if let Some(link) = links.position(|link| *link.name() == key.interface) {
                self.routers.push(Hosted::new(config, link, now));
            }
        }
    }

    /// Looks around, tells the virtual routers what is new, and does what is due.
    fn turn(&mut self) {
        let now = now();
        self.world.look(now);
        if now.since(self.looked) >= TICK {
            (self.looked, self.taken) = (now, 0);
        }
        let Self { routers, world, .. } = self;
        routers.retain_mut(|router| {
            let Some(around) = world.around(router.link()) else {
                return false;
            };
            router.turn(now, around);
            if router.is_gone() {
                router.release(around);
            }
            !router.is_gone()
        });
    }
}

#[cfg(test)]
mod tests;
