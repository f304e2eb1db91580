//! What the table says of buckets that move: which are held, and who is to ask behind them.

use wire::Mac;

use crate::bucket_set::BucketSet;

/// A Marker PDU that the forwarder is to send, behind all that it has sent by these members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The worker that sends it.
    pub worker: u8,
    /// A bit for each member that it leaves by.
    pub members: u16,
    /// The number of the question; another one is another question.
    pub transaction: u32,
    /// The system that asks.
    pub system: Mac,
}

/// Buckets on their way from one member to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moving {
    /// Frames of these buckets are held, by whoever would send them.
    pub held: BucketSet,
    /// What the forwarder is to ask.
    pub ask: Option<Ask>,
}

/// Words that it takes.
pub(super) const WORDS: usize = 4 + 2;

/// Set in the first word of a question: all zeros is none.
const IS_ASKED: u64 = 1 << 63;

pub(super) fn encode(moving: &Moving) -> [u64; WORDS] {
    let [a, b, c, d] = moving.held.words();
    let [question, system] = moving.ask.map_or([0, 0], |ask| {
        let question =
            u64::from(ask.transaction) | u64::from(ask.worker) << 32 | u64::from(ask.members) << 40;
        [IS_ASKED | question, ask.system.to_bits()]
    });
    [a, b, c, d, question, system]
}

/// None: these are no words of [`encode`].
pub(super) fn decode(words: &[u64]) -> Option<Moving> {
    let &[a, b, c, d, question, system] = words.first_chunk::<WORDS>()?;
    let [t0, t1, t2, t3, worker, m0, m1, _] = question.to_le_bytes();
    let ask = Ask {
        worker,
        members: u16::from_le_bytes([m0, m1]),
        transaction: u32::from_le_bytes([t0, t1, t2, t3]),
        system: Mac::from_bits(system),
    };
    Some(Moving {
        held: BucketSet::from_words([a, b, c, d]),
        ask: (question & IS_ASKED != 0).then_some(ask),
    })
}
