//! Watching that the members stay the interfaces whose queues the workers have.
//!
//! A member that goes is masked for want of carrier, and the bond does with the others. One that
//! comes back is another interface, whatever its name and index: the sockets are bound to the old
//! one, and what was sent by them would be lost in silence. Only a new start binds it.

use std::io;

use netio::netlink::{Event, Link};
use nix::net::if_::if_nametoindex;

#[derive(Debug)]
struct Member {
    name: String,
    index: u32,
    gone: bool,
}

/// The interfaces that the workers' sockets are bound to.
#[derive(Debug, Default)]
pub struct Members(Vec<Member>);

impl Members {
    /// The interfaces that have these names now.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn find(names: &[String]) -> io::Result<Self> {
        let member = |name: &String| {
            Ok(Member {
                index: if_nametoindex(name.as_str())?,
                name: name.clone(),
                gone: false,
            })
        };
        names
            .iter()
            .map(member)
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Takes up an event.
    ///
    /// # Errors
    /// When a member has become another interface.
    pub fn take(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Link(link) => self.seen(&link.name, link.index),
            Event::LinkGone(link) => {
                self.gone(link);
                Ok(())
            }
            Event::Overrun => self.look(),
            Event::Address(_)
            | Event::AddressGone(_)
            | Event::Route(_)
            | Event::RouteGone(_)
            | Event::Neighbour(_)
            | Event::NeighbourGone(_) => Ok(()),
        }
    }

    fn gone(&mut self, link: &Link) {
        let member = self.0.iter_mut().find(|member| member.index == link.index);
        if let Some(member) = member.filter(|member| !member.gone) {
            member.gone = true;
            eprintln!("{}: the interface is gone", member.name);
        }
    }

    fn seen(&self, name: &str, index: u32) -> io::Result<()> {
        let is_another =
            |member: &Member| member.name == name && (member.gone || member.index != index);
        if self.0.iter().any(is_another) {
            return Err(io::Error::other(format!(
                "{name} is another interface by now: its queues must be opened anew"
            )));
        }
        Ok(())
    }

    /// Looks by itself, because events were lost.
    fn look(&self) -> io::Result<()> {
        for member in &self.0 {
            if let Ok(index) = if_nametoindex(member.name.as_str()) {
                self.seen(&member.name, index)?;
            }
        }
        Ok(())
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

    fn members() -> Members {
        Members(vec![Member {
            name: "eth1".to_owned(),
            index: 7,
            gone: false,
        }])
    }

    #[test]
    fn a_member_that_changes_or_goes_is_no_end() {
        let mut members = members();
        members.take(&Event::Link(link("eth1", 7))).unwrap();
        members.take(&Event::Link(link("eth2", 8))).unwrap();
        members.take(&Event::LinkGone(link("eth1", 7))).unwrap();
    }

    #[test]
    fn a_member_that_comes_back_is_another_interface() {
        for index in [7, 8] {
            let mut members = members();
            members.take(&Event::LinkGone(link("eth1", 7))).unwrap();
            members.take(&Event::LinkGone(link("eth2", 8))).unwrap();
            let error = members.take(&Event::Link(link("eth1", index))).unwrap_err();
            assert!(error.to_string().contains("eth1"), "{error}");
        }
    }

    #[test]
    fn a_member_whose_end_was_not_told_is_known_by_its_index() {
        assert!(members().take(&Event::Link(link("eth1", 8))).is_err());
    }
}
