//! From the feedback memory to single things heard.

use core::sync::atomic::AtomicU64;

use wire::Instant;

use super::{Heard, Kind, TARGETS};
use crate::{MAX_MEMBERS, feedback};

/// Times for each member: of any frame, of ARP or Neighbor Discovery, of each kind of each target.
const WORDS: usize = 2 + Kind::ALL.len() * TARGETS;

/// Notices what is new in the feedback memory of one bond, again and again.
#[derive(Debug)]
pub struct Ear {
    known: [[Option<Instant>; WORDS]; MAX_MEMBERS],
    beats: u64,
}

impl Default for Ear {
    fn default() -> Self {
        Self {
            known: [[None; WORDS]; MAX_MEMBERS],
            beats: 0,
        }
    }
}

impl Ear {
    /// Whether a worker has beaten since the last call.
    pub fn is_attended(&mut self, words: &[AtomicU64]) -> bool {
        let pulses = (0..feedback::workers(words)).map(|worker| feedback::pulse(words, worker));
        let beats = pulses.fold(0, u64::wrapping_add);
        core::mem::replace(&mut self.beats, beats) != beats
    }

    /// Hands `take` what so many members heard of so many targets since the last call.
    pub fn listen(
        &mut self,
        words: &[AtomicU64],
        (members, targets): (usize, usize),
        mut take: impl FnMut(usize, Heard, Instant),
    ) {
        for (member, known) in self.known.iter_mut().enumerate().take(members) {
            let mut places = known.iter_mut();
            let mut notice = |heard, at: Option<Instant>| {
                if let (Some(known), Some(at)) = (places.next(), at)
                    && *known != Some(at)
                {
                    *known = Some(at);
                    take(member, heard, at);
                }
            };
            notice(Heard::Frame, feedback::last_receive(words, member));
            let neighbour = (targets > 0).then(|| feedback::last_neighbour(words, member));
            notice(Heard::Neighbour, neighbour.flatten());
            for target in 0..targets.min(TARGETS) {
                for kind in Kind::ALL {
                    let at = feedback::last_of_target(words, member, target, kind);
                    notice(Heard::Target { target, kind }, at);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;
    use crate::monitor::Seen;

    fn heard(ear: &mut Ear, words: &[AtomicU64]) -> Vec<(usize, Heard, u64)> {
        let mut all = Vec::new();
        ear.listen(words, (2, 3), |member, heard, at| {
            all.push((member, heard, at.as_nanos()));
        });
        all
    }

    #[test]
    fn what_a_worker_notes_is_heard_once_and_by_its_member_and_target() {
        let words: Vec<AtomicU64> = (0..feedback::WORDS).map(|_| AtomicU64::new(0)).collect();
        feedback::set_workers(&words, 2);
        let mut ear = Ear::default();
        assert_eq!(heard(&mut ear, &words), []);
        let at = Instant::from_nanos;
        let of = |target, kind| Seen::Of { target, kind };
        feedback::received(&words, 0, 1, at(5));
        feedback::seen(&words, 0, 0, Seen::Neighbour, at(6));
        feedback::seen(&words, 1, 1, of(2, Kind::Own), at(7));
        let target = |target, kind| Heard::Target { target, kind };
        let wanted = [
            (0, Heard::Neighbour, 6),
            (1, Heard::Frame, 5),
            (1, Heard::Neighbour, 7),
            (1, target(2, Kind::Own), 7),
        ];
        assert_eq!(heard(&mut ear, &words), wanted);
        assert_eq!(heard(&mut ear, &words), []);
        feedback::seen(&words, 0, 1, of(2, Kind::Own), at(9));
        feedback::seen(&words, 1, 2, of(0, Kind::Reply), at(9));
        let wanted = [(1, Heard::Neighbour, 9), (1, target(2, Kind::Own), 9)];
        assert_eq!(heard(&mut ear, &words), wanted, "member 2 is not asked for");
    }

    #[test]
    fn only_a_beat_is_a_sign_of_somebody_who_listens() {
        let words: Vec<AtomicU64> = (0..feedback::WORDS).map(|_| AtomicU64::new(0)).collect();
        feedback::set_workers(&words, 2);
        let mut ear = Ear::default();
        assert!(!ear.is_attended(&words));
        feedback::beat(&words, 1, 2);
        assert!(ear.is_attended(&words));
        assert!(!ear.is_attended(&words));
    }
}
