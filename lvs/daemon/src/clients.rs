//! The clients of a balance-alb bond that know our MAC, which is a member's: who is to be told when that
//! changes. Workers note them as ARP and Neighbor Discovery pass, the slow path tells them.

use std::hash::BuildHasher as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bond::balance_alb::{Lesson, Notice};
use wire::{Duration, Instant};

use crate::quick_hash::Seed;

/// Clients that are remembered; another one in a client's place has it forgotten. Whoever is forgotten
/// is served all the same: the MACs of members that are down are behind the active one.
const PLACES: usize = 1_024;
/// A broadcast of ours has every client learn the bond's MAC: how long until they are told theirs again.
/// Hosts take no news of a neighbour within a second of the last.
const COLLAPSE_DELAY: Duration = Duration::from_secs(2);
/// How often they are told then.
const AFTER_COLLAPSE: u8 = 2;
/// How often clients are told whose member is another one, and how far apart: beyond a host's second.
const AFTER_MOVE: u8 = 4;
const PACE: Duration = Duration::from_millis(400);

/// What a client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knowledge {
    /// The MAC of its member.
    Right,
    /// The bond's MAC, since a short time ago.
    Collapsed,
    /// It is being told.
    Told {
        /// How often it still is.
        left: u8,
        /// When next.
        at: Instant,
        /// Whether it has to be told again afterwards.
        again: bool,
    },
}

#[derive(Clone, Copy, Debug)]
struct Client {
    lesson: Lesson,
    knows: Knowledge,
}

#[derive(Debug, Default)]
struct Places {
    /// Empty in other modes.
    clients: Vec<Option<Client>>,
    seed: Seed,
    /// Whether any of them may have to be told something.
    is_busy: bool,
}

/// The clients of one bond.
#[derive(Debug, Default)]
pub struct Clients {
    places: Mutex<Places>,
}

impl Clients {
    /// From here on clients are noted; or, in another mode, none is and all are forgotten.
    pub fn serve(&self, is_served: bool) {
        let mut places = self.lock();
        if is_served {
            places.clients.resize(PLACES, None);
        } else {
            places.clients = Vec::new();
        }
    }

    /// A frame leaves that tells of our MAC.
    pub fn tell(&self, notice: Notice) {
        let mut places = self.lock();
        match notice {
            Notice::To(lesson) => {
                if let Some((client, _)) = places.note(lesson) {
                    client.lesson.is_router |= lesson.is_router;
                }
            }
            Notice::All { local } => {
                places.is_busy = true;
                let clients = places.clients.iter_mut().flatten();
                for client in clients.filter(|client| client.lesson.local == local) {
                    client.knows = match client.knows {
                        Knowledge::Right | Knowledge::Collapsed => Knowledge::Collapsed,
                        Knowledge::Told { left, at, .. } => {
                            let again = true;
                            Knowledge::Told { left, at, again }
                        }
                    };
                }
            }
        }
    }

    /// A client answered what we asked: one that is new knows the bond's MAC from that.
    pub fn hear(&self, lesson: Lesson) {
        let mut places = self.lock();
        if let Some((client, true)) = places.note(lesson) {
            client.knows = Knowledge::Collapsed;
            places.is_busy = true;
        }
    }

    /// These clients have another member from here on: they are to be told at once.
    pub fn moved(&self, is_moved: impl Fn(&Lesson) -> bool, now: Instant) {
        let mut places = self.lock();
        places.is_busy = true;
        let clients = places.clients.iter_mut().flatten();
        for client in clients.filter(|client| is_moved(&client.lesson)) {
            client.knows = Knowledge::Told {
                left: AFTER_MOVE,
                at: now,
                again: false,
            };
        }
    }

