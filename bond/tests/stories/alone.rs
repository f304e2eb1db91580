//! A bond of three members without any partner, and a clock that is moved by hand.

use bond::{Bond, Config, Event, Input, Interface, Mode};
use wire::{Duration, Instant};

use crate::pair::interface;

pub struct Alone {
    pub now: Instant,
    pub bond: Bond,
}

/// Three members in this mode.
pub fn three(mode: Mode) -> Config {
    Config::new("bond0", mode, &["eth1", "eth2", "eth3"])
}

impl Alone {
    /// All three members have carrier.
    pub fn new(config: Config) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        let mut alone = Self {
            now,
            bond: Bond::new(config, now),
        };
        for member in 0..3 {
            alone.up(member);
        }
        alone
    }

    pub fn input(&mut self, input: Input<'_>) {
        self.bond.handle_input(self.now, input);
    }

    pub fn set_config(&mut self, config: Config) {
        self.bond.set_config(self.now, config);
    }

    pub fn set(&mut self, member: u8, change: impl Fn(&mut Interface)) {
        let mut interface = interface(0, member);
        change(&mut interface);
        let member = usize::from(member);
        self.input(Input::Link { member, interface });
    }

    pub fn up(&mut self, member: u8) {
        self.set(member, |_| {});
    }

    pub fn down(&mut self, member: u8) {
        self.set(member, |interface| interface.carrier = false);
    }

    pub fn wait(&mut self, span: Duration) {
        self.now += span;
        self.bond.handle_timeout(self.now);
    }

    pub fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.bond.poll_event()).collect()
    }

    pub fn usable(&self) -> Vec<u8> {
        self.bond.egress().usable.to_vec()
    }
}
