//! One target: its verdict, and how far its probes speak for the other one.

use alloc::string::ToString as _;
use alloc::sync::Arc;

use wire::{Duration, Instant};

use crate::{Reason, Status, TargetConfig, Verdict};

/// Names a target while its check asks the same question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub(crate) u64);

/// Where a target is between two probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its next probe is to begin then.
    Waiting { due: Instant },
    /// Its probe began then.
    UnderWay { since: Instant },
}

#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) config: Arc<TargetConfig>,
    pub(crate) phase: Phase,
    pub(crate) verdict: Verdict,
    since: Instant,
    /// The verdict that the last probes in a row speak for, and how many they are.
    toward: Verdict,
    turning: u32,
    last: Option<Result<(), Reason>>,
    last_took: Duration,
    successes: u64,
    failures: u64,
}

impl Target {
    pub(crate) fn new(config: TargetConfig, now: Instant, due: Instant) -> Self {
        Self {
            config: Arc::new(config),
            phase: Phase::Waiting { due },
            verdict: Verdict::Unknown,
            since: now,
            toward: Verdict::Unknown,
            turning: 0,
            last: None,
            last_took: Duration::ZERO,
            successes: 0,
            failures: 0,
        }
    }

    /// Whether `other` asks the server the same, however often.
    pub(crate) fn asks_the_same(&self, other: &TargetConfig) -> bool {
        self.config.check.kind == other.check.kind && self.config.check.port == other.check.port
    }

    /// Asks another question from `due` on. The verdict stands until the new answers are enough.
    pub(crate) fn ask_anew(&mut self, config: TargetConfig, due: Instant) {
        self.config = Arc::new(config);
        self.phase = Phase::Waiting { due };
        self.turning = 0;
    }

    /// Asks the same in another rhythm.
    pub(crate) fn retime(&mut self, config: TargetConfig, now: Instant) {
        self.phase = match self.phase {
            Phase::Waiting { due } => Phase::Waiting {
                due: due.min(now + config.check.interval),
            },
            under_way @ Phase::UnderWay { .. } => under_way,
        };
        self.config = Arc::new(config);
    }

    /// Counts an outcome. True: the verdict is another one now.
    pub(crate) fn count(
        &mut self,
        result: Result<(), Reason>,
        took: Duration,
        now: Instant,
    ) -> bool {
        self.last = Some(result);
        self.last_took = took;
        let (speaks_for, enough) = match result {
            Ok(()) => (Verdict::Up, self.config.check.rise),
            Err(reason) if reason.is_of_the_server() => (Verdict::Down, self.config.check.fall),
            Err(_) => return false,
        };
        match result {
            Ok(()) => self.successes = self.successes.saturating_add(1),
            Err(_) => self.failures = self.failures.saturating_add(1),
        }
        if self.toward != speaks_for {
            self.toward = speaks_for;
            self.turning = 0;
        }
        if speaks_for == self.verdict {
            return false;
        }
        self.turning = self.turning.saturating_add(1);
        if self.turning < enough {
            return false;
        }
        self.verdict = speaks_for;
        self.since = now;
        self.turning = 0;
        true
    }

    pub(crate) fn status(&self) -> Status {
        Status {
            service: self.config.service.clone(),
            real: self.config.real,
            check: self.config.check.kind.name().to_string(),
            verdict: self.verdict,
            since_ns: self.since.as_nanos(),
            last: match self.last {
                None => "none yet".to_string(),
                Some(Ok(())) => "ok".to_string(),
                Some(Err(reason)) => reason.to_string(),
            },
            last_took_ns: self.last_took.as_nanos(),
            successes: self.successes,
            failures: self.failures,
            turning: self.turning,
        }
    }
}
