//! Frames in, frames out: built and checked by a second encoder, on a virtual clock.

//mod answers;
//mod drops;
mod dr;
//mod icmp_errors;
mod lifecycle;
mod nat;
//mod properties;
mod support;
