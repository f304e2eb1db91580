//! Whether the forwarder forwards: every worker's pulse must move.
//!
//! A watch is shown the feedback memory again and again. A stall counts only if the watcher itself
//! ran on time: where the whole machine stood still, the workers have their whole limit again.

use core::sync::atomic::AtomicU64;

use heapless::Vec;
use wire::{Duration, Instant};

use crate::Forwarder;
use crate::feedback::{self, MAX_WORKERS};

/// Two looks further apart than this mean that the watcher itself did not run on time.
const ON_TIME: Duration = Duration::from_millis(100);

/// How long is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A worker whose pulse rests for longer than this stands still.
    pub stall: Duration,
    /// A forwarder that is gone for longer than this counts as standing still; one that is started anew
    /// has so long.
    pub absence: Duration,
}

/// Watches the forwarder of one bond.
#[derive(Debug)]
pub struct PulseWatch {
    limits: Limits,
    looked: Instant,
    workers: Vec<Worker, MAX_WORKERS>,
    /// Since when one is waited for that has to come.
    awaited: Option<Instant>,
}

/// One worker's pulse, and when it last moved.
#[derive(Clone, Copy, Debug)]
struct Worker {
    pulse: u64,
    moved: Instant,
}

impl PulseWatch {
    /// A watch where a forwarder may be or not be: none is missed before it has attached.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            looked: Instant::from_nanos(0),
            workers: Vec::new(),
            awaited: None,
        }
    }

    /// A watch where a forwarder belongs: one that has not attached in time stands still.
    #[must_use]
    pub fn expecting(limits: Limits, now: Instant) -> Self {
        Self {
            looked: now,
            awaited: Some(now),
            ..Self::new(limits)
        }
    }

    /// A forwarder has come, whose memory is looked at from now on. It has the whole limit of a
    /// stall for its first beat.
    pub fn attach(&mut self, now: Instant) {
        self.workers.clear();
        self.looked = now;
    }

    /// The forwarder has gone, and has the limit of an absence to come back.
    pub fn detach(&mut self, now: Instant) {
        *self = Self::expecting(self.limits, now);
    }

    /// The verdict on this feedback memory, as far as there is one: none before a forwarder has
    /// attached and beaten, unless one is expected, and none from a watcher that was late itself.
    pub fn look(&mut self, memory: Option<&[AtomicU64]>, now: Instant) -> Option<Forwarder> {
        let late = now.since(self.looked) > ON_TIME;
        self.looked = now;
        let Some(words) = memory else {
            return self.miss(late, now);
        };
        let pulses = (0..feedback::workers(words)).map(|worker| feedback::pulse(words, worker));
        observe(&mut self.workers, pulses, late, self.limits.stall, now)
    }

    /// The verdict while none has attached.
    fn miss(&mut self, late: bool, now: Instant) -> Option<Forwarder> {
        let awaited = self.awaited.as_mut()?;
        if late {
            *awaited = now;
        }
        (now.since(*awaited) > self.limits.absence).then_some(Forwarder::Stale)
    }
}

