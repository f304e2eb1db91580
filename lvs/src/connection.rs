//! The connection table: one fixed region of shared memory that outlives the process.
//!
//! ```text
//! header 4 KiB | registry: 64 bytes per real id | buckets: 1 KiB each
//! bucket:  cell 0: 15 tags of 32 bits, displaced(1) | cells 1..16: a connection each, 64 bytes
//! cell:    client(2) virtual(2) ports+real(1) state(1) reserved(2)            in 64-bit words
//! ```
//! - A connection lies in one of two buckets of its shard, both chosen by a keyed hash of client
//!   address, client port and protocol alone: a NAT reply finds the same entry as the request. A
//!   bucket counts the connections that were displaced from it to their second bucket, so that a
//!   search rarely looks at both.
//! - A tag holds 24 bits of that hash, a generation and the valid bit. It is written last when an
//!   entry comes and first when it goes, so that a process killed at any word leaves each entry
//!   whole or absent.
//! - Finding and following a connection takes no lock: a reader checks the tag again after it has
//!   read the cell, and the state word, which carries the generation too, changes by
//!   compare-and-exchange. Coming and going take the shard's lock, which lies in process memory.
//! - The table never grows. When both buckets are full, one of their connections is evicted: an
//!   expired one first, then the longest silent of the closed, the half-open, the closing, all
//!   others.
//! - Time is a `u32` of ticks of 2^26 ns (67 ms), which lasts nine years of uptime.

mod adopt;
mod cell;
mod enter;
mod evict;
mod fetch;
mod hash;
mod layout;
mod list;
mod lock;
mod registry;
mod sweep;
mod table;
#[cfg(test)]
mod tests;
mod tick;

pub use adopt::{AdoptError, Adopted};
pub use layout::LayoutError;
pub use list::{Connection, Connections};
pub use registry::RealId;
pub use sweep::Swept;
pub use table::{Table, TableCounters};

pub(crate) use cell::{Entry, Key};
pub(crate) use enter::{InsertError, Inserted};
pub(crate) use hash::Place;
pub(crate) use registry::RealKey;
pub(crate) use table::Found;
pub(crate) use tick::Tick;
