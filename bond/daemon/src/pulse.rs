//! Whether the forwarder forwards: every worker's pulse must move.

use std::fmt;

use bond::{Forwarder, feedback};
use sys::memory::SharedMemory;
use wire::{Duration, Instant};

/// A worker whose pulse rests for longer than this stands still.
const LIMIT: Duration = Duration::from_secs(1);
/// Two looks further apart than this mean that the watcher itself did not run on time.
const ON_TIME: Duration = Duration::from_millis(100);

/// Watches a forwarder, once one has attached.
#[derive(Default)]
pub struct PulseWatch {
    feedback: Option<SharedMemory>,
    looked: Instant,
    workers: Vec<Worker>,
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
    /// A watch where a forwarder belongs: one that has not attached within the limit stands still.
    pub fn expecting(now: Instant) -> Self {
        Self {
            looked: now,
            awaited: Some(now),
            ..Self::default()
        }
    }

    /// Watches this forwarder from now on. It has the whole limit for its first beat.
    pub fn attach(&mut self, feedback: SharedMemory, now: Instant) {
        self.feedback = Some(feedback);
        self.workers.clear();
        self.looked = now;
    }

    /// The verdict, as far as there is one: none before a forwarder has attached and beaten, unless
    /// one is expected, and none from a watcher that was late itself.
    pub fn look(&mut self, now: Instant) -> Option<Forwarder> {
        let late = now.since(self.looked) > ON_TIME;
        self.looked = now;
        let Some(feedback) = &self.feedback else {
            return self.miss(late, now);
        };
        let words = feedback.words();
        let pulses = (0..feedback::workers(words)).map(|worker| feedback::pulse(words, worker));
        observe(&mut self.workers, pulses, late, now)
    }

    /// The verdict while none has attached.
    fn miss(&mut self, late: bool, now: Instant) -> Option<Forwarder> {
        let awaited = self.awaited.as_mut()?;
        if late {
            *awaited = now;
        }
        (now.since(*awaited) > LIMIT).then_some(Forwarder::Stale)
    }
}

fn observe(
    workers: &mut Vec<Worker>,
    pulses: impl Iterator<Item = u64>,
    late: bool,
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
            None => workers.push(Worker { pulse, moved: now }),
        }
    }
    let is_still = |worker: &Worker| now.since(worker.moved) > LIMIT;
    if workers.iter().any(is_still) {
        Some(Forwarder::Stale)
    } else {
        // Memory of a forwarder that died beats no more: only a beat is a sign of life.
        (moves > 0).then_some(Forwarder::Alive)
    }
}

impl fmt::Debug for PulseWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PulseWatch")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks every 5 ms for so many ms; the pulses are what `beat` says. The last verdict.
    fn watch(
        workers: &mut Vec<Worker>,
        from: u64,
        ms: u64,
        beat: impl Fn(u64) -> [u64; 2],
    ) -> Option<Forwarder> {
        let mut verdict = None;
        for at in (from..=from + ms).step_by(5) {
            let now = Instant::from_nanos(at * 1_000_000);
            verdict = observe(workers, beat(at).into_iter(), false, now).or(verdict);
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
        assert_eq!(observe(&mut workers, rest.into_iter(), true, late), None);
        assert_eq!(watch(&mut workers, 5_000, 900, |_| rest), None);
        assert_eq!(
            watch(&mut workers, 5_900, 200, |_| rest),
            Some(Forwarder::Stale)
        );
    }

    #[test]
    fn a_forwarder_that_is_expected_and_does_not_come_within_a_second_is_stale() {
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        let mut watch = PulseWatch::expecting(at(0));
        for ms in (0..=1_000).step_by(5) {
            assert_eq!(watch.look(at(ms)), None, "{ms} ms");
        }
        assert_eq!(watch.look(at(1_005)), Some(Forwarder::Stale));
        // A watcher that was late itself may have missed it.
        let mut watch = PulseWatch::expecting(at(0));
        assert_eq!(watch.look(at(3_000)), None);
        assert_eq!(watch.look(at(3_050)), None);
    }

    #[test]
    fn a_forwarder_that_is_expected_and_comes_has_its_second_for_the_first_beat() {
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        let mut watch = PulseWatch::expecting(at(0));
        let memory = SharedMemory::create("feedback", feedback::WORDS * 8).expect("memory");
        feedback::set_workers(memory.words(), 1);
        watch.attach(memory, at(900));
        for ms in (905..=1_905).step_by(5) {
            assert_eq!(watch.look(at(ms)), None, "{ms} ms");
        }
        assert_eq!(watch.look(at(1_910)), Some(Forwarder::Stale));
    }

    #[test]
    fn without_a_forwarder_there_is_no_verdict() {
        let mut watch = PulseWatch::default();
        assert_eq!(watch.look(Instant::from_nanos(1)), None);
    }
}
