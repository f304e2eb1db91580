//! What partners know a bond by: its MAC, and its ports' numbers. Either of them changed makes another
//! system or another port of it, which a partner aggregates anew; so both outlive every daemon.

use alloc::collections::BTreeMap;
use alloc::string::String;

use serde::{Deserialize, Serialize};
use wire::Mac;

use crate::Bond;
use crate::member::Member;

/// A bond's identity. The host keeps it for ever, and gives it to the next engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The bond's name.
    pub name: String,
    /// Its MAC; None: none is known yet, or it is the configured one.
    pub mac: Option<Mac>,
    /// The number of each member's port, by the member's name.
    pub numbers: BTreeMap<String, u16>,
}

impl Bond {
    /// The identity to keep, for [`Bond::known_as`].
    #[must_use]
    pub fn identity(&self) -> Identity {
        let own = Some(self.mac).filter(|mac| *mac != Mac::ZERO);
        let numbers = self.members.iter();
        let numbers = numbers.map(|member| (member.name.clone(), member.number));
        Identity {
            name: self.config.name.clone(),
            mac: own.filter(|_| self.config.mac.is_none()),
            numbers: numbers.collect(),
        }
    }

    /// The number of a member's port, from 1, in every mode; 0: there is no such member.
    #[must_use]
    pub fn port_number(&self, member: usize) -> u16 {
        self.members.get(member).map_or(0, |member| member.number)
    }
}

/// Numbers the members: each that the identity names as there, all others with what is free.
pub(crate) fn number(members: &mut [Member], identity: &Identity) {
    for i in 0..members.len() {
        let known = |member: &Member| identity.numbers.get(&member.name).copied();
        let known = members.get(i).and_then(known);
        let is_free = |number: &u16| !members.iter().any(|other| other.number == *number);
        let number = known.filter(is_free).unwrap_or(0);
        if let Some(member) = members.get_mut(i) {
            member.number = number;
        }
    }
    number_rest(members);
}

/// Gives each member that has no number the smallest one that no other has. A member that was taken
/// out has left its number to whoever comes next.
pub(crate) fn number_rest(members: &mut [Member]) {
    for i in 0..members.len() {
        let is_free = |number: &u16| !members.iter().any(|other| other.number == *number);
        let smallest = (1..=u16::MAX).find(is_free).unwrap_or(0);
        let member = members.get_mut(i).filter(|member| member.number == 0);
        if let Some(member) = member {
            member.number = smallest;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;
    use std::vec::Vec;

    use super::*;

    fn numbered(names: &[&str], known: &[(&str, u16)]) -> Vec<u16> {
        let mut members: Vec<Member> = names.iter().map(|name| Member::new(name)).collect();
        let numbers = known
            .iter()
            .map(|(name, number)| (name.to_string(), *number));
        let identity = Identity {
            numbers: numbers.collect(),
            ..Identity::default()
        };
        number(&mut members, &identity);
        members.iter().map(|member| member.number).collect()
    }

    #[test]
    fn a_bond_that_nobody_knows_counts_its_ports_from_one() {
        assert_eq!(numbered(&["a", "b", "c"], &[]), [1, 2, 3]);
    }

    #[test]
    fn known_members_keep_their_numbers_and_others_get_the_smallest_free_ones() {
        let known = [("b", 1), ("gone", 2), ("c", 4)];
        assert_eq!(numbered(&["a", "b", "c", "d"], &known), [2, 1, 4, 3]);
    }

    #[test]
    fn what_cannot_be_a_number_of_a_port_is_none() {
        assert_eq!(
            numbered(&["a", "b", "c"], &[("a", 0), ("b", 7), ("c", 7)]),
            [1, 7, 2]
        );
    }
}
