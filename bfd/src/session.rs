//! One session: inputs in, packets and events out.

use heapless::Deque;
use serde::{Deserialize, Serialize};
use wire::bfd::{ControlPacket, Diagnostic, State};
use wire::{Duration, Instant};

use crate::jitter::{Jitter, share};
use crate::machine::{self, Trigger};
use crate::poll::Poll;
use crate::timers::{self, HEARING, Intervals, ON_TIME, micros};
use crate::{Config, Counters, DownReason, Event, Status};

/// What a session needs of chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// bfd.LocalDiscr: random, and unique among the sessions of this system; 0 is taken for 1.
    pub discriminator: u32,
    /// Any number; sessions of one number jitter alike.
    pub jitter: u64,
}

/// What the host tells a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A control packet came that is for this session by where it came from.
    Packet {
        /// The UDP payload.
        payload: &'a [u8],
        /// The TTL or hop limit that it came with.
        hops: u8,
    },
    /// The operator enables (true) or disables the session.
    Admin(bool),
}

/// What the peer said last; the initial values are those of RFC 5880 6.8.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remote {
    /// bfd.RemoteDiscr; 0: the peer is not heard.
    pub(crate) discriminator: u32,
    /// bfd.RemoteSessionState.
    pub(crate) state: State,
    pub(crate) diagnostic: Diagnostic,
    /// bfd.RemoteDemandMode.
    pub(crate) demand: bool,
    pub(crate) detect_mult: u8,
    pub(crate) min_tx: Duration,
    /// bfd.RemoteMinRxInterval.
    pub(crate) min_rx: Duration,
}

impl Remote {
    pub(crate) const UNKNOWN: Self = Self {
        discriminator: 0,
        state: State::Down,
        diagnostic: Diagnostic::NONE,
        demand: false,
        detect_mult: 0,
        min_tx: Duration::ZERO,
        min_rx: Duration::from_micros(1),
    };
}

/// One call makes at most an answer to a Poll and a packet.
const PACKETS: usize = 4;
const EVENTS: usize = 8;

/// One session.
#[derive(Clone, Debug)]
pub struct Session {
    pub(crate) config: Config,
    pub(crate) discriminator: u32,
    pub(crate) state: State,
    pub(crate) diagnostic: Diagnostic,
    pub(crate) last_down: Option<DownReason>,
    pub(crate) remote: Remote,
    /// What the peer is told.
    pub(crate) said: Intervals,
    /// What counts until the peer has confirmed what it was told.
    pub(crate) used: Intervals,
    pub(crate) poll: Poll,
    pub(crate) heard_at: Option<Instant>,
    /// Silence is not looked at before, because it was not looked at on time.
    hearing_until: Option<Instant>,
    sent_at: Option<Instant>,
    share: u64,
    jitter: Jitter,
    /// What we say is another thing than we said last.
    pub(crate) is_news: bool,
    pub(crate) is_asked: bool,
    pub(crate) counters: Counters,
    packets: Deque<ControlPacket, PACKETS>,
    events: Deque<Event, EVENTS>,
}

impl Session {
    /// A session that is Down, whose first packet is due at once.
    #[must_use]
    pub fn new(config: Config, seed: Seed, now: Instant) -> Self {
        let mut session = Self::begin(config, seed);
        session.run(now);
        session
    }

    pub(crate) fn begin(config: Config, seed: Seed) -> Self {
        let said = Intervals::wanted(&config, State::Down);
        let mut jitter = Jitter::new(seed.jitter);
        Self {
            config,
            discriminator: seed.discriminator.max(1),
            state: State::Down,
            diagnostic: Diagnostic::NONE,
            last_down: None,
            remote: Remote::UNKNOWN,
            said,
            used: said,
            poll: Poll::Idle,
            heard_at: None,
            hearing_until: None,
            sent_at: None,
            share: jitter.draw(config.multiplier),
            jitter,
            is_news: true,
            is_asked: false,
            counters: Counters::default(),
            packets: Deque::new(),
            events: Deque::new(),
        }
    }

    /// The session's state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The peer's state; None: the peer is not heard.
    #[must_use]
    pub const fn remote_state(&self) -> Option<State> {
        if self.remote.discriminator == 0 {
            None
        } else {
            Some(self.remote.state)
        }
    }

