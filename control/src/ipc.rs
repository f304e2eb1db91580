//! Requests and answers between processes: JSON records on `SOCK_SEQPACKET` Unix sockets.
//!
//! A connection carries one request. Its answer is a stream of records, or the daemon takes the
//! connection over and speaks its own dialect on it, with descriptors ([`Call::take_over`]).

pub mod client;
pub mod record;
pub mod server;

pub use client::{ClientError, Items, show, show_of};
pub use record::{
    Answer, BATCH, BondAnswer, BondRequest, CaptureAnswer, CaptureRequest, CapturedFrame,
    ConfigureRequest, Effect, PoolVerdict, RECORD_BYTES, RealVerdict, Request, TransactionAnswer,
    TransactionRequest, VrrpAnswer, VrrpRequest,
};
pub use server::{Call, Reply, Server};
