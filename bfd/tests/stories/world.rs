//! Two sessions, a path between them, and one clock.

use bfd::{Config, Event, Input, Seed, Session, State};
use wire::bfd::ControlPacket;
use wire::{Duration, Instant};

/// One way takes this long.
pub const LATENCY: Duration = Duration::from_millis(1);

/// A packet under way.
#[derive(Clone, Debug)]
struct Flight {
    at: Instant,
    to: usize,
    bytes: Vec<u8>,
}

/// A path for one direction: how long each packet takes; none: it is lost. Several: so many copies.
type Way = Box<dyn FnMut(&ControlPacket) -> Vec<Duration>>;

/// Two sessions, `0` and `1`.
pub struct World {
    pub now: Instant,
    pub ends: [Session; 2],
    pub ways: [Way; 2],
    flights: Vec<Flight>,
    /// Everything that was sent: when, by whom, what.
    pub sent: Vec<(Instant, usize, ControlPacket)>,
    /// Everything that happened: when, to whom, what.
    pub events: Vec<(Instant, usize, Event)>,
}

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub fn through() -> Way {
    Box::new(|_| vec![LATENCY])
}

pub fn cut() -> Way {
    Box::new(|_| Vec::new())
}

pub fn seed(discriminator: u32) -> Seed {
    Seed {
        discriminator,
        jitter: u64::from(discriminator) * 0x1_0001,
    }
}

impl World {
    pub fn new(configs: [Config; 2], first: u32) -> Self {
        Self::on(configs, first, [through(), through()])
    }

    /// Two that cannot hear each other.
    pub fn apart(configs: [Config; 2]) -> Self {
        Self::on(configs, 1, [cut(), cut()])
    }

    fn on(configs: [Config; 2], first: u32, ways: [Way; 2]) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let [left, right] = configs;
        let mut world = Self {
            now,
            ends: [
                Session::new(left, seed(first), now),
                Session::new(right, seed(first + 1), now),
            ],
            ways,
            flights: Vec::new(),
            sent: Vec::new(),
            events: Vec::new(),
        };
        world.drain();
        world
    }

    /// Both Up, their Poll Sequences over, nothing remembered.
    pub fn up(configs: [Config; 2]) -> Self {
        Self::up_with(configs, 11)
    }

    pub fn up_with(configs: [Config; 2], first: u32) -> Self {
        let mut world = Self::new(configs, first);
        world.run(ms(3_000));
        assert_eq!(world.states(), [State::Up, State::Up]);
        assert!(world.ends.iter().all(|end| !end.status().is_polling));
        world.forget();
        world
    }

    pub fn forget(&mut self) {
        self.sent.clear();
        self.events.clear();
    }

    pub fn states(&self) -> [State; 2] {
        [self.ends[0].state(), self.ends[1].state()]
    }

    /// What happened to one of them.
    pub fn of(&self, end: usize) -> Vec<Event> {
        let own = self.events.iter().filter(|(_, who, _)| *who == end);
        own.map(|(_, _, event)| *event).collect()
    }

    /// The gaps between the packets of one of them, answers to a Poll left out.
    pub fn gaps(&self, end: usize) -> Vec<Duration> {
        let own = self
            .sent
            .iter()
            .filter(|(_, who, p)| *who == end && !p.is_final);
        let times: Vec<Instant> = own.map(|(at, _, _)| *at).collect();
        times
            .windows(2)
            .map(|pair| pair[1].since(pair[0]))
            .collect()
    }

    /// Something is done to one of them.
    pub fn with(&mut self, end: usize, act: impl FnOnce(&mut Session, Instant)) {
        act(&mut self.ends[end], self.now);
        self.drain();
    }

    pub fn drain(&mut self) {
        for (end, session) in self.ends.iter_mut().enumerate() {
            while let Some(packet) = session.poll_transmit() {
                self.sent.push((self.now, end, packet));
                for delay in (self.ways[end])(&packet) {
                    self.flights.push(Flight {
                        at: self.now + delay,
                        to: 1 - end,
                        bytes: packet.emit().to_vec(),
                    });
                }
            }
            while let Some(event) = session.poll_event() {
                self.events.push((self.now, end, event));
            }
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let flight = self.flights.iter().map(|flight| flight.at).min();
            let due = self.ends.iter().filter_map(Session::poll_timeout).min();
            let next = flight.into_iter().chain(due).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            self.deliver();
            for session in &mut self.ends {
                session.handle_timeout(self.now);
            }
            self.drain();
        }
        self.now = end;
    }

    fn deliver(&mut self) {
        let now = self.now;
        let due: Vec<Flight> = self
            .flights
            .iter()
            .filter(|f| f.at <= now)
            .cloned()
            .collect();
        self.flights.retain(|flight| flight.at > now);
        for Flight { to, bytes, .. } in due {
            let input = Input::Packet {
                payload: &bytes,
                hops: 255,
            };
            self.ends[to].handle_input(now, input);
            self.drain();
        }
    }
}