    /// Takes what the host saw.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Packet { payload, hops } => self.receive(payload, hops, now),
            Input::Admin(true) => self.apply(Trigger::Enable, DownReason::Admin),
            Input::Admin(false) => self.apply(Trigger::Disable, DownReason::Admin),
        }
        self.run(now);
    }

    /// Does what is due. Harmless when nothing is.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.run(now);
    }

    /// The next packet to send.
    pub fn poll_transmit(&mut self) -> Option<ControlPacket> {
        self.packets.pop_front()
    }

    /// The next thing to log.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When something is due; None: nothing until the next input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.silent_at().into_iter().chain(self.transmit_at()).min()
    }

    /// Takes over other options. No change of them ends the session.
    pub fn set_config(&mut self, now: Instant, config: Config) {
        self.is_news |= config.multiplier != self.config.multiplier;
        self.config = config;
        self.negotiate(false);
        self.run(now);
    }

    /// The session, for `show`.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            state: self.state,
            diagnostic: self.diagnostic,
            last_down: self.last_down,
            remote_state: self.remote_state(),
            remote_diagnostic: self.remote.diagnostic,
            discriminator: self.discriminator,
            remote_discriminator: self.remote.discriminator,
            min_tx: self.said.min_tx,
            min_rx: self.said.min_rx,
            multiplier: self.config.multiplier.max(1),
            transmit_interval: self.transmit_interval(),
            detection_time: self.heard_at.map(|_| self.detection_time()),
            is_polling: self.poll == Poll::Asking,
            counters: self.counters,
        }
    }

    pub(crate) fn apply(&mut self, trigger: Trigger, reason: DownReason) {
        let Some((state, diagnostic)) = machine::next(self.state, trigger) else {
            return;
        };
        let before = core::mem::replace(&mut self.state, state);
        self.diagnostic = diagnostic;
        self.is_news = true;
        self.negotiate(true);
        let event = match (before, state) {
            (State::Up, State::AdminDown | State::Down | State::Init) => {
                self.counters.downs = self.counters.downs.wrapping_add(1);
                self.last_down = Some(reason);
                Event::Down(reason)
            }
            (State::AdminDown | State::Down | State::Init, State::Up) => {
                self.counters.ups = self.counters.ups.wrapping_add(1);
                Event::Up
            }
            (State::Up, State::Up)
            | (
                State::AdminDown | State::Down | State::Init,
                State::AdminDown | State::Down | State::Init,
            ) => return,
        };
        // A host that does not take its events has the counters.
        self.events.push_back(event).ok();
    }

    /// Tells the peer of intervals that are wanted now, and begins a Poll Sequence where it hears us.
    /// While one is under way, another waits for its end, unless the state moved: then what was asked
    /// is void.
    pub(crate) fn negotiate(&mut self, has_moved: bool) {
        let wanted = Intervals::wanted(&self.config, self.state);
        if wanted != self.said && (self.poll == Poll::Idle || has_moved) {
            self.said = wanted;
            self.is_news = true;
            self.poll = if self.remote.discriminator == 0 {
                Poll::Idle
            } else {
                Poll::Asking
            };
        }
        self.used = if self.poll == Poll::Asking {
            self.used.until_confirmed(self.said, self.state)
        } else {
            self.said
        };
    }

    /// Whether the peer wants no periodic packets by demand (6.8.6).
    fn is_on_demand(&self) -> bool {
        self.remote.demand && self.state == State::Up && self.remote.state == State::Up
    }

    fn transmit_interval(&self) -> Option<Duration> {
        let is_wanted = self.poll == Poll::Asking || !self.is_on_demand();
        timers::transmit_interval(self.used.min_tx, self.remote.min_rx).filter(|_| is_wanted)
    }

    fn transmit_at(&self) -> Option<Instant> {
        let interval = self.transmit_interval()?;
        Some(self.sent_at? + share(interval, self.share))
    }

    fn detection_time(&self) -> Duration {
        timers::detection_time(
            self.remote.detect_mult,
            self.used.min_rx,
            self.remote.min_tx,
        )
    }

    fn silent_at(&self) -> Option<Instant> {
        let silent_at = self.heard_at? + self.detection_time();
        Some(
            self.hearing_until
                .map_or(silent_at, |until| until.max(silent_at)),
        )
    }

    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard_at = Some(now);
        self.hearing_until = None;
    }

    pub(crate) fn run(&mut self, now: Instant) {
        self.expire(now);
        if core::mem::take(&mut self.is_asked) {
            self.send(true);
            // The answer says all that is new, but it cannot ask.
            self.is_news &= self.poll == Poll::Asking;
        }
        let is_due = self.transmit_at().is_some_and(|at| at <= now);
        if core::mem::take(&mut self.is_news) || is_due {
            self.send(false);
            self.sent_at = Some(now);
            self.share = self.jitter.draw(self.config.multiplier);
        }
    }

    /// Silence that lasted for the Detection Time (6.8.4). Who looks too late listens first: what came
    /// meanwhile may wait in a socket.
    fn expire(&mut self, now: Instant) {
        let Some(at) = self.silent_at().filter(|at| *at <= now) else {
            return;
        };
        if now.since(at) > ON_TIME && self.hearing_until.is_none() {
            self.hearing_until = Some(now + HEARING);
            return;
        }
        self.heard_at = None;
        self.hearing_until = None;
        // 6.8.1: RemoteDiscr becomes 0; 6.8.18: RemoteMinRxInterval its initial value.
        self.remote = Remote::UNKNOWN;
        self.poll = Poll::Idle;
        self.apply(Trigger::Expired, DownReason::Silent);
        self.negotiate(true);
    }

    /// A packet as RFC 5880 6.8.7 has it filled in.
    fn send(&mut self, is_final: bool) {
        let packet = ControlPacket {
            diagnostic: self.diagnostic,
            state: self.state,
            poll: self.poll == Poll::Asking && !is_final,
            is_final,
            control_plane_independent: false,
            demand: false,
            detect_mult: self.config.multiplier.max(1),
            my_discriminator: self.discriminator,
            your_discriminator: self.remote.discriminator,
            desired_min_tx: micros(self.said.min_tx),
            required_min_rx: micros(self.said.min_rx),
            required_min_echo_rx: 0,
        };
        if self.packets.push_back(packet).is_ok() {
            self.counters.sent = self.counters.sent.wrapping_add(1);
        }
    }
}
