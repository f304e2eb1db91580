//! The Poll Sequence: how a change of intervals is confirmed (RFC 5880 6.5, 6.8.3).

use serde::{Deserialize, Serialize};

/// Whether a change of ours is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Poll {
    /// None is.
    Idle,
    /// Packets have the P bit until one with the F bit comes.
    Asking,
    /// Answered; the next may begin when a packet without the F bit has come, so that one answer is
    /// not taken for another's (6.8.3, choice 3).
    Answered,
}

impl Poll {
    /// After a packet with or without the F bit.
    #[must_use]
    pub const fn heard(self, is_final: bool) -> Self {
        match (self, is_final) {
            (Self::Asking, true) => Self::Answered,
            (Self::Answered, false) => Self::Idle,
            (Self::Idle | Self::Answered, true) | (Self::Idle | Self::Asking, false) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Poll::{Answered, Asking, Idle};

    #[test]
    fn a_poll_ends_with_its_final_and_the_next_waits_for_a_packet_without() {
        let all = [Idle, Asking, Answered];
        assert_eq!(all.map(|poll| poll.heard(true)), [Idle, Answered, Answered]);
        assert_eq!(all.map(|poll| poll.heard(false)), [Idle, Asking, Idle]);
    }
}
