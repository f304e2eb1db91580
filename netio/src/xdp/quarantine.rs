//! Frames that a dead worker left in no ring while the kernel still had some in hand.
//!
//! How many the kernel has in hand is exact: a fill ring's entries taken less the frames received,
//! a transmit ring's entries taken less the completions. Which ones it has is not known, so those
//! that no ring and no list names stay out of use until the kernel has given as many back.

use super::umem::Umem;

#[derive(Debug)]
pub(super) struct Quarantine {
    /// The chunks in quarantine, by index.
    held: Vec<bool>,
    /// What the kernel owes each port.
    owed: Vec<Owed>,
}

/// The frames of one port that the kernel has in hand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Owed {
    pub receive: u32,
    pub complete: u32,
}

impl Owed {
    pub const fn is_nothing(self) -> bool {
        self.receive == 0 && self.complete == 0
    }
}

impl Quarantine {
    pub const fn new(held: Vec<bool>, owed: Vec<Owed>) -> Self {
        Self { held, owed }
    }

    /// A frame was received: it is the worker's like any other.
    pub fn received(&mut self, port: usize, index: Option<usize>) {
        if let Some(owed) = self.owed.get_mut(port) {
            owed.receive = owed.receive.saturating_sub(1);
        }
        self.let_go(index);
    }

    /// A frame was completed; whether it was one that the kernel owed.
    pub fn completed(&mut self, port: usize, index: Option<usize>) -> bool {
        let owed = self.owed.get_mut(port).filter(|owed| owed.complete > 0);
        let is_owed = owed.is_some();
        if let Some(owed) = owed {
            owed.complete -= 1;
        }
        self.let_go(index);
        is_owed
    }

    fn let_go(&mut self, index: Option<usize>) {
        if let Some(held) = index.and_then(|index| self.held.get_mut(index)) {
            *held = false;
        }
    }

    /// Whether the kernel has given back all that it had.
    pub fn is_over(&self) -> bool {
        self.owed.iter().all(|owed| owed.is_nothing())
    }

    /// Frees what is left.
    pub fn end(self, umem: &mut Umem) {
        for (index, held) in self.held.into_iter().enumerate() {
            if held {
                umem.push(umem.address(index));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::Shape;
    use super::*;

    const SHAPE: Shape = Shape {
        ring_size: 64,
        frames: 128,
        chunk: 2048,
        long_frames: false,
    };

    fn quarantine(owed: Vec<Owed>) -> Quarantine {
        let mut held = vec![false; 128];
        held[..4].fill(true);
        Quarantine::new(held, owed)
    }

    #[test]
    fn it_lasts_until_every_port_has_what_the_kernel_owed_it() {
        let owed = vec![
            Owed {
                receive: 1,
                complete: 0,
            },
            Owed {
                receive: 0,
                complete: 2,
            },
        ];
        let mut quarantine = quarantine(owed);
        quarantine.completed(1, Some(0));
        quarantine.completed(0, Some(60));
        assert!(
            !quarantine.is_over(),
            "another port's completion pays nothing"
        );
        quarantine.completed(1, None);
        assert!(!quarantine.is_over());
        quarantine.received(0, Some(1));
        assert!(quarantine.is_over());
    }

    #[test]
    fn what_the_kernel_gave_back_is_not_freed_a_second_time() {
        let mut umem = Umem::create(SHAPE).unwrap();
        while umem.pop().is_some() {}
        let mut quarantine = quarantine(vec![Owed {
            receive: 1,
            complete: 1,
        }]);
        quarantine.received(0, Some(1));
        quarantine.completed(0, Some(3));
        assert!(quarantine.is_over());
        quarantine.end(&mut umem);
        let freed: Vec<_> = std::iter::from_fn(|| umem.pop()).collect();
        assert_eq!(freed, [2 * 2048, 0]);
    }
}
