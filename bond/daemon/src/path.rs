//! Micro-BFD on one member: its session while there is one, and whether the member may be used.

use bfd::{DownReason, Event, Input, Saved, Session};
use bond::{MicroBfd, Mode};
use control::show::{BfdItem, PathFrames};
use wire::bfd::{FRAME_MAX, FrameInvalid, HOPS, MicroFrame, SOURCE_PORTS};
use wire::{Duration, Instant, Mac};

use crate::chance;

/// A member's path.
#[derive(Debug)]
pub struct Path {
    /// The member's port among all of this daemon's bonds.
    number: u16,
    session: Option<Session>,
    /// A predecessor's session, until ours is made.
    saved: Option<Saved>,
    is_open: bool,
    /// It is used although its session is not up: it was in use before there was one, or the peer's
    /// operator took the session down. Until the session is up.
    is_trusted: bool,
    frames: PathFrames,
}

/// A frame to send.
pub type Frame = heapless::Vec<u8, FRAME_MAX>;

/// What came of a call, for the host.
#[derive(Debug, Default)]
pub struct Outcome {
    /// To be sent in this order.
    pub frames: Vec<Frame>,
    /// To be logged.
    pub events: Vec<Event>,
    /// Whether the member may be used, when that changed.
    pub is_open: Option<bool>,
}

/// What a session needs to know of its bond.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Its micro-BFD.
    pub micro_bfd: MicroBfd,
    /// Its mode.
    pub mode: Mode,
}

impl Settings {
    fn session(&self) -> bfd::Config {
        bfd::Config {
            min_tx: Duration::from_millis(self.micro_bfd.min_tx.into()),
            min_rx: Duration::from_millis(self.micro_bfd.min_rx.into()),
            multiplier: self.micro_bfd.multiplier,
        }
    }

    /// Whether something else than BFD tells that the other end is there (RFC 5882 3.2): without, a
    /// session that the peer's operator took down is one that is down.
    const fn has_other_means(&self) -> bool {
        match self.mode {
            Mode::Ieee8023ad => true,
            Mode::BalanceRr
            | Mode::ActiveBackup
            | Mode::BalanceXor
            | Mode::Broadcast
            | Mode::BalanceTlb
            | Mode::BalanceAlb => false,
        }
    }
}

impl Path {
    /// A path without a session, which may go on from a predecessor's.
    pub const fn new(number: u16, saved: Option<Saved>) -> Self {
        Self {
            number,
            session: None,
            saved,
            is_open: false,
            is_trusted: false,
            frames: PathFrames {
                foreign: 0,
                malformed: 0,
            },
        }
    }