    /// At most `most` clients that are to be told now.
    pub fn due(&self, now: Instant, most: usize) -> Vec<Lesson> {
        let mut places = self.lock();
        let mut due = Vec::new();
        if !places.is_busy {
            return due;
        }
        let mut is_busy = false;
        for client in places.clients.iter_mut().flatten() {
            if due.len() < most && client.is_due(now) {
                due.push(client.lesson);
            }
            is_busy |= client.knows != Knowledge::Right;
        }
        places.is_busy = is_busy;
        due
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// Whether it is to be told now, which then counts as done.
    fn is_due(&mut self, now: Instant) -> bool {
        match self.knows {
            Knowledge::Right => false,
            Knowledge::Collapsed => {
                self.knows = Knowledge::Told {
                    left: AFTER_COLLAPSE,
                    at: now + COLLAPSE_DELAY,
                    again: false,
                };
                false
            }
            Knowledge::Told { at, .. } if now < at => false,
            Knowledge::Told { left, again, .. } => {
                self.knows = match left.saturating_sub(1) {
                    0 if again => Knowledge::Collapsed,
                    0 => Knowledge::Right,
                    left => Knowledge::Told {
                        left,
                        at: now + PACE,
                        again,
                    },
                };
                true
            }
        }
    }
}

impl Places {
    /// The client's place, taken if another's, and whether it is new there; none in other modes, and
    /// without a station's MAC.
    fn note(&mut self, lesson: Lesson) -> Option<(&mut Client, bool)> {
        let key = |lesson: &Lesson| (lesson.client, lesson.local, lesson.vlan);
        let hash = usize::try_from(self.seed.hash_one(key(&lesson))).ok()?;
        let at = hash.checked_rem(self.clients.len())?;
        let place = self.clients.get_mut(at)?;
        if lesson.mac.is_group() {
            return None;
        }
        let is_new = !place.is_some_and(|client| key(&client.lesson) == key(&lesson));
        let fresh = Client {
            lesson,
            knows: Knowledge::Right,
        };
        let client = if is_new {
            place.insert(fresh)
        } else {
            place.get_or_insert(fresh)
        };
        client.lesson.mac = lesson.mac;
        Some((client, is_new))
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use wire::Mac;

    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    fn local() -> IpAddr {
        [10, 0, 0, 1].into()
    }

    fn lesson(last: u8) -> Lesson {
        Lesson {
            client: [10, 0, 0, last].into(),
            mac: Mac([2, 0, 0, 0, 9, last]),
            local: local(),
            vlan: None,
            is_router: false,
        }
    }

    fn clients() -> Clients {
        let clients = Clients::default();
        clients.serve(true);
        clients
    }

    /// When who is told, in 5 s.
    fn told(clients: &Clients) -> Vec<(u64, Lesson)> {
        let of = |ms: u64| {
            let due = clients.due(at(ms), 64).into_iter();
            due.map(move |lesson| (ms, lesson))
        };
        (0..5_000).step_by(5).flat_map(of).collect()
    }

    #[test]
    fn who_was_told_is_told_again_two_seconds_after_a_broadcast_and_else_not() {
        let clients = clients();
        clients.tell(Notice::To(lesson(7)));
        assert_eq!(told(&clients), []);
        let other = [10, 0, 0, 2].into();
        clients.tell(Notice::All { local: other });
        assert_eq!(told(&clients), [], "of another address of ours");
        clients.tell(Notice::All { local: local() });
        let expected = [(2_000, lesson(7)), (2_400, lesson(7))];
        assert_eq!(told(&clients), expected);
        assert_eq!(told(&clients), [], "once is enough");
    }

    #[test]
    fn whose_member_is_another_is_told_at_once_and_beyond_a_second_and_nobody_else() {
        let clients = clients();
        clients.tell(Notice::To(lesson(7)));
        clients.tell(Notice::To(lesson(8)));
        let is_moved = |lesson: &Lesson| lesson.client == IpAddr::from([10, 0, 0, 8]);
        clients.moved(is_moved, at(0));
        let expected = [0, 400, 800, 1_200].map(|ms| (ms, lesson(8)));
        assert_eq!(told(&clients), expected);
    }

    #[test]
    fn a_broadcast_while_clients_are_told_has_them_told_once_more_and_never_starves_them() {
        let clients = clients();
        clients.tell(Notice::To(lesson(7)));
        clients.moved(|_| true, at(0));
        let mut times = Vec::new();
        for ms in (0..10_000).step_by(5) {
            if ms < 6_000 {
                clients.tell(Notice::All { local: local() });
            }
            times.extend(clients.due(at(ms), 64).iter().map(|_| ms));
        }
        assert_eq!(times[..4], [0, 400, 800, 1_200]);
        assert!(times.len() > 6 && times.len() < 14, "{times:?}");
        assert!(times.windows(2).all(|two| two[1] - two[0] >= 400));
    }

    #[test]
    fn a_new_client_that_answers_us_is_told_its_member_and_a_known_one_knows_it() {
        let clients = clients();
        clients.hear(lesson(7));
        assert_eq!(told(&clients).len(), 2);
        clients.hear(lesson(7));
        assert_eq!(told(&clients), []);
    }

    #[test]
    fn at_most_so_many_are_told_at_once_and_the_others_next() {
        let clients = clients();
        for last in 1..=20 {
            clients.tell(Notice::To(lesson(last)));
        }
        clients.moved(|_| true, at(0));
        let known = clients.due(at(0), 5).len() + clients.due(at(0), 64).len();
        assert!((15..=20).contains(&known), "{known}: some share a place");
        assert_eq!(clients.due(at(0), 64), []);
    }

    #[test]
    fn in_another_mode_and_without_a_stations_mac_nobody_is_noted() {
        let clients = Clients::default();
        clients.tell(Notice::To(lesson(7)));
        clients.hear(lesson(8));
        clients.moved(|_| true, at(0));
        assert_eq!(clients.due(at(0), 64), []);
        clients.serve(true);
        let mac = Mac([0x33, 0x33, 0xff, 0, 0, 7]);
        clients.tell(Notice::To(Lesson { mac, ..lesson(7) }));
        clients.tell(Notice::To(lesson(9)));
        clients.serve(false);
        clients.serve(true);
        clients.moved(|_| true, at(0));
        assert_eq!(clients.due(at(0), 64), []);
    }
}
