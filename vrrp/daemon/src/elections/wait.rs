//! Sleeping until a frame, a command or a timer.

use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use wire::Duration;

use super::link::Link;

/// A socket for adverts: of this bond, of this member, of the first or second family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bond.
    pub link: usize,
    /// The member.
    pub member: usize,
    /// The family's place among the member's sockets.
    pub family: usize,
}

/// Sleeps until there is a command, a frame, or `timeout` is over; a signal ends it early. The
/// sockets that have something to say. Without `links` frames wait.
pub fn until_something(commands: impl AsFd, links: &[Link], timeout: Duration) -> Vec<Place> {
    let mut places = Vec::new();
    let mut set = vec![PollFd::new(commands.as_fd(), PollFlags::POLLIN)];
    for (link, one) in links.iter().enumerate() {
        for (member, port) in one.ports().iter().enumerate() {
            let sockets = port.iter().flat_map(|port| &port.adverts);
            for (family, socket) in sockets.enumerate() {
                places.push(Place {
                    link,
                    member,
                    family,
                });
                set.push(PollFd::new(socket.as_fd(), PollFlags::POLLIN));
            }
        }
    }
    // An error other than a signal's would come from the memory around the call: nothing is ready.
    if ppoll(
        &mut set,
        Some(TimeSpec::from_duration(timeout.into())),
        None,
    )
    .is_err()
    {
        return Vec::new();
    }
    let ready = set.iter().skip(1).map(|fd| fd.any().unwrap_or(false));
    let ready = places.into_iter().zip(ready);
    ready
        .filter_map(|(place, is_ready)| is_ready.then_some(place))
        .collect()
}
