//! A worker: one queue of every port, one thread.

mod moving;
mod sending;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use netio::frame::{BATCH, Batch, Frame, Lane};
use wire::headers::{Headers, Transport};
use wire::{Duration, Instant, ParseError};

use crate::capture::Direction;
use crate::forward::{Fate, Forwarder, Head, Loss};
use crate::held::Held;
use crate::host;
use crate::parked::Parked;
use crate::reason::DropReason;
use crate::ring::FRAME_MAX;
use crate::shared::{Shared, WorkerShare};

use sending::CopyOf;

/// How long an idle adaptive worker spins before it sleeps.
const SPIN: Duration = Duration::from_micros(50);
/// The longest sleep: the pulse must go on, and parked frames must expire.
const NAP: Duration = Duration::from_millis(50);
/// The longest sleep while bondd waits for us.
const SHORT_NAP: Duration = Duration::from_micros(500);
/// How many frames of the host interfaces a turn takes at most.
const HOST_BUDGET: usize = 64;

/// Whether an idle worker may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollMode {
    /// Spin for at most 50 microseconds, then sleep until a frame comes.
    Adaptive,
    /// Never sleep: for reserved cores.
    Busy,
}

/// A worker and everything that it owns.
#[derive(Debug)]
pub struct Worker<L> {
    index: usize,
    shared: Arc<Shared>,
    lane: L,
    forwarder: Forwarder,
    parked: Parked,
    held: Held,
    /// A frame of a host interface, or a long one that is looked at as a whole.
    scratch: Box<[u8; FRAME_MAX]>,
    /// Received frames that were too long, as of the last turn.
    overlong: u64,
    /// A bit for each port that somebody captures, as of this turn.
    captured: u64,
    /// What leaves, for who captures it, until it has left.
    leaving: Box<[u8; FRAME_MAX]>,
    /// A frame of which copies are made.
    copied: Box<[u8; FRAME_MAX]>,
}

impl<L: Lane> Worker<L> {
    /// Worker `index` over `lane`, whose ports stand in the configuration's order.
    pub fn new(index: usize, shared: Arc<Shared>, lane: L, engine: lvs::Worker) -> Self {
        Self {
            index,
            lane,
            forwarder: Forwarder::new(Arc::clone(&shared), index, engine),
            parked: Parked::default(),
            held: Held::default(),
            scratch: Box::new([0; FRAME_MAX]),
            overlong: 0,
            captured: 0,
            leaving: Box::new([0; FRAME_MAX]),
            copied: Box::new([0; FRAME_MAX]),
            shared,
        }
    }

    /// Runs until `stop`, with `clock` telling the time.
    ///
    /// # Errors
    /// When the ports cannot be waited for.
    pub fn run(
        &mut self,
        mode: PollMode,
        stop: &AtomicBool,
        clock: impl Fn() -> Instant,
    ) -> io::Result<()> {
        let mut busy_until = clock();
        while !stop.load(Ordering::Relaxed) {
            let now = clock();
            if self.turn(now) > 0 {
                busy_until = now + SPIN;
            } else if mode == PollMode::Adaptive && now >= busy_until {
                let shared = Arc::clone(&self.shared);
                let ring = &shared.workers[self.index].from_host;
                let nap = self.rest();
                self.lane.wait(nap, Some(ring.wake()))?;
                ring.quiet();
                self.forwarder.rise();
            } else {
                std::hint::spin_loop();
            }
        }
        Ok(())
    }

    /// One turn over all ports, the host interfaces and the parked frames: how many it handled.
    pub fn turn(&mut self, now: Instant) -> usize {
        let news = self.forwarder.refresh(now);
        self.captured = self.shared.captures.ports();
        if news.exits {
            self.unhold();
            self.ask();
        }
        let mut handled = 0;
        for port in 0..self.lane.ports() {
            handled += self.receive(now, port);
        }
        self.count_overlong();
        handled += self.send_for_host();
        if !self.parked.is_empty() {
            self.unpark(now, news.hops);
        }
        self.lane.flush();
        let lane = &self.lane;
        self.forwarder.pulse(|port| lane.progress(port));
        handled
    }

    /// The lane, for tests and for reports.
    pub fn lane(&mut self) -> &mut L {
        &mut self.lane
    }

    fn share(&self) -> &WorkerShare {
        &self.shared.workers[self.index]
    }

    fn receive(&mut self, now: Instant, port: usize) -> usize {
        let mut batch = Batch::new();
        let received = self.lane.receive(port, &mut batch);
        if received == 0 {
            return 0;
        }
        let headers: heapless::Vec<_, BATCH> = batch
            .iter()
            .map(|frame| Headers::parse_head(self.lane.bytes(frame), frame.len()))
            .collect();
        if self.is_captured(port) {
            for frame in &batch {
                let parts = self.lane.parts(frame);
                let captures = &self.shared.captures;
                captures.offer(self.index, port, Direction::Received, &parts);
            }
        }
        self.forwarder.note_receive(now, port);
        self.forwarder.look_ahead(now, headers.iter().flatten());
        for (frame, headers) in batch.into_iter().zip(&headers) {
            self.shared.workers[self.index].counters.ports[port]
                .received
                .count(frame.len());
            let fate = if frame.is_long() && is_icmp(headers) {
                self.decide_whole(now, port, &frame, headers)
            } else {
                let (bytes, len) = (self.lane.bytes(&frame), frame.len());
                let frame = &mut Head { bytes, len };
                self.forwarder.decide(now, port, frame, headers)
            };
            self.carry_out(now, port, frame, fate);
        }
        received
    }

