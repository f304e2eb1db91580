//! Watching that the members stay the interfaces whose queues the workers have.
//!
//! A member that goes, or never was there, is masked for want of carrier, and the bond does with the
//! others. One that comes is another interface, whatever its name and index: no socket is bound to it,
//! and what was sent by an old one would be lost in silence. Only a new start binds it.

use std::io;

use netio::netlink::{Event, Link};
use nix::net::if_::if_nametoindex;

#[derive(Debug)]
struct Member {
    name: String,
    /// 0: there was none.
    index: u32,
    is_gone: bool,
}

/// The interfaces that the workers' sockets are bound to, and those that are missing.
#[derive(Debug, Default)]
pub struct Members {
    members: Vec<Member>,
    come: Option<String>,
}

impl Members {
    /// Those of `names` that are `bound`, under their names of now, and the others as missing.
    ///
    /// # Errors
    /// When one that is bound is missing.
    pub fn find(names: &[String], bound: &[String]) -> io::Result<Self> {
        let member = |name: &String| -> io::Result<Member> {
            let is_gone = !bound.contains(name);
            let index = if is_gone {
                0
            } else {
                if_nametoindex(name.as_str())?
            };
            Ok(Member {
                name: name.clone(),
                index,
                is_gone,
            })
        };
        let mut found = Self {
            members: names.iter().map(member).collect::<io::Result<_>>()?,
            come: None,
        };
        // One may have come before anybody told of it.
        found.look();
        Ok(found)
    }

    /// The member that came, or became another interface: its queues are to be opened by a new start.
    #[must_use]
    pub fn come(&self) -> Option<&str> {
        self.come.as_deref()
    }

    /// Whether the box does not have this member's NIC now.
    #[must_use]
    pub fn is_gone(&self, name: &str) -> bool {
        let mut members = self.members.iter();
        members.any(|member| member.name == name && member.is_gone)
    }

    /// Takes up an event.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Link(link) => self.seen(&link.name, link.index),
            Event::LinkGone(link) => self.gone(link),
            Event::Overrun => self.look(),
            Event::Address(_)
            | Event::AddressGone(_)
            | Event::Route(_)
            | Event::RouteGone(_)
            | Event::Neighbour(_)
            | Event::NeighbourGone(_) => {}
        }
    }

    fn gone(&mut self, link: &Link) {
        let mut members = self.members.iter_mut();
        let member = members.find(|member| !member.is_gone && member.index == link.index);
        if let Some(member) = member {
            member.is_gone = true;
            eprintln!("{}: the interface is gone", member.name);
        }
    }

    fn seen(&mut self, name: &str, index: u32) {
        let mut members = self.members.iter();
        let is_another =
            members.any(|member| member.name == name && (member.is_gone || member.index != index));
        if is_another {
            self.come = Some(name.to_owned());
        }
    }

    /// Looks by itself, because events were lost.
    fn look(&mut self) {
        let there = |member: &Member| {
            let index = if_nametoindex(member.name.as_str()).ok()?;
            Some((member.name.clone(), index))
        };
        let there: Vec<_> = self.members.iter().filter_map(there).collect();
        for (name, index) in there {
            self.seen(&name, index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(name: &str, index: u32) -> Link {
        Link {
            name: name.to_owned(),
            index,
            ..Link::default()
        }
    }

    /// eth1 is bound, eth9 is missing.
    fn members() -> Members {
        let member = |name: &str, index| Member {
            name: name.to_owned(),
            index,
            is_gone: index == 0,
        };
        Members {
            members: vec![member("eth1", 7), member("eth9", 0)],
            come: None,
        }
    }

    #[test]
    fn a_member_that_changes_or_goes_and_one_that_stays_away_are_no_end() {
        let mut members = members();
        members.take(&Event::Link(link("eth1", 7)));
        members.take(&Event::Link(link("eth2", 8)));
        members.take(&Event::LinkGone(link("eth2", 0)));
        members.take(&Event::LinkGone(link("eth1", 7)));
        assert_eq!(members.come(), None);
        assert!(members.is_gone("eth1") && members.is_gone("eth9"));
        assert!(!members.is_gone("eth2"), "it is no member");
    }

    #[test]
    fn a_member_that_comes_back_is_another_interface() {
        for index in [7, 8] {
            let mut members = members();
            members.take(&Event::LinkGone(link("eth1", 7)));
            members.take(&Event::LinkGone(link("eth2", 8)));
            members.take(&Event::Link(link("eth1", index)));
            assert_eq!(members.come(), Some("eth1"));
        }
    }

    #[test]
    fn a_member_whose_end_was_not_told_is_known_by_its_index() {
        let mut members = members();
        members.take(&Event::Link(link("eth1", 8)));
        assert_eq!(members.come(), Some("eth1"));
    }

    #[test]
    fn a_member_that_was_missing_comes_by_its_name_also_when_it_is_renamed_to_it() {
        let mut members = members();
        members.take(&Event::Link(link("eth5", 9)));
        assert_eq!(members.come(), None);
        members.take(&Event::Link(link("eth9", 9)));
        assert_eq!(members.come(), Some("eth9"));
    }

    #[test]
    fn what_came_before_the_watch_began_is_found_and_what_is_bound_must_be_there() {
        let names = ["lo", "nowhere9"].map(str::to_owned);
        let found = Members::find(&names, &names[..1]).unwrap();
        assert_eq!(found.come(), None, "lo is bound, the other one is missing");
        assert_eq!(Members::find(&names, &[]).unwrap().come(), Some("lo"));
        assert!(Members::find(&names, &names).is_err());
    }
}
