//! The BFD engine: one session as a value, without socket or clock.
//!
//! **Standards.** RFC 5880 (sessions), RFC 5881 (one hop), RFC 5882 (what a session means); it
//! serves micro-BFD (RFC 7130) as well. Asynchronous mode, the Active role.
//!
//! **Inputs**: control packets with the TTL that they came with, an operator's switch.
//! **Outputs**: control packets, events. **States**: [`wire::bfd::State`], moved by
//! [`machine::next`]. **Timers**: transmission with jitter ([`timers`]), Detection Time.
//! **Bounds**: a session has one place for a packet to send and one for an answer to a Poll; its
//! events wait in a short queue.
//!
//! No socket, no clock, no log, no source of randomness: time and seeds are arguments. The law of
//! its loop: one call that mutates, drain packets and events, sleep until an input or
//! [`Session::poll_timeout`].
//!
//! What it does not do: authentication (a packet that has it is dropped), echo (Required Min Echo RX
//! is 0), asking for demand mode (a peer's is honoured), finding the session of a packet among
//! several: its host gives each session its own.
//!
//! ```
//! use bfd::{Config, Input, Seed, Session, State};
//! use wire::{Duration, Instant};
//!
//! let seed = |discriminator| Seed { discriminator, jitter: 7 };
//! let now = Instant::from_nanos(0);
//! let mut left = Session::new(Config::default(), seed(1), now);
//! let mut right = Session::new(Config::default(), seed(2), now);
//! for _ in 0..8 {
//!     for (from, to) in [(&mut left, &mut right)] {
//!         while let Some(packet) = from.poll_transmit() {
//!             to.handle_input(now, Input::Packet { payload: &packet.emit(), hops: 255 });
//!         }
//!         while let Some(packet) = to.poll_transmit() {
//!             from.handle_input(now, Input::Packet { payload: &packet.emit(), hops: 255 });
//!         }
//!     }
//! }
//! assert_eq!((left.state(), right.state()), (State::Up, State::Up));
//! assert!(left.poll_timeout() <= Some(now + Duration::from_millis(50)));
//! ```
#![no_std]
#![deny(clippy::indexing_slicing)]

mod config;
mod drop_reason;
mod event;
mod jitter;
pub mod machine;
mod poll;
mod receive;
mod saved;
mod session;
pub mod status;
pub mod timers;

pub use config::Config;
pub use drop_reason::DropReason;
pub use event::{DownReason, Event};
pub use saved::Saved;
pub use session::{Input, Seed, Session};
pub use status::{Counters, Status};
pub use wire::bfd::{Diagnostic, State};
