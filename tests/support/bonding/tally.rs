//! What became of the datagrams of one direction, part by part of a story.

use std::fmt;
use std::ops::Add;

/// Counted datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Sent.
    pub sent: usize,
    /// Sent and never received.
    pub lost: usize,
    /// Received once more than sent.
    pub duplicated: usize,
    /// Received for the first time after a later one of the same flow.
    pub reordered: usize,
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            lost: self.lost + other.lost,
            duplicated: self.duplicated + other.duplicated,
            reordered: self.reordered + other.reordered,
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, lost, .. } = self;
        let (duplicated, reordered) = (self.duplicated, self.reordered);
        write!(
            f,
            "{lost} lost, {duplicated} duplicated, {reordered} reordered of {sent}"
        )
    }
}

/// The datagrams of one direction. A flow's are numbered from 0; the parts of the story, too.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By number: the part in which each flow's datagram was sent.
    parts: Vec<usize>,
    flows: Vec<Flow>,
}

#[derive(Clone, Debug, Default)]
struct Flow {
    /// By number: how often it was received, and whether late.
    received: Vec<(usize, bool)>,
}

impl Tally {
    /// Nothing sent of so many flows.
    #[must_use]
    pub fn new(flows: usize) -> Self {
        Self {
            parts: Vec::new(),
            flows: vec![Flow::default(); flows],
        }
    }

    /// Each flow's next datagram is sent in this part.
    pub fn sent(&mut self, part: usize) {
        self.parts.push(part);
    }

    /// A datagram arrived.
    pub fn received(&mut self, flow: usize, number: usize) {
        let Some(flow) = self.flows.get_mut(flow) else {
            return;
        };
        let is_late = flow.received.len() > number + 1;
        if flow.received.len() <= number {
            flow.received.resize(number + 1, (0, false));
        }
        if let Some((times, late)) = flow.received.get_mut(number) {
            *late |= *times == 0 && is_late;
            *times += 1;
        }
    }

    /// Takes what the sender of the same direction knows.
    #[must_use]
    pub fn with_sent_of(mut self, sender: &Self) -> Self {
        self.parts.clone_from(&sender.parts);
        self
    }

    /// What became of what was sent in this part.
    #[must_use]
    pub fn of(&self, part: usize) -> Count {
        let numbers = self.parts.iter().enumerate();
        let numbers = numbers.filter(|(_, sent_in)| **sent_in == part);
        let mut count = Count::default();
        for (number, _) in numbers {
            for flow in &self.flows {
                let (times, late) = flow.received.get(number).copied().unwrap_or_default();
                count = count
                    + Count {
                        sent: 1,
                        lost: usize::from(times == 0),
                        duplicated: times.saturating_sub(1),
                        reordered: usize::from(late),
                    };
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Tally};

    #[test]
    fn losses_copies_and_late_ones_are_told_apart_and_by_part() {
        let mut tally = Tally::new(2);
        for part in [0, 0, 0, 1] {
            tally.sent(part);
        }
        for number in [1, 0, 0, 3] {
            tally.received(0, number);
        }
        for number in 0..4 {
            tally.received(1, number);
        }
        tally.received(7, 0);
        let first = Count {
            sent: 6,
            lost: 1,
            duplicated: 1,
            reordered: 1,
        };
        assert_eq!(tally.of(0), first);
        let second = Count {
            sent: 2,
            ..Count::default()
        };
        assert_eq!((tally.of(1), tally.of(2)), (second, Count::default()));
    }

    #[test]
    fn what_arrives_in_order_once_is_only_sent() {
        let mut tally = Tally::new(1);
        for number in 0..3 {
            tally.sent(0);
            tally.received(0, number);
        }
        let all = Count {
            sent: 3,
            ..Count::default()
        };
        assert_eq!(tally.of(0), all);
    }
}
