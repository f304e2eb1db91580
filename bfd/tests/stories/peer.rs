//! A peer made by hand: what it asks for, and what it must not say.

use bfd::{Config, DropReason, Event, Input, Session, State};
use wire::bfd::{ControlPacket, Diagnostic};
use wire::{Duration, Instant};

use crate::world::{ms, seed};

const OURS: u32 = 77;
const THEIRS: u32 = 5;

fn packet(state: State) -> ControlPacket {
    ControlPacket {
        diagnostic: Diagnostic::NONE,
        state,
        poll: false,
        is_final: false,
        control_plane_independent: false,
        demand: false,
        detect_mult: 3,
        my_discriminator: THEIRS,
        your_discriminator: OURS,
        desired_min_tx: 50_000,
        required_min_rx: 50_000,
        required_min_echo_rx: 0,
    }
}

/// A session with a hand-made peer.
struct Alone {
    now: Instant,
    session: Session,
}

impl Alone {
    fn new() -> Self {
        let now = Instant::from_nanos(5_000_000_000);
        let session = Session::new(Config::default(), seed(OURS), now);
        let mut alone = Self { now, session };
        alone.sent();
        alone
    }

    /// In a state, its Poll Sequence answered.
    fn in_state(state: State) -> Self {
        let mut alone = Self::new();
        match state {
            State::AdminDown => {
                alone.session.handle_input(alone.now, Input::Admin(false));
            }
            State::Down => {}
            State::Init => alone.hear(&packet(State::Down)),
            State::Up => {
                alone.hear(&packet(State::Init));
                let is_final = true;
                alone.hear(&ControlPacket {
                    is_final,
                    ..packet(State::Up)
                });
                alone.hear(&packet(State::Up));
            }
        }
        assert_eq!(alone.session.state(), state);
        alone.sent();
        alone
    }

    fn hear(&mut self, packet: &ControlPacket) {
        self.hear_bytes(&packet.emit(), 255);
    }

    fn hear_bytes(&mut self, payload: &[u8], hops: u8) {
        let input = Input::Packet { payload, hops };
        self.session.handle_input(self.now, input);
    }

    fn sent(&mut self) -> Vec<ControlPacket> {
        std::iter::from_fn(|| self.session.poll_transmit()).collect()
    }

    /// What is sent in this time, the peer saying `packet` every 50 ms.
    fn sent_within(&mut self, span: Duration, packet: &ControlPacket) -> usize {
        let end = self.now + span;
        let mut sent = 0;
        while self.now < end {
            self.now += ms(5);
            if self.now.as_nanos().is_multiple_of(50_000_000) {
                self.hear(packet);
            }
            self.session.handle_timeout(self.now);
            sent += self.sent().len();
        }
        sent
    }

    fn dropped(&self, reason: DropReason) -> u64 {
        self.session.status().counters.dropped.of(reason)
    }
}

const STATES: [State; 4] = [State::AdminDown, State::Down, State::Init, State::Up];

#[test]
fn every_state_and_received_state_by_whole_packets() {
    use State::{AdminDown, Down, Init, Up};
    let after = |received: State| {
        STATES.map(|state| {
            let mut alone = Alone::in_state(state);
            alone.hear(&packet(received));
            alone.session.state()
        })
    };
    assert_eq!(after(AdminDown), [AdminDown, Down, Down, Down]);
    assert_eq!(after(Down), [AdminDown, Init, Init, Down]);
    assert_eq!(after(Init), [AdminDown, Up, Up, Up]);
    assert_eq!(after(Up), [AdminDown, Down, Up, Up]);
}

#[test]
fn a_poll_is_answered_at_once_in_every_state_and_the_answer_asks_nothing() {
    for state in STATES {
        let mut alone = Alone::in_state(state);
        let poll = true;
        // What leaves the session where it is.
        let same = match state {
            State::AdminDown | State::Init => State::Down,
            State::Down | State::Up => State::Up,
        };
        alone.hear(&ControlPacket {
            poll,
            ..packet(same)
        });
        assert_eq!(alone.session.state(), state);
        let sent = alone.sent();
        assert_eq!(sent.len(), 1, "{state}");
        assert!(sent[0].is_final && !sent[0].poll);
        alone.hear(&packet(same));
        assert_eq!(alone.sent(), [], "{state}: none asked, none answered");
    }
}

