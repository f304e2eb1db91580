//! The ports that a frame leaves by.

/// At least one port; more than one where a bond's mode sends copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exits {
    first: usize,
    copies: u64,
    held: Option<usize>,
}

impl Exits {
    /// These ports, the first of them for the frame itself; ports are below 64. None: there is none.
    pub fn of(ports: impl IntoIterator<Item = usize>) -> Option<Self> {
        let mut ports = ports.into_iter();
        let first = ports.next()?;
        let copies = ports.fold(0, |copies, port| copies | 1 << port);
        Some(Self {
            first,
            copies,
            held: None,
        })
    }

    /// These, but the frame is to wait because its bucket moves: it leaves when this bond says by
    /// which ports.
    #[must_use]
    pub const fn held_by(self, bond: usize) -> Self {
        Self {
            held: Some(bond),
            ..self
        }
    }

    /// The bond that holds the frame.
    #[must_use]
    pub const fn held(self) -> Option<usize> {
        self.held
    }

    /// The port of the frame itself.
    #[must_use]
    pub const fn first(self) -> usize {
        self.first
    }

    /// Whether the frame itself is all that leaves.
    #[must_use]
    pub const fn is_single(self) -> bool {
        self.copies == 0
    }

    /// The ports that copies leave by.
    pub fn copies(self) -> impl Iterator<Item = usize> {
        let mut left = self.copies;
        std::iter::from_fn(move || {
            let port = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(port)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Exits;

    #[test]
    fn the_first_port_has_the_frame_and_the_others_have_copies() {
        let exits = Exits::of([3, 1, 63]).unwrap();
        assert_eq!((exits.first(), exits.is_single()), (3, false));
        assert_eq!(exits.copies().collect::<Vec<_>>(), [1, 63]);
    }

    #[test]
    fn one_port_has_no_copies_and_none_is_nothing() {
        let exits = Exits::of([2]).unwrap();
        assert!(exits.is_single() && exits.copies().next().is_none());
        assert_eq!(Exits::of([]), None);
        assert_eq!((exits.held(), exits.held_by(1).held()), (None, Some(1)));
    }
}
