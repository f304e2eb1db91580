//! What healthd found of the reals: a stream of verdicts, and their memory over a restart.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;

use control::config::Config;
use control::ipc::{Call, RealVerdict, Request};
use lvs::Director;
use sys::sealed;
use tokio::sync::mpsc;

use crate::keep::{self, Kept};

/// The most bytes of kept verdicts.
const MOST_BYTES: usize = 16 << 20;

/// Takes a stream over: its first record has come as a request, the others follow on the connection.
pub fn follow(call: Call, verdicts: mpsc::Sender<Vec<RealVerdict>>) {
    let request = call.request.clone();
    let (connection, _) = call.take_over();
    tokio::spawn(async move {
        let mut next = Some(request);
        while let Some(Request::Verdicts(batch)) = next {
            if verdicts.send(batch).await.is_err() {
                return;
            }
            let record = connection.recv().await;
            next = record
                .ok()
                .and_then(|(bytes, _)| serde_json::from_slice(&bytes).ok());
        }
    });
}

/// Takes verdicts up; true when that changed anything.
pub fn take(director: &mut Director, verdicts: &[RealVerdict]) -> bool {
    let verdicts = verdicts.iter();
    director.set_verdicts(verdicts.map(|one| (&*one.service, one.real, one.up)))
}

/// Keeps which reals are down, for the next process.
///
/// # Errors
/// When the supervisor does not take it.
pub fn keep(director: &Director, kept: &Kept) -> io::Result<()> {
    let down: Vec<(&str, SocketAddr)> = director.down().collect();
    let sealed = sealed::seal(keep::VERDICTS, &serde_json::to_vec(&down)?)?;
    kept.store_one(keep::VERDICTS, sealed.as_fd(), true)
}

/// Forgets what was found of reals whose service is checked no longer: nobody will say that they are
/// up again.
pub fn forget_unchecked(director: &mut Director, config: &Config) {
    let unchecked = |service: &str| !config.check_of.contains_key(service);
    let down: Vec<(String, SocketAddr)> = director
        .down()
        .filter(|(service, _)| unchecked(service))
        .map(|(service, real)| (service.to_owned(), real))
        .collect();
    director.set_verdicts(down.iter().map(|(service, real)| (&**service, *real, true)));
}

/// Takes up what the earlier process kept.
pub fn recall(director: &mut Director, kept: &mut Kept) {
    let Some(fd) = kept.take_one(keep::VERDICTS) else {
        return;
    };
    let read = sealed::unseal(fd, MOST_BYTES)
        .and_then(|bytes| Ok(serde_json::from_slice::<Vec<(String, SocketAddr)>>(&bytes)?));
    match read {
        Ok(down) => {
            let down = down
                .iter()
                .map(|(service, real)| (&**service, *real, false));
            director.set_verdicts(down);
        }
        Err(error) => eprintln!("verdicts not adopted: {error}"),
    }
}
