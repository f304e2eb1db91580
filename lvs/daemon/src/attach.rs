//! bondd attaching a bond: it brings the egress table and takes the feedback memory.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use control::ipc::{Answer, BondAnswer, Call};
use sys::memory::SharedMemory;

use crate::keep::{self, Kept, members_note};
use crate::shared::Shared;

/// The bond that is meant, by its place in the configuration. Its table names members by their places:
/// where bondd has others, or in another order, one of us two has still to take up a commit.
///
/// # Errors
/// The refusal.
pub fn place(bonds: &[bond::Config], name: &str, members: &[String]) -> Result<usize, String> {
    let place = bonds.iter().position(|bond| bond.name == name);
    let place = place.ok_or_else(|| format!("there is no bond {name:?} here"))?;
    let own: Vec<&str> = bonds[place].members.iter().map(|m| &*m.name).collect();
    if own != members {
        return Err(format!("its members are {} here", own.join(", ")));
    }
    Ok(place)
}

/// Serves an attach request for a bond at its place; the connection stays open for as long as both
/// live, so that each side learns of the other's end.
pub fn attach(shared: &Shared, kept: &Kept, config: &bond::Config, bond: usize, call: Call) {
    let name = &config.name;
    let (connection, mut fds) = call.take_over();
    let note = members_note(config);
    let taken = fds.pop().map(|fd| take(shared, kept, &note, bond, fd));
    match taken {
        Some(Ok(())) => {}
        Some(Err(error)) => return eprintln!("bond {name}: egress table refused: {error}"),
        None => return eprintln!("bond {name}: no egress table came with the request"),
    }
    let feedback = match shared.bonds[bond].feedback.as_fd().try_clone_to_owned() {
        Ok(feedback) => feedback,
        Err(error) => return eprintln!("bond {name}: feedback memory: {error}"),
    };
    let answer = Answer::<()>::Bond(BondAnswer::Attached(name.clone()));
    tokio::spawn(async move {
        let Ok(record) = serde_json::to_vec(&answer) else {
            return;
        };
        if connection.send(&record, &[feedback.as_fd()]).await.is_ok() {
            // bondd says no more; its end ends the connection.
            while connection.recv().await.is_ok() {}
        }
    });
    shared.attached.send_modify(|count| *count += 1);
    eprintln!("bond {name}: bondd attached");
}

fn take(shared: &Shared, kept: &Kept, note: &str, bond: usize, fd: OwnedFd) -> io::Result<()> {
    let link = &shared.bonds[bond];
    kept.store(&keep::egress(&link.name), note, &[fd.as_fd()], true)?;
    link.egress
        .store(Some(Arc::new(SharedMemory::from_fd_readonly(fd)?)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use bond::{Config, Mode};

    use super::place;

    #[test]
    fn a_bond_with_the_same_members_in_the_same_order_is_served_and_no_other() {
        let bonds = [
            Config::new("bond0", Mode::Ieee8023ad, &["eth1"]),
            Config::new("bond1", Mode::Ieee8023ad, &["eth2", "eth3"]),
        ];
        let ask = |name: &str, members: &[&str]| {
            let members: Vec<String> = members.iter().map(ToString::to_string).collect();
            place(&bonds, name, &members)
        };
        assert_eq!(ask("bond1", &["eth2", "eth3"]), Ok(1));
        let refused = Err("its members are eth2, eth3 here".to_owned());
        assert_eq!(ask("bond1", &["eth3", "eth2"]), refused);
        assert_eq!(ask("bond1", &["eth2", "eth3", "eth4"]), refused);
        assert!(ask("bond2", &["eth2"]).is_err());
    }
}