fn observe(
    workers: &mut Vec<Worker, MAX_WORKERS>,
    pulses: impl Iterator<Item = u64>,
    late: bool,
    limit: Duration,
    now: Instant,
) -> Option<Forwarder> {
    let mut moves = 0;
    for (i, pulse) in pulses.enumerate() {
        match workers.get_mut(i) {
            Some(worker) if worker.pulse != pulse => {
                *worker = Worker { pulse, moved: now };
                moves += 1;
            }
            Some(worker) if late => worker.moved = now,
            Some(_) => {}
            // There are no more blocks than places.
            None => drop(workers.push(Worker { pulse, moved: now })),
        }
    }
    let is_still = |worker: &Worker| now.since(worker.moved) > limit;
    if workers.iter().any(is_still) {
        Some(Forwarder::Stale)
    } else {
        // Memory of a forwarder that died beats no more: only a beat is a sign of life.
        (moves > 0).then_some(Forwarder::Alive)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);
    const LIMITS: Limits = Limits {
        stall: LIMIT,
        absence: Duration::from_millis(1_500),
    };

    fn memory() -> std::vec::Vec<AtomicU64> {
        let words: std::vec::Vec<AtomicU64> =
            (0..feedback::WORDS).map(|_| AtomicU64::new(0)).collect();
        feedback::set_workers(&words, 1);
        words
    }

    /// Looks every 5 ms for so many ms; the pulses are what `beat` says. The last verdict.
    fn watch(
        workers: &mut Vec<Worker, MAX_WORKERS>,
        from: u64,
        ms: u64,
        beat: impl Fn(u64) -> [u64; 2],
    ) -> Option<Forwarder> {
        let mut verdict = None;
        for at in (from..=from + ms).step_by(5) {
            let now = Instant::from_nanos(at * 1_000_000);
            verdict = observe(workers, beat(at).into_iter(), false, LIMIT, now).or(verdict);
        }
        verdict
    }

    #[test]
    fn workers_that_beat_are_alive_and_one_that_rests_for_a_second_is_stale() {
        let mut workers = Vec::new();
        let both = |at| [at, at];
        assert_eq!(watch(&mut workers, 0, 3_000, both), Some(Forwarder::Alive));
        let first = |at| [at, 3_000];
        assert_eq!(
            watch(&mut workers, 3_000, 995, first),
            Some(Forwarder::Alive)
        );
        assert_eq!(
            watch(&mut workers, 3_995, 100, first),
            Some(Forwarder::Stale)
        );
        assert_eq!(watch(&mut workers, 4_095, 10, both), Some(Forwarder::Alive));
    }

    #[test]
    fn nothing_is_said_of_memory_that_does_not_beat_until_the_second_is_over() {
        let mut workers = Vec::new();
        assert_eq!(watch(&mut workers, 0, 1_000, |_| [7, 7]), None);
        assert_eq!(
            watch(&mut workers, 1_000, 10, |_| [7, 7]),
            Some(Forwarder::Stale)
        );
    }

    #[test]
    fn a_watcher_that_was_late_itself_gives_the_workers_a_whole_second_again() {
        let mut workers = Vec::new();
        watch(&mut workers, 0, 500, |at| [at, at]);
        let late = Instant::from_nanos(5_000_000_000);
        let rest = [500, 500];
        assert_eq!(
            observe(&mut workers, rest.into_iter(), true, LIMIT, late),
            None
        );
        assert_eq!(watch(&mut workers, 5_000, 900, |_| rest), None);
        assert_eq!(
            watch(&mut workers, 5_900, 200, |_| rest),
            Some(Forwarder::Stale)
        );
    }

    #[test]
    fn a_forwarder_that_is_expected_and_does_not_come_in_time_is_stale() {
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        let mut watch = PulseWatch::expecting(LIMITS, at(0));
        for ms in (0..=1_500).step_by(5) {
            assert_eq!(watch.look(None, at(ms)), None, "{ms} ms");
        }
        assert_eq!(watch.look(None, at(1_505)), Some(Forwarder::Stale));
        // A watcher that was late itself may have missed it.
        let mut watch = PulseWatch::expecting(LIMITS, at(0));
        assert_eq!(watch.look(None, at(3_000)), None);
        assert_eq!(watch.look(None, at(3_050)), None);
    }

    #[test]
    fn a_forwarder_that_is_expected_and_comes_has_its_second_for_the_first_beat() {
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        let (mut watch, memory) = (PulseWatch::expecting(LIMITS, at(0)), memory());
        watch.attach(at(900));
        for ms in (905..=1_905).step_by(5) {
            assert_eq!(watch.look(Some(&memory), at(ms)), None, "{ms} ms");
        }
        assert_eq!(watch.look(Some(&memory), at(1_910)), Some(Forwarder::Stale));
    }

    #[test]
    fn a_forwarder_that_goes_has_its_time_to_come_back() {
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        let (mut watch, memory) = (PulseWatch::new(LIMITS), memory());
        watch.attach(at(0));
        assert_eq!(watch.look(Some(&memory), at(5)), None);
        feedback::beat(&memory, 0, 2);
        assert_eq!(watch.look(Some(&memory), at(10)), Some(Forwarder::Alive));
        watch.detach(at(20));
        for ms in (25..=1_520).step_by(5) {
            assert_eq!(watch.look(None, at(ms)), None, "{ms} ms");
        }
        assert_eq!(watch.look(None, at(1_525)), Some(Forwarder::Stale));
    }

    #[test]
    fn without_a_forwarder_there_is_no_verdict() {
        let mut watch = PulseWatch::new(LIMITS);
        assert_eq!(watch.look(None, Instant::from_nanos(1)), None);
    }
}
