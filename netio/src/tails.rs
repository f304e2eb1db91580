//! Where the tails of long frames stand: of each chunk, which one continues it.
//!
//! The table is this process's own. What stands in the rings says by itself which descriptors are one
//! frame; what a dead worker had in hand is nobody's frame any more, whichever chunks it had.

use crate::frame::{CHUNKS_MAX, Frame};

/// The bytes of a frame in one chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// Where the first of them stands, in bytes from the start of the umem.
    pub address: u32,
    /// How many there are.
    pub len: u16,
}

/// By chunk, the part that follows the one in it. Touched for long frames only.
#[derive(Debug)]
pub(crate) struct Tails {
    next: Box<[Part]>,
    chunk: u32,
}

impl Tails {
    /// For a umem of `chunks` chunks of `chunk` bytes.
    pub fn new(chunks: usize, chunk: u32) -> Self {
        Self {
            next: vec![Part::default(); chunks].into_boxed_slice(),
            chunk,
        }
    }

    /// The parts of a frame, in order.
    pub fn parts(&self, frame: &Frame) -> heapless::Vec<Part, CHUNKS_MAX> {
        let mut part = Part {
            address: frame.address,
            len: frame.head,
        };
        let mut left = frame.len;
        let mut parts = heapless::Vec::new();
        while parts.push(part).is_ok() && left > part.len {
            left -= part.len;
            part = self.next[self.index(part.address)];
        }
        parts
    }

    /// Makes a frame of one chunk the end of another one's tail, or gives it back: it has no bytes, is
    /// one chunk too many, or the frame would be longer than a frame can be.
    pub fn append(&mut self, frame: &mut Frame, part: Frame) -> Result<(), Frame> {
        let parts = self.parts(frame);
        let (false, false, Some(last), Some(len)) = (
            part.is_empty() || part.is_long() || frame.is_empty(),
            parts.is_full(),
            parts.last(),
            frame.len.checked_add(part.len),
        ) else {
            return Err(part);
        };
        self.next[self.index(last.address)] = Part {
            address: part.address,
            len: part.len,
        };
        frame.len = len;
        Ok(())
    }

    const fn index(&self, address: u32) -> usize {
        (address / self.chunk) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: u32 = 2048;

    fn chunk(index: u32, len: u16) -> Frame {
        Frame::short(index * CHUNK + 256, len)
    }

    #[test]
    fn a_frame_has_its_parts_in_the_order_they_were_appended() {
        let mut tails = Tails::new(8, CHUNK);
        let mut frame = chunk(5, 1_792);
        assert_eq!((frame.is_long(), tails.parts(&frame).len()), (false, 1));
        tails.append(&mut frame, chunk(2, 1_792)).unwrap();
        tails.append(&mut frame, chunk(7, 10)).unwrap();
        let parts = tails.parts(&frame);
        let seen: Vec<_> = parts
            .iter()
            .map(|part| (part.address / CHUNK, part.len))
            .collect();
        assert_eq!(seen, [(5, 1_792), (2, 1_792), (7, 10)]);
        assert_eq!((frame.is_long(), frame.len()), (true, 3_594));
    }

    #[test]
    fn one_chunk_too_many_an_empty_one_and_a_tail_without_a_head_are_given_back() {
        let mut tails = Tails::new(8, CHUNK);
        let mut frame = chunk(0, 100);
        assert!(tails.append(&mut frame, chunk(1, 0)).is_err());
        assert!(tails.append(&mut chunk(2, 0), chunk(3, 5)).is_err());
        for index in 1..4 {
            tails.append(&mut frame, chunk(index, 100)).unwrap();
        }
        assert!(tails.append(&mut frame, chunk(4, 100)).is_err());
        assert_eq!((frame.len(), tails.parts(&frame).len()), (400, 4));
    }

    #[test]
    fn a_chunk_that_was_in_a_longer_frame_ends_a_shorter_one() {
        let mut tails = Tails::new(8, CHUNK);
        let mut frame = chunk(0, 100);
        tails.append(&mut frame, chunk(1, 100)).unwrap();
        tails.append(&mut frame, chunk(2, 100)).unwrap();
        let mut again = chunk(0, 100);
        assert_eq!(tails.parts(&again).len(), 1);
        tails.append(&mut again, chunk(1, 50)).unwrap();
        assert_eq!(tails.parts(&again).len(), 2);
    }
}
