//! `explain hash`: the member of a bond that a frame leaves by, worked out here, without a daemon.

use std::io::{self, BufRead, Write};
use std::str::FromStr;

use control::explain::{Hasher, frame};
use control::grammar::Kind;

use crate::failure::Failure;
use crate::grammar::{Given, HASH_MEMBERS, JSON, MAPPING, number};

/// Explains one frame, or with `-` one a line of standard input.
pub(crate) fn hash(
    policy: &str,
    members: &str,
    text: &str,
    given: &Given<'_>,
) -> Result<(), Failure> {
    let legal = match HASH_MEMBERS.kind {
        Kind::Named { name, .. } => name,
        _ => return Err(Failure::usage("members: no number")),
    };
    let count: usize = number("MEMBERS", members, legal)?;
    let mapping = given.text(MAPPING).unwrap_or("resilient");
    let hasher = Hasher::new(word("POLICY", policy)?, word(MAPPING, mapping)?, count);
    let hasher = hasher.ok_or_else(|| Failure::usage(format!("MEMBERS {members}: too many")))?;
    let is_json = given.has(JSON);
    if text == "-" {
        return lines(&hasher, io::stdin().lock(), is_json);
    }
    let answer = answer(&hasher, text, is_json);
    let answer = answer.map_err(|error| Failure::usage(format!("FRAME: {error}")))?;
    Ok(writeln!(io::stdout(), "{answer}")?)
}

/// Answers every line; those that are no frames are told with their numbers.
fn lines(hasher: &Hasher, mut text: impl BufRead, is_json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut is_whole = true;
    let mut line = Vec::new();
    for place in 1_u64.. {
        line.clear();
        let read = text.read_until(b'\n', &mut line);
        let read = read.map_err(|e| Failure::Failed(format!("standard input: {e}")))?;
        if read == 0 {
            break;
        }
        match answer(hasher, &String::from_utf8_lossy(&line), is_json) {
            Ok(answer) => writeln!(out, "{answer}")?,
            Err(error) => {
                is_whole = false;
                // Nothing is left to do when standard error is closed.
                drop(writeln!(io::stderr(), "fourfold: line {place}: {error}"));
            }
        }
    }
    out.flush()?;
    // Each was told when its turn came.
    if is_whole {
        Ok(())
    } else {
        Err(Failure::Faults(Vec::new()))
    }
}

fn answer(hasher: &Hasher, text: &str, is_json: bool) -> Result<String, String> {
    let hashed = hasher.hash(&frame(text)?).ok_or("no member")?;
    if is_json {
        return serde_json::to_string(&hashed).map_err(|error| error.to_string());
    }
    Ok(hashed.to_string())
}

fn word<T: FromStr>(what: &str, text: &str) -> Result<T, Failure>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error| Failure::usage(format!("{what} {text}: {error}")))
}