    /// Decides on a long frame with all of it at hand, since an echo request is sent back whole.
    #[cold]
    fn decide_whole(
        &mut self,
        now: Instant,
        port: usize,
        frame: &Frame,
        headers: &Result<Headers, ParseError>,
    ) -> Fate {
        let len = self.lane.copy(frame, &mut self.scratch[..]);
        let whole = &mut Head::whole(&mut self.scratch[..len]);
        let fate = self.forwarder.decide(now, port, whole, headers);
        let head = self.lane.bytes(frame);
        head.copy_from_slice(&self.scratch[..head.len()]);
        fate
    }

    fn carry_out(&mut self, now: Instant, port: usize, frame: Frame, fate: Fate) {
        match fate {
            Fate::Send(exits) => self.send(exits, frame),
            Fate::Reply { exits, len } => {
                self.lane.release(frame);
                self.send_ours(exits, CopyOf::Reply(len));
            }
            Fate::Punt(reason) => {
                self.share().counters.punts(reason).add(1);
                let bond = self.shared.places[port].bond;
                let to_host = &self.shared.bonds[bond].to_host;
                if !to_host.push(bond, &self.lane.parts(&frame)) {
                    self.count(DropReason::HostQueueFull);
                }
                self.lane.release(frame);
            }
            Fate::Park { next_hop } => {
                if let Err(frame) = self.parked.park(now, frame, next_hop) {
                    self.drop_frame(DropReason::NeighbourQueueFull, frame);
                }
            }
            Fate::Drop(loss) => self.lose(loss, frame),
            Fate::LvsDrop => self.lane.release(frame),
        }
    }

    fn send_for_host(&mut self) -> usize {
        for handled in 0..HOST_BUDGET {
            let Some((bond, len)) = self.shared.workers[self.index]
                .from_host
                .pop(&mut self.scratch[..])
            else {
                return handled;
            };
            if host::is_redirect(&self.scratch[..len]) {
                self.count(DropReason::Redirect);
                continue;
            }
            let frame = &mut Head::whole(&mut self.scratch[..len]);
            match self.forwarder.leave(bond, frame) {
                Ok(exits) => self.send_ours(exits, CopyOf::Scratch(len)),
                Err(loss) => self.count_loss(loss),
            }
        }
        HOST_BUDGET
    }

    fn unpark(&mut self, now: Instant, hops_are_new: bool) {
        if hops_are_new {
            self.send_settled();
        }
        while let Some(waiting) = self.parked.expired(now) {
            self.drop_frame(DropReason::NeighbourUnresolved, waiting.frame);
        }
    }

    fn send_settled(&mut self) {
        loop {
            let forwarder = &self.forwarder;
            let Some(waiting) = self.parked.take(|hop| forwarder.settled(hop)) else {
                return;
            };
            let len = waiting.frame.len();
            let bytes = self.lane.bytes(&waiting.frame);
            let frame = &mut Head { bytes, len };
            match self.forwarder.route(frame, waiting.next_hop) {
                Ok(Some(exits)) => self.send(exits, waiting.frame),
                Ok(None) => self.drop_frame(DropReason::NeighbourUnresolved, waiting.frame),
                Err(loss) => self.lose(loss, waiting.frame),
            }
        }
    }

    const fn is_captured(&self, port: usize) -> bool {
        self.captured >> port & 1 == 1
    }

    fn lose(&mut self, loss: Loss, frame: Frame) {
        self.count_loss(loss);
        self.lane.release(frame);
    }

    fn count_loss(&self, loss: Loss) {
        match loss {
            Loss::Own(reason) => self.count(reason),
            Loss::Bond(reason) => self.share().counters.bond_drops(reason).add(1),
        }
    }

    fn drop_frame(&mut self, reason: DropReason, frame: Frame) {
        self.count(reason);
        self.lane.release(frame);
    }

    fn count_overlong(&mut self) {
        let so_far = self.lane.overlong();
        let new = so_far - self.overlong;
        if new > 0 {
            self.share().counters.drops(DropReason::Overlong).add(new);
            self.overlong = so_far;
        }
    }

    fn count(&self, reason: DropReason) {
        self.share().counters.drops(reason).add(1);
    }
}

fn is_icmp(headers: &Result<Headers, ParseError>) -> bool {
    let transport = headers.as_ref().ok().and_then(Headers::transport);
    transport.is_some_and(|transport| match transport {
        Transport::Icmp { .. } | Transport::Icmp6 { .. } => true,
        Transport::Tcp { .. } | Transport::Udp { .. } | Transport::Other | Transport::None => false,
    })
}
