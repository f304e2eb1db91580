//! Asking the daemons.

use std::io::{self, Write as _};
use std::iter::Flatten;
use std::path::Path;
use std::vec::IntoIter;

use control::ipc::{self, ClientError, Items, client::PATIENCE};
use control::show::Noun;
use serde::de::DeserializeOwned;

/// The items of every daemon that has some, one daemon after the other.
pub(crate) type Answers<T> = Flatten<IntoIter<Items<T>>>;

/// Asks every daemon that knows about `noun`. One of several that does not answer is a line
/// on standard error, and the others' answers are still worth having.
///
/// # Errors
/// When none answers: what the first one's fault is.
pub(crate) fn ask<T: DeserializeOwned>(
    run_dir: &Path,
    noun: Noun,
) -> Result<Answers<T>, ClientError> {
    let daemons = [noun.daemon()]
        .into_iter()
        .chain(noun.also().iter().copied());
    let (mut answers, mut silent) = (Vec::new(), Vec::new());
    for daemon in daemons {
        match ipc::show_of(run_dir, daemon, noun, PATIENCE) {
            Ok(items) => answers.push(items),
            Err(error) => silent.push(error),
        }
    }
    if answers.is_empty() && !silent.is_empty() {
        return Err(silent.swap_remove(0));
    }
    for error in silent {
        // Nothing is left to do when standard error is closed.
        drop(writeln!(io::stderr(), "fourfold: {error}"));
    }
    Ok(answers.into_iter().flatten())
}
