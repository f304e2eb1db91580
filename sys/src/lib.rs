//! What Linux offers and the rooms share: clocks, shared memory, records with descriptors over Unix
//! sockets, readiness, the descriptor store, child processes and network namespaces.
//!
//! A leaf: it imports no other room, knows no protocol and reads no configuration. `unsafe` is allowed
//! here, each block with its reason, so that the rooms above need none.
//!
//! | module | gives |
//! |---|---|
//! | [`clock`] | nanoseconds of `CLOCK_MONOTONIC`, the time that hosts hand to engines; the calendar's for people |
//! | [`disk`] | a disk's partitions read again |
//! | [`limit`] | how many descriptors this process may have |
//! | [`memory`] | a size-sealed memfd, mapped shared, seen as words of atomics |
//! | [`module`] | kernel modules |
//! | [`nic`] | an interface's permanent address, name, and bringing it up |
//! | [`packet`] | `SOCK_SEQPACKET` sockets whose records carry descriptors, blocking and for tokio |
//! | [`sealed`] | bytes too large for a record, in a memfd that nobody can change |
//! | [`process`] | a process that another one started, and its end |
//! | [`program`] | programs that process 1 starts |
//! | [`ready`] | the newline on `READY_FD` that says "ready" |
//! | [`realtime`] | a thread that runs before others, memory that stays |
//! | [`store`] | descriptors that outlive a daemon: the daemon's half and the supervisor's half |
//! | [`supervised`] | a daemon's tie to its supervisor, and to the next one when that one dies |
//! | [`spawn`] | a child with a pidfd, a readiness pipe and an output pipe |
//! | [`step`] | named steps at which a test holds a process |
//! | [`watchdog`] | the byte each second on `WATCHDOG_FD` that says "my loop turns" |
//! | [`tied`] | a child that ends with the process that started it |
//! | [`watch`] | waiting on tokio for any descriptor |
//! | [`watchdog_device`] | the hardware watchdog |
//! | [`netns`] | running a thread in a named network namespace |
//!
//! # Example
//! ```
//! use std::sync::atomic::Ordering;
//! use sys::{memory::SharedMemory, packet::Packet};
//!
//! // One process makes the memory and passes it; the other one maps the same words.
//! let (here, there) = Packet::pair()?;
//! let table = SharedMemory::create("table", 4096)?;
//! here.send(b"take this", &[table.as_fd()])?;
//!
//! let (record, mut fds) = there.recv()?;
//! assert_eq!(record, b"take this");
//! let seen = SharedMemory::from_fd_readonly(fds.remove(0))?;
//! table.words()[7].store(42, Ordering::Release);
//! assert_eq!(seen.words()[7].load(Ordering::Acquire), 42);
//! # Ok::<(), std::io::Error>(())
//! ```
#![allow(unsafe_code)] // This room exists to hold it.

pub mod clock;
pub mod disk;
mod inherited;
pub mod limit;
pub mod memory;
pub mod module;
pub mod netns;
pub mod nic;
pub mod packet;
pub mod process;
pub mod program;
pub mod ready;
pub mod realtime;
pub mod sealed;
mod signals;
pub mod spawn;
pub mod step;
pub mod store;
pub mod supervised;
pub mod tied;
pub mod watch;
pub mod watchdog;
pub mod watchdog_device;
