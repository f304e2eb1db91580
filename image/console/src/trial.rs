//! The commit on trial, if there is one: what a person is told of it before each prompt.

use std::path::Path;
use std::time::Duration;

use control::ipc;
use control::show::{HistoryItem, Noun, Standing};

/// What a session did that concerns a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It committed, with a time until which that is to be confirmed.
    Committed { id: u64, confirm_by: Option<u64> },
    /// It confirmed a commit.
    Confirmed(u64),
}

/// What is known of a trial.
#[derive(Debug, Default)]
pub(crate) struct Trial {
    on: Option<OnTrial>,
}

#[derive(Clone, Copy, Debug)]
struct OnTrial {
    commit: u64,
    /// In seconds since 1970; known of a commit of this session's own.
    until: Option<u64>,
}

/// How long a prompt waits for ctld.
const PATIENCE: Duration = Duration::from_millis(300);

/// The commits, as far as ctld answers at once: a prompt waits for nobody.
pub(crate) fn history(run_dir: &Path) -> Vec<HistoryItem> {
    let items = ipc::show::<HistoryItem>(run_dir, Noun::History, PATIENCE);
    items.into_iter().flatten().map_while(Result::ok).collect()
}

impl Trial {
    /// Takes note of what the session did.
    pub(crate) fn note(&mut self, done: Option<Done>) {
        match done {
            Some(Done::Committed {
                id,
                confirm_by: Some(until),
            }) => {
                let until = Some(until);
                self.on = Some(OnTrial { commit: id, until });
            }
            Some(
                Done::Committed {
                    confirm_by: None, ..
                }
                | Done::Confirmed(_),
            ) => self.on = None,
            None => {}
        }
    }

    /// What there is to tell at `unix`, in seconds since 1970, the newest commit first in `history`.
    pub(crate) fn line(&mut self, history: &[HistoryItem], unix: u64) -> Option<String> {
        let newest = history.first()?;
        let before = self.on;
        if newest.standing == Standing::Trial {
            let until = before
                .filter(|on| on.commit == newest.commit)
                .and_then(|on| on.until);
            self.on = Some(OnTrial {
                commit: newest.commit,
                until,
            });
            return Some(on_trial(newest, until, unix));
        }
        self.on = None;
        let before = before?;
        let commit = before.commit;
        let entry = history.iter().find(|item| item.commit == commit);
        match entry.map(|item| item.standing) {
            Some(Standing::Confirmed) => Some(format!("commit {commit} was confirmed: it stays")),
            Some(Standing::Trial) | None => {
                Some(format!("commit {commit} went back: nobody confirmed it"))
            }
            Some(Standing::Plain) => None,
        }
    }
}

fn on_trial(item: &HistoryItem, until: Option<u64>, unix: u64) -> String {
    let commit = item.commit;
    match until {
        Some(until) => {
            let left = until.saturating_sub(unix);
            let (minutes, seconds) = (left / 60, left % 60);
            format!("commit {commit} is on trial: {minutes}:{seconds:02} left to confirm it")
        }
        None => {
            let user = crate::text::harmless(&item.user);
            format!("commit {commit} of {user} is on trial: it goes back unless confirmed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(commit: u64, standing: Standing) -> HistoryItem {
        HistoryItem {
            rollback: 0,
            commit,
            unix: 0,
            user: "admin".into(),
            comment: None,
            standing,
            added: 1,
            removed: 0,
        }
    }

    const MINE: Done = Done::Committed {
        id: 13,
        confirm_by: Some(1_000),
    };

    #[test]
    fn ones_own_trial_is_counted_down_until_it_is_confirmed() {
        let mut trial = Trial::default();
        trial.note(Some(MINE));
        let history = [item(13, Standing::Trial), item(12, Standing::Plain)];
        let line = trial.line(&history, 725).expect("a trial");
        assert_eq!(line, "commit 13 is on trial: 4:35 left to confirm it");
        trial.note(Some(Done::Confirmed(13)));
        assert_eq!(trial.line(&[item(13, Standing::Confirmed)], 730), None);
    }

    #[test]
    fn what_became_of_a_trial_is_told_once() {
        for (standing, told) in [
            (Standing::Trial, "commit 13 went back: nobody confirmed it"),
            (Standing::Confirmed, "commit 13 was confirmed: it stays"),
        ] {
            let mut trial = Trial::default();
            trial.note(Some(MINE));
            let history = [item(14, Standing::Plain), item(13, standing)];
            assert_eq!(trial.line(&history, 2_000).as_deref(), Some(told));
            assert_eq!(trial.line(&history, 2_001), None);
        }
    }

    #[test]
    fn a_trial_of_somebody_else_is_told_with_its_owner() {
        let mut trial = Trial::default();
        let line = trial.line(&[item(7, Standing::Trial)], 0).expect("a trial");
        assert!(line.starts_with("commit 7 of admin is on trial"), "{line}");
        assert_eq!(trial.line(&[], 0), None, "ctld does not answer");
        let line = trial.line(&[item(8, Standing::Plain)], 0).expect("its end");
        assert!(line.starts_with("commit 7 went back"), "{line}");
    }

    #[test]
    fn without_a_trial_there_is_nothing_to_tell() {
        let mut trial = Trial::default();
        trial.note(Some(Done::Committed {
            id: 13,
            confirm_by: None,
        }));
        assert_eq!(trial.line(&[item(13, Standing::Plain)], 0), None);
    }
}
