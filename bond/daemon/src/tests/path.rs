use super::*;

const NOW: Instant = Instant::from_nanos(1_000_000_000);
const MACS: [Mac; 2] = [Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2])];

/// Two ends of one member.
struct Ends {
    now: Instant,
    settings: [Settings; 2],
    paths: [Path; 2],
    is_open: [bool; 2],
    events: Vec<(usize, Event)>,
    /// Frames of the first arrive.
    is_heard: bool,
}

fn settings(local: u8, remote: u8) -> Settings {
    let address = |last: u8| [10, 0, 0, last].into();
    Settings {
        micro_bfd: MicroBfd::new(address(local), address(remote)),
        mode: Mode::Ieee8023ad,
    }
}

impl Ends {
    fn new(was_in_use: bool) -> Self {
        let mut ends = Self {
            now: NOW,
            settings: [settings(1, 2), settings(2, 1)],
            paths: [0, 1].map(|number| Path::new(number, None)),
            is_open: [was_in_use; 2],
            events: Vec::new(),
            is_heard: true,
        };
        ends.follow(0, true);
        ends.follow(1, true);
        ends
    }

    fn follow(&mut self, end: usize, is_wanted: bool) {
        let settings = self.settings[end];
        self.paths[end].follow(&settings, is_wanted, self.is_open[end], self.now);
    }

    fn run(&mut self, millis: u64) {
        for _ in 0..millis {
            for end in [0, 1] {
                let outcome = self.paths[end].turn(&self.settings[end], MACS[end], self.now);
                self.is_open[end] = outcome.is_open.unwrap_or(self.is_open[end]);
                let events = outcome.events.into_iter().map(|event| (end, event));
                self.events.extend(events);
                self.arrive(end, &outcome.frames);
            }
            self.now += Duration::from_millis(1);
        }
    }

    fn arrive(&mut self, from: usize, frames: &[Frame]) {
        let to = 1 - from;
        for frame in frames.iter().filter(|_| from == 1 || self.is_heard) {
            self.paths[to].frame(&self.settings[to], frame, self.now);
        }
    }
}

#[test]
fn a_member_may_be_used_when_its_session_is_up_and_not_before_or_after() {
    let mut ends = Ends::new(false);
    assert_eq!(ends.is_open, [false, false]);
    ends.run(10);
    assert_eq!(ends.is_open, [true, true]);
    ends.is_heard = false;
    ends.run(200);
    assert_eq!(ends.is_open, [false, false]);
}

#[test]
fn a_member_in_use_stays_so_until_its_session_was_up_once() {
    let mut ends = Ends::new(true);
    ends.is_heard = false;
    ends.run(5_000);
    assert_eq!(ends.is_open, [true, true]);
    ends.is_heard = true;
    ends.run(3_000);
    assert_eq!(ends.events.len(), 2);
    assert!(ends.events.iter().all(|(_, event)| *event == Event::Up));
    ends.is_heard = false;
    ends.run(200);
    assert_eq!(ends.is_open, [false, false]);
}

#[test]
fn a_session_that_the_peers_operator_takes_down_is_no_failure_with_lacp() {
    for (mode, is_used) in [(Mode::Ieee8023ad, true), (Mode::ActiveBackup, false)] {
        let mut ends = Ends::new(false);
        ends.settings[1].mode = mode;
        ends.run(3_000);
        let frames = ends.paths[0].retire(&ends.settings[0], MACS[0], ends.now);
        assert!(frames.len() > 3);
        ends.arrive(0, &frames);
        ends.run(5_000);
        let last = ends.events.last();
        assert_eq!(last, Some(&(1, Event::Down(DownReason::PeerAdmin))));
        assert_eq!(ends.is_open[1], is_used);
        // It comes back, and from then on silence counts again.
        ends.follow(0, true);
        ends.run(3_000);
        assert_eq!(ends.events.last(), Some(&(1, Event::Up)));
        ends.is_heard = false;
        ends.run(200);
        assert!(!ends.is_open[1]);
    }
}

#[test]
fn the_session_ends_with_its_want_and_the_next_is_another() {
    let mut ends = Ends::new(false);
    ends.run(10);
    let before = ends.paths[0].save();
    ends.follow(0, false);
    assert!(ends.paths[0].save().is_none() && ends.paths[0].due().is_none());
    ends.run(1);
    assert!(!ends.is_open[0], "without a session it is not open");
    ends.follow(0, true);
    assert_ne!(ends.paths[0].save(), before);
    assert!(!ends.is_open[0]);
}

#[test]
fn a_successor_goes_on_with_the_session_it_finds() {
    let mut ends = Ends::new(false);
    ends.run(500);
    ends.events.clear();
    let saved = ends.paths[0].save();
    ends.paths[0] = Path::new(0, saved);
    ends.follow(0, true);
    ends.run(1_000);
    assert_eq!((ends.events, ends.is_open), (Vec::new(), [true, true]));
}

#[test]
fn discriminators_of_members_differ_and_ports_are_the_standards() {
    let path = |number| Path::new(number, None);
    let low = |path: &Path| path.seed().discriminator & 0xff;
    assert_eq!((low(&path(3)), low(&path(33))), (3, 33));
    assert_ne!(path(0).seed(), path(0).seed());
    let at = |number| frame(&settings(1, 2), number, &[]).source_port;
    assert_eq!((at(0), at(255)), (49_152, 49_407));
}

#[test]
fn frames_that_are_not_for_the_session_are_counted() {
    let mut ends = Ends::new(false);
    let payload = [0x20; 24];
    let mut stranger = frame(&settings(9, 1), 0, &payload)
        .emit(MACS[0])
        .expect("a frame");
    ends.paths[0].frame(&ends.settings[0], &stranger, NOW);
    stranger[40] ^= 1;
    ends.paths[0].frame(&ends.settings[0], &stranger, NOW);
    ends.paths[0].frame(&ends.settings[0], &[0; 60], NOW);
    let frames = ends.paths[0]
        .item(&ends.settings[0], "bond0", "eth1")
        .frames;
    assert_eq!((frames.foreign, frames.malformed), (1, 1));
}
