//! The members that a bond sends by, in their order; whether a member is one of them takes one look.

use core::ops::Deref;

use crate::MAX_MEMBERS;

/// Usable members, each once, below [`MAX_MEMBERS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usable {
    order: heapless::Vec<u8, MAX_MEMBERS>,
    /// A bit for each.
    bits: u32,
}

impl Usable {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            order: heapless::Vec::new(),
            bits: 0,
        }
    }

    /// Whether this member is one of them.
    #[must_use]
    #[inline]
    pub const fn has(&self, member: u8) -> bool {
        (member as usize) < MAX_MEMBERS && self.bits >> member & 1 == 1
    }

    /// Adds one at the end; false, and nothing is added: it is there already, or no member of any bond.
    pub fn push(&mut self, member: u8) -> bool {
        let is_new = usize::from(member) < MAX_MEMBERS && !self.has(member);
        if is_new && self.order.push(member).is_ok() {
            self.bits |= 1 << member;
        }
        is_new
    }
}

impl Deref for Usable {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.order
    }
}

impl FromIterator<u8> for Usable {
    fn from_iter<T: IntoIterator<Item = u8>>(members: T) -> Self {
        let mut usable = Self::new();
        for member in members {
            usable.push(member);
        }
        usable
    }
}

#[cfg(test)]
mod tests {
    use super::Usable;

    #[test]
    fn members_keep_their_order_and_are_there_once() {
        let usable: Usable = [5, 0, 5, 16, 255, 2].into_iter().collect();
        assert_eq!(*usable, [5, 0, 2]);
        assert!(usable.has(0) && usable.has(5));
        assert!(!usable.has(1) && !usable.has(16) && !usable.has(255));
    }
}
