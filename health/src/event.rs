//! What the engine tells its host to log.

use alloc::sync::Arc;
use core::fmt;

use crate::{Reason, TargetConfig, Verdict};

/// Something that happened. A server can cause each as often as its checks let it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A target has another verdict.
    Verdict {
        /// The target.
        target: Arc<TargetConfig>,
        /// Its verdict.
        verdict: Verdict,
        /// Down: why the last probe was not well.
        reason: Option<Reason>,
        /// So many probes in a row it took: `rise` or `fall`.
        probes: u32,
    },
    /// A service has a real that is up again, or none any more.
    Pool {
        /// The service's name.
        service: Arc<str>,
        /// Whether one of its reals is up.
        alive: bool,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict {
                target,
                verdict,
                reason,
                probes,
            } => {
                let TargetConfig { service, real, .. } = &**target;
                write!(f, "service {service} real {real}: {verdict}")?;
                if let Some(reason) = reason {
                    write!(f, ": {reason}")?;
                }
                write!(f, " ({probes} of {probes})")
            }
            Self::Pool {
                service,
                alive: true,
            } => write!(f, "service {service}: has a real that is up"),
            Self::Pool {
                service,
                alive: false,
            } => write!(f, "service {service}: no real is up"),
        }
    }
}
