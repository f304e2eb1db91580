//! Whether what older egress tables chose has left.

use bond::MAX_MEMBERS;
use bond::egress::Table;
use netio::frame::Progress;

use crate::shared::BondLink;

/// One worker's transmit rings of one bond, seen from its egress tables.
#[derive(Debug, Default)]
pub struct Drain {
    /// Nothing that an older table than this chose is in a ring.
    done: u64,
    /// The table that is waited for.
    target: u64,
    /// By member, how many frames were queued when that table had been taken up; empty: all are gone.
    marks: heapless::Vec<(usize, u64), MAX_MEMBERS>,
}

impl Drain {
    /// Looks at the rings after a turn: the generation up to which all is drained.
    pub fn look(
        &mut self,
        table: &Table,
        link: &BondLink,
        progress: impl Fn(usize) -> Progress,
    ) -> u64 {
        let is_over = self.marks.is_empty();
        if is_over && table.generation == self.target {
            return self.done;
        }
        if is_over {
            self.target = table.generation;
            // Another bondd may begin anew.
            self.done = self.done.min(self.target.saturating_sub(1));
            let marks = ports(table, link).map(|(member, port)| (member, progress(port).queued));
            self.marks = marks.collect();
        }
        // What a lost member has in its ring goes nowhere.
        let is_left = |&(member, mark): &(usize, u64)| {
            let mut ports = ports(table, link);
            ports.any(|(other, port)| other == member && progress(port).sent < mark)
        };
        self.marks.retain(is_left);
        if self.marks.is_empty() {
            self.done = self.target;
        }
        self.done
    }

    /// The generation up to which all was drained at the last look.
    #[must_use]
    pub const fn done(&self) -> u64 {
        self.done
    }

    /// Whether frames that an older table chose have yet to leave.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !self.marks.is_empty()
    }

    /// Whether nothing at all is in the rings.
    #[must_use]
    pub fn is_dry(table: &Table, link: &BondLink, progress: impl Fn(usize) -> Progress) -> bool {
        let is_dry = |(_, port)| {
            let Progress { queued, sent } = progress(port);
            queued == sent
        };
        ports(table, link).all(is_dry)
    }
}

/// The usable members that have ports.
fn ports<'l>(table: &'l Table, link: &'l BondLink) -> impl Iterator<Item = (usize, usize)> + 'l {
    let members = table.usable.iter().map(|member| usize::from(*member));
    members.filter_map(|member| Some((member, (*link.ports.get(member)?)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> BondLink {
        BondLink::new("bond0", 1_500, vec![Some(0), Some(1)], None).unwrap()
    }

    fn table(generation: u64, usable: &[u8]) -> Table {
        Table {
            generation,
            usable: usable.iter().copied().collect(),
            ..Table::default()
        }
    }

    fn at(queued: u64, sent: u64) -> impl Fn(usize) -> Progress {
        move |port| match port {
            0 => Progress { queued, sent },
            _ => Progress::default(),
        }
    }

    #[test]
    fn a_table_is_drained_when_what_was_queued_before_it_has_left() {
        let (mut drain, link) = (Drain::default(), link());
        assert_eq!(drain.look(&table(2, &[0, 1]), &link, at(5, 3)), 0);
        assert_eq!(drain.look(&table(2, &[0, 1]), &link, at(9, 4)), 0);
        assert!(drain.is_pending());
        assert_eq!(drain.look(&table(2, &[0, 1]), &link, at(9, 5)), 2);
        assert!(!drain.is_pending());
        assert!(!Drain::is_dry(&table(2, &[0, 1]), &link, at(9, 5)));
        assert!(Drain::is_dry(&table(2, &[0, 1]), &link, at(9, 9)));
    }

    #[test]
    fn a_newer_table_waits_until_the_older_one_is_drained() {
        let (mut drain, link) = (Drain::default(), link());
        assert_eq!(drain.look(&table(2, &[0, 1]), &link, at(5, 3)), 0);
        assert_eq!(drain.look(&table(4, &[0, 1]), &link, at(7, 5)), 2);
        assert_eq!(drain.look(&table(4, &[0, 1]), &link, at(7, 6)), 2);
        assert_eq!(drain.look(&table(4, &[0, 1]), &link, at(7, 7)), 4);
    }

    #[test]
    fn a_lost_member_is_not_waited_for() {
        let (mut drain, link) = (Drain::default(), link());
        assert_eq!(drain.look(&table(2, &[0, 1]), &link, at(5, 3)), 0);
        assert_eq!(drain.look(&table(4, &[1]), &link, at(5, 3)), 2);
        assert_eq!(drain.look(&table(4, &[1]), &link, at(5, 3)), 4);
    }
}