    /// Makes or ends the session. `is_open`: whether the member may be used, as the engine has it.
    pub fn follow(&mut self, settings: &Settings, is_wanted: bool, is_open: bool, now: Instant) {
        match (&self.session, is_wanted) {
            (None, true) => {
                let config = settings.session();
                self.session = Some(match self.saved.take() {
                    Some(saved) => Session::resume(config, &saved, chance::draw(), now),
                    None => Session::new(config, self.seed(), now),
                });
                self.is_open = is_open;
                self.is_trusted = is_open && !self.is_up();
            }
            (Some(_), false) => {
                self.session = None;
                self.is_trusted = false;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// Random, and unique by the port's number in its lower bits.
    fn seed(&self) -> bfd::Seed {
        let [a, b, c, _, jitter @ ..] = chance::draw().to_be_bytes();
        let [_, number] = self.number.to_be_bytes();
        bfd::Seed {
            discriminator: u32::from_be_bytes([a | 0x80, b, c, number]),
            jitter: u32::from_be_bytes(jitter).into(),
        }
    }

    fn is_up(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.state() == bfd::State::Up)
    }

    /// Takes over other options of the session.
    pub fn set_settings(&mut self, settings: &Settings, now: Instant) {
        if let Some(session) = &mut self.session {
            session.set_config(now, settings.session());
        }
    }

    /// A frame came to micro-BFD's port on this member.
    pub fn frame(&mut self, settings: &Settings, bytes: &[u8], now: Instant) {
        let MicroBfd {
            local_address,
            remote_address,
            ..
        } = settings.micro_bfd;
        match MicroFrame::parse(bytes) {
            Ok(frame) if (frame.source, frame.destination) == (remote_address, local_address) => {
                if let Some(session) = &mut self.session {
                    let input = Input::Packet {
                        payload: frame.payload,
                        hops: frame.hops,
                    };
                    session.handle_input(now, input);
                }
            }
            Ok(_) => self.frames.foreign = self.frames.foreign.wrapping_add(1),
            Err(FrameInvalid::Other) => {}
            Err(FrameInvalid::Malformed | FrameInvalid::Checksum) => {
                self.frames.malformed = self.frames.malformed.wrapping_add(1);
            }
        }
    }

    /// When the session has something due.
    pub fn due(&self) -> Option<Instant> {
        self.session.as_ref()?.poll_timeout()
    }

    /// Does what is due; what there is to send, to log and to tell the engine.
    pub fn turn(&mut self, settings: &Settings, member: Mac, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        if let Some(session) = &mut self.session {
            if session.poll_timeout().is_some_and(|due| due <= now) {
                session.handle_timeout(now);
            }
            while let Some(packet) = session.poll_transmit() {
                let payload = packet.emit();
                let frame = frame(settings, self.number, &payload);
                outcome.frames.extend(frame.emit(member));
            }
            while let Some(event) = session.poll_event() {
                outcome.events.push(event);
            }
        }
        for event in &outcome.events {
            self.is_trusted = match event {
                Event::Down(DownReason::PeerAdmin) => settings.has_other_means(),
                Event::Up
                | Event::Down(DownReason::Silent | DownReason::Peer | DownReason::Admin) => false,
            };
        }
        let is_open = self.is_up() || self.is_trusted;
        if is_open != self.is_open {
            self.is_open = is_open;
            outcome.is_open = Some(is_open);
        }
        outcome
    }

    /// Takes the session down so that the peer does not think it failed (RFC 5882 8): said as often
    /// as packets may be missed.
    pub fn retire(&mut self, settings: &Settings, member: Mac, now: Instant) -> Vec<Frame> {
        let mut frames = Vec::new();
        if let Some(mut session) = self.session.take() {
            session.handle_input(now, Input::Admin(false));
            while let Some(packet) = session.poll_transmit() {
                frames.extend(frame(settings, self.number, &packet.emit()).emit(member));
            }
        }
        let last: Vec<Frame> = frames.last().cloned().into_iter().collect();
        let copies = usize::from(settings.micro_bfd.multiplier);
        frames.extend(last.into_iter().cycle().take(copies));
        frames
    }

    /// The session's state to save.
    pub fn save(&self) -> Option<Saved> {
        self.session.as_ref().map(Session::save)
    }

    /// For `show bfd`.
    pub fn item(&self, settings: &Settings, bond: &str, member: &str) -> BfdItem {
        BfdItem {
            bond: bond.to_owned(),
            member: member.to_owned(),
            local_address: settings.micro_bfd.local_address,
            remote_address: settings.micro_bfd.remote_address,
            is_open: self.session.is_some() && self.is_open,
            session: self.session.as_ref().map(Session::status),
            frames: self.frames,
        }
    }
}

/// A packet's frame, from a UDP port of the member's own.
fn frame<'a>(settings: &Settings, number: u16, payload: &'a [u8]) -> MicroFrame<'a> {
    let offset = number % 16_384;
    MicroFrame {
        source: settings.micro_bfd.local_address,
        destination: settings.micro_bfd.remote_address,
        source_port: SOURCE_PORTS.start().saturating_add(offset),
        hops: HOPS,
        payload,
    }
}

#[cfg(test)]
#[path = "tests/path.rs"]
mod tests;
