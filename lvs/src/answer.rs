//! Frames of our own making, each to the station whose frame is answered.

pub mod arp;
mod draft;
pub mod echo;
pub mod neighbour;
pub mod reset;
pub mod unreachable;
