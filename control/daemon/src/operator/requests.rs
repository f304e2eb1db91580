//! The requests of an operator, each as the items of its answer.

use std::os::fd::OwnedFd;

use control::calendar::utc;
use control::config::{self, Config};
use control::configure::{self, Item};
use control::diff::{self, Change};
use control::transaction::{Absent, TEXT_BYTES};
use sys::sealed;

use super::Operator;
use crate::commit::Proposal;
use crate::trial::MOST_MINUTES;

/// The most characters of a comment.
const COMMENT_CHARS: usize = 200;

/// What somebody wants to be committed, beside the text itself.
#[derive(Debug)]
pub struct Wanted {
    /// What faults call the text.
    pub file: String,
    /// For how many minutes it is to be on trial.
    pub confirmed: Option<u32>,
    /// A word for the history.
    pub comment: Option<String>,
    /// The digest of what the text was edited from.
    pub base: Option<String>,
}

impl Operator {
    pub async fn commit(
        &mut self,
        wanted: Wanted,
        fds: Vec<OwnedFd>,
        user: String,
    ) -> Result<Vec<Item>, Vec<Item>> {
        if let Some(trial) = &self.books.trial {
            return Err(refused(format!(
                "{}: confirm it, or rollback 1",
                trial.words()
            )));
        }
        if let Some(minutes) = wanted.confirmed
            && !(1..=MOST_MINUTES).contains(&minutes)
        {
            let legal = format!("confirmed {minutes}: 1 to {MOST_MINUTES} minutes");
            return Err(refused(legal));
        }
        if let Some(base) = &wanted.base {
            self.check_base(base)?;
        }
        let (config, text) = candidate(&wanted.file, fds)?;
        self.check_host(&config)?;
        let absent = absent(&diff::changes(&self.books.running.canonical, &text));
        let proposal = Proposal {
            config,
            text,
            user,
            comment: wanted.comment.map(|comment| one_line(&comment)),
            confirmed: wanted.confirmed,
            absent,
        };
        Ok(self.committer.commit(&mut self.books, proposal).await)
    }

    /// Who edited another configuration than the one that runs by now would undo what came in between.
    fn check_base(&self, base: &str) -> Result<(), Vec<Item>> {
        if configure::digest(&self.books.running.canonical) == base {
            return Ok(());
        }
        let runs = match self.books.history.newest() {
            Some(newest) => {
                let comment = newest.comment.as_deref();
                let comment = comment.map_or(String::new(), |comment| format!(", {comment:?}"));
                let (commit, user) = (newest.commit, &newest.user);
                format!(
                    "commit {commit} of {user}, made {}{comment}",
                    utc(newest.unix)
                )
            }
            None => "another configuration".to_owned(),
        };
        Err(refused(format!(
            "{runs} runs, and not what this was edited from: compare, and commit again"
        )))
    }

    /// What the next start of the whole appliance would not accept is not committed. (A trial's end does
    /// not ask: it is the way back.)
    fn check_host(&self, config: &Config) -> Result<(), Vec<Item>> {
        let present = control::cli::interfaces()
            .map_err(|error| refused(format!("reading the interfaces: {error}")))?;
        let faults = config::check_newly_free(config, &self.books.running.config, &present);
        let lines: Vec<Item> = faults
            .iter()
            .map(|fault| Item::Fault(fault.to_string()))
            .collect();
        if lines.is_empty() { Ok(()) } else { Err(lines) }
    }

    pub fn compare(&self, file: &str, fds: Vec<OwnedFd>) -> Result<Vec<Item>, Vec<Item>> {
        let (_, text) = candidate(file, fds)?;
        let changes = diff::changes(&self.books.running.canonical, &text);
        Ok(changes.into_iter().map(Item::Change).collect())
    }

    pub async fn rollback(&mut self, commits: u32, user: String) -> Result<Vec<Item>, Vec<Item>> {
        if let Some(trial) = &self.books.trial
            && commits != 1
        {
            return Err(refused(format!(
                "{}: confirm it, or rollback 1",
                trial.words()
            )));
        }
        let history = &mut self.books.history;
        let depth = history.depth();
        let back = usize::try_from(commits).unwrap_or(usize::MAX);
        let target = Some(back).filter(|back| (1..=depth).contains(back));
        let Some(target) = target.and_then(|back| history.before(back)) else {
            let legal = match depth {
                0 => "there is no commit to go back to".to_owned(),
                depth => format!("1 to {depth}"),
            };
            return Err(refused(format!("rollback {commits}: {legal}")));
        };
        let name = format!("commit {target}");
        let Some(text) = history.text(target) else {
            return Err(refused(format!("{name} was damaged, and is set aside")));
        };
        let (config, text) = validated(&name, &text)?;
        self.check_host(&config)?;
        let proposal = Proposal {
            config,
            text,
            user,
            comment: Some(format!("rollback to {name}")),
            confirmed: None,
            // What goes back may be what one has died of.
            absent: Absent::Follows,
        };
        Ok(self.committer.commit(&mut self.books, proposal).await)
    }

    pub fn confirm(&mut self) -> Result<Vec<Item>, Vec<Item>> {
        match self.books.confirm() {
            None => Err(refused("no commit is on trial".to_owned())),
            Some(Err(error)) => Err(refused(error.to_string())),
            Some(Ok(commit)) => Ok(vec![Item::Confirmed(commit)]),
        }
    }
}

/// The configuration in the one descriptor, with its canonical text.
fn candidate(file: &str, mut fds: Vec<OwnedFd>) -> Result<(Config, String), Vec<Item>> {
    let (Some(fd), true) = (fds.pop(), fds.is_empty()) else {
        return Err(refused(
            "the request comes with one descriptor, the text".to_owned(),
        ));
    };
    let bytes = sealed::unseal(fd, TEXT_BYTES).map_err(|e| refused(format!("{file}: {e}")))?;
    let text = String::from_utf8(bytes).map_err(|e| refused(format!("{file}: {e}")))?;
    validated(file, &text)
}

pub fn validated(file: &str, text: &str) -> Result<(Config, String), Vec<Item>> {
    let config = config::parse(file, text).map_err(|faults| {
        let lines = faults.iter().map(|fault| Item::Fault(fault.to_string()));
        lines.collect::<Vec<Item>>()
    })?;
    let text = config::print(&config);
    Ok((config, text))
}

fn refused(why: String) -> Vec<Item> {
    vec![Item::Refused(why)]
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(COMMENT_CHARS).collect()
}

/// What a daemon means that is away. Who may log in concerns none of those that carry traffic; and nobody
/// can put a daemon right that is in maintenance who cannot log in.
fn absent(changes: &[Change]) -> Absent {
    let is_users = |change: &Change| match change {
        Change::Added(line) | Change::Removed(line) => line.starts_with("user."),
    };
    if changes.iter().all(is_users) {
        Absent::Follows
    } else {
        Absent::Refuses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_one_line_of_bounded_length() {
        assert_eq!(one_line(" new\n real \t here"), "new real here");
        assert_eq!(one_line(&"é".repeat(500)).chars().count(), COMMENT_CHARS);
    }

    #[test]
    fn only_a_change_of_who_may_log_in_waits_for_nobody() {
        let user = Change::Added(r#"user.admin.password = "$6$""#.to_owned());
        let lvs = Change::Removed("lvs.queues = 2".to_owned());
        assert_eq!(absent(std::slice::from_ref(&user)), Absent::Follows);
        assert_eq!(absent(std::slice::from_ref(&lvs)), Absent::Refuses);
        assert_eq!(absent(&[user, lvs]), Absent::Refuses);
    }
}
