//! bondd attaching a bond: it brings the egress table and takes the feedback memory.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use control::ipc::{Answer, BondAnswer, Call};
use sys::memory::SharedMemory;

use crate::keep::{self, Kept};
use crate::shared::Shared;

/// Serves an attach request; the connection stays open for as long as both live, so that each
/// side learns of the other's end.
pub fn attach(shared: &Shared, kept: &Kept, name: &str, call: Call) {
    let Some(bond) = shared.bonds.iter().position(|bond| bond.name == name) else {
        return call.refuse(format!("there is no bond {name:?} here"));
    };
    let (connection, mut fds) = call.take_over();
    let taken = fds.pop().map(|fd| take(shared, kept, bond, fd));
    match taken {
        Some(Ok(())) => {}
        Some(Err(error)) => return eprintln!("bond {name}: egress table refused: {error}"),
        None => return eprintln!("bond {name}: no egress table came with the request"),
    }
    let feedback = match shared.bonds[bond].feedback.as_fd().try_clone_to_owned() {
        Ok(feedback) => feedback,
        Err(error) => return eprintln!("bond {name}: feedback memory: {error}"),
    };
    let answer = Answer::<()>::Bond(BondAnswer::Attached(name.to_owned()));
    tokio::spawn(async move {
        use std::os::fd::AsFd as _;
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

fn take(shared: &Shared, kept: &Kept, bond: usize, fd: OwnedFd) -> io::Result<()> {
    let link = &shared.bonds[bond];
    kept.store_one(&keep::egress(&link.name), &fd, true)?;
    link.egress
        .store(Some(Arc::new(SharedMemory::from_fd_readonly(fd)?)));
    Ok(())
}
