//! How many descriptors this process, and those that it starts, may have.

use std::io;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Sees to it that this process may have `wanted` descriptors; what it starts from here on inherits that.
/// Returns how many it may have: fewer than wanted when the hard limit is lower, which only root raises.
///
/// # Errors
/// What the kernel says.
pub fn descriptors(wanted: u64) -> io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft >= wanted {
        return Ok(soft);
    }
    if setrlimit(Resource::RLIMIT_NOFILE, wanted, hard.max(wanted)).is_ok() {
        return Ok(wanted);
    }
    let most = wanted.min(hard);
    setrlimit(Resource::RLIMIT_NOFILE, most, hard)?;
    Ok(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_raised_as_far_as_it_may_be_and_never_lowered() {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("limit");
        assert_eq!(descriptors(1).expect("asked"), soft);
        let wanted = (soft + 1).min(hard);
        assert_eq!(descriptors(wanted).expect("raised"), wanted);
        let (now, _) = getrlimit(Resource::RLIMIT_NOFILE).expect("limit");
        assert_eq!(now, wanted.max(soft));
    }
}