#[test]
fn a_peer_that_wants_no_packets_gets_none_until_it_does() {
    let mut alone = Alone::in_state(State::Up);
    let quiet = ControlPacket {
        required_min_rx: 0,
        ..packet(State::Up)
    };
    alone.hear(&quiet);
    assert_eq!(alone.sent_within(ms(5_000), &quiet), 0);
    assert_eq!(alone.session.state(), State::Up);
    assert!(alone.sent_within(ms(1_000), &packet(State::Up)) >= 18);
}

#[test]
fn a_peers_demand_is_honoured_while_both_are_up_and_a_poll_goes_out_all_the_same() {
    let mut alone = Alone::in_state(State::Up);
    let demand = ControlPacket {
        demand: true,
        ..packet(State::Up)
    };
    alone.hear(&demand);
    assert_eq!(alone.sent_within(ms(5_000), &demand), 0);
    let slower = Config {
        min_tx: ms(100),
        ..Config::default()
    };
    alone.session.set_config(alone.now, slower);
    assert!(alone.sent_within(ms(1_000), &demand) >= 8);
    alone.hear(&ControlPacket {
        is_final: true,
        ..demand
    });
    alone.sent();
    assert_eq!(alone.sent_within(ms(5_000), &demand), 0);
    let in_init = ControlPacket {
        demand: true,
        ..packet(State::Init)
    };
    assert!(alone.sent_within(ms(1_000), &in_init) >= 8);
}

#[test]
fn we_never_ask_for_demand_or_echo_and_share_our_fate_with_the_daemon() {
    let mut alone = Alone::new();
    alone.hear(&packet(State::Down));
    alone.hear(&packet(State::Up));
    for sent in alone.sent() {
        assert!(!sent.demand && !sent.control_plane_independent);
        assert_eq!(sent.required_min_echo_rx, 0);
    }
}

#[test]
fn what_is_discarded_is_counted_by_its_reason_and_keeps_nothing_alive() {
    let up = packet(State::Up);
    let with = |change: fn(&mut [u8; 24])| {
        let mut bytes = up.emit();
        change(&mut bytes);
        bytes
    };
    let bad = [
        (DropReason::Version, with(|b| b[0] = 0)),
        (DropReason::Length, with(|b| b[3] = 25)),
        (DropReason::DetectMult, with(|b| b[2] = 0)),
        (DropReason::Multipoint, with(|b| b[1] |= 1)),
        (DropReason::MyDiscriminator, with(|b| b[7] = 0)),
        (DropReason::YourDiscriminator, with(|b| b[11] = 0)),
        (DropReason::YourDiscriminator, with(|b| b[11] = 78)),
        (DropReason::Length, with(|b| b[1] |= 4)),
    ];
    for (reason, bytes) in bad {
        let mut alone = Alone::in_state(State::Up);
        let received = alone.session.status().counters.received;
        for _ in 0..31 {
            alone.now += ms(5);
            alone.hear_bytes(&bytes, 255);
        }
        assert_eq!(alone.dropped(reason), 31);
        assert_eq!(alone.session.status().counters.received, received);
        assert_eq!(
            alone.session.state(),
            State::Down,
            "{reason:?} is no sign of life"
        );
    }
}

#[test]
fn a_packet_from_beyond_the_link_or_with_authentication_is_discarded() {
    let mut alone = Alone::in_state(State::Up);
    alone.hear_bytes(&packet(State::Down).emit(), 254);
    assert_eq!(alone.dropped(DropReason::Hops), 1);
    let mut bytes = packet(State::Down).emit().to_vec();
    bytes[1] |= 4;
    bytes[3] = 28;
    bytes.extend([1, 4, 0, 0]);
    alone.hear_bytes(&bytes, 255);
    assert_eq!(alone.dropped(DropReason::Authentication), 1);
    assert_eq!(alone.session.state(), State::Up);
    alone.hear(&packet(State::Down));
    assert_eq!(alone.session.state(), State::Down);
}

#[test]
fn ten_thousand_packets_a_second_are_counted_and_change_no_pace() {
    let mut alone = Alone::in_state(State::Up);
    let mut sent = 0;
    for _ in 0..10_000 {
        alone.now += Duration::from_micros(100);
        alone.hear(&packet(State::Up));
        sent += alone.sent().len();
    }
    assert!((18..=28).contains(&sent), "{sent}");
    assert_eq!(alone.session.poll_event(), Some(Event::Up));
    assert_eq!(alone.session.poll_event(), None);
}
