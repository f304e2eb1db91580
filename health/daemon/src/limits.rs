//! How many probes may be under way, by the descriptors that there are.

use std::io;

/// The most probes under way. Ten thousand targets, all of them silent, with an interval of 5 s and a
/// timeout of 3 s are 3,750. What is due beyond that waits, those due longest first.
pub const MOST_PROBES: usize = 8_192;

/// Descriptors for everything else.
const OTHERS: usize = 128;

/// Asks for as many descriptors as the most probes need, and says how many probes those that there are
/// allow.
///
/// # Errors
/// When the kernel does not say.
pub fn slots() -> io::Result<usize> {
    let wanted = u64::try_from(MOST_PROBES + OTHERS).map_err(io::Error::other)?;
    sys::limit::descriptors(wanted).map(slots_of)
}

/// At least one probe at a time, however few descriptors there are.
fn slots_of(descriptors: u64) -> usize {
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    descriptors.saturating_sub(OTHERS).clamp(1, MOST_PROBES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_bounded_by_descriptors_and_by_the_most() {
        assert_eq!(slots_of(1_024), 896);
        assert_eq!(slots_of(1 << 30), MOST_PROBES);
        assert_eq!(slots_of(10), 1);
    }
}
