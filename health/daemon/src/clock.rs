//! The clock that the engine is told the time of.

use wire::Instant;

/// The time: it goes on while this process is restarted.
pub fn now() -> Instant {
    Instant::from_nanos(sys::clock::monotonic_nanos())
}
