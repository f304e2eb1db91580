//! Point 12: ctld and a daemon are killed at every step of a commit. Afterwards the configuration is
//! the old one or the new one, with everybody, and somebody has said which.

use std::path::Path;
use std::time::Duration;

use ::tests::appliance::Said;
use ::tests::config::Variant;
use ::tests::pair::Pair;
use ::tests::plan::Method;
use anyhow::{Context, Result, anyhow};

use super::observe;
use super::pair::{load, services_of, undisturbed};
use crate::report::Report;

mod hold;
mod whole;

use hold::Hold;
use whole::{Which, settle};

/// Active for the services that the load asks.
const BOX: u8 = 1;
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than an early death counts as one in a row, after which a start is cold.
const APART: Duration = Duration::from_millis(1500);

/// ctld's steps, then those of the daemons that take part.
const STEPS: [(&str, &[&str]); 3] = [
    (
        "ctld",
        &[
            "validated",
            "preparing",
            "prepared",
            "journalled",
            "running",
            "committing",
            "committed",
        ],
    ),
    ("healthd", &["prepare", "prepared", "commit", "committed"]),
    ("lvsd", &["prepare", "prepared", "commit", "committed"]),
];

pub fn run(report: &mut Report, binaries: &Path) -> Result<()> {
    let pair = Pair::raise(binaries)?;
    let flood = load(&pair.lab.client, &services_of(Method::Nat), 50, 8)?;
    let mut which = Which::Old;
    for (daemon, steps) in STEPS {
        for step in steps {
            observe(APART);
            which = killed_at(report, &pair, daemon, step, which)
                .with_context(|| format!("{daemon} at {step}"))?;
        }
    }
    undisturbed(report, "all of them", &flood);
    flood.finish(&pair.lab.client).map(drop)
}

/// The two configurations: every daemon can tell them apart.
pub fn variant(which: Which) -> Variant {
    match which {
        Which::Old => Variant::new(BOX),
        Which::New => Variant {
            weights: [1, 3, 5],
            preempt: true,
            extra: true,
            spare: true,
            ..Variant::new(BOX)
        },
    }
}

/// Commits the other configuration than `from`, kills `daemon` at `step`, and returns which runs then.
fn killed_at(
    report: &mut Report,
    pair: &Pair,
    daemon: &str,
    step: &str,
    from: Which,
) -> Result<Which> {
    let appliance = pair.at(BOX);
    let before = appliance.log().len();
    let hold = Hold::set(&appliance.run_directory(), daemon, step)?;
    let text = variant(from.other()).text();
    let said = std::thread::scope(|scope| -> Result<Said> {
        let commit = scope.spawn(|| appliance.commit(&text));
        let killed = hold.kill(appliance);
        let said = commit.join().map_err(|_| anyhow!("the commit panicked"))?;
        appliance.wait_for_successor(&killed?, PATIENCE)?;
        said
    })?;
    appliance.wait_until_ready(PATIENCE)?;
    let runs = settle(pair, BOX, PATIENCE);
    let what = format!("{daemon} killed at {step}");
    let Ok(runs) = runs else {
        report.figure(&format!("{what}: runs"), "a mixture", "old or new", false);
        report.because(&[format!("{runs:?}")]);
        return runs;
    };
    let is_new = runs != from;
    let word = if is_new { "new, whole" } else { "old, whole" };
    report.figure(&format!("{what}: runs"), word, "old or new", true);
    let log = appliance.log();
    let later = log.get(before..).unwrap_or_default().lines();
    let mut lines = said.lines.clone();
    lines.extend(
        later
            .filter(|line| line.contains("ctld"))
            .map(str::to_owned),
    );
    let told = tells(said.status, &lines);
    report.figure(
        &format!("{what}: and said so"),
        told.map_or("nothing", |new| if new { "new" } else { "old" }),
        if is_new { "new" } else { "old" },
        told == Some(is_new),
    );
    if told != Some(is_new) {
        report.because(&lines);
    }
    Ok(runs)
}

/// Whether the operator was told that the new configuration runs, by the command or by ctld's first
/// words after its death; `None` when he was told nothing, or both.
fn tells(status: i32, lines: &[String]) -> Option<bool> {
    let says = |words: &str| lines.iter().any(|line| line.contains(words));
    let (new, old) = (
        status == 0 || says("the new configuration runs"),
        says("the old configuration runs"),
    );
    match (new, old) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        // Refused, and nobody says otherwise.
        (false, false) => (status > 0 && !lines.is_empty()).then_some(false),
        (true, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::tells;

    #[test]
    fn a_made_commit_tells_of_the_new_one_and_a_refused_one_of_the_old() {
        let none: [String; 0] = [];
        assert_eq!(tells(0, &none), Some(true));
        assert_eq!(tells(1, &["healthd: no".to_owned()]), Some(false));
        assert_eq!(tells(1, &none), None);
    }

    #[test]
    fn after_a_death_the_next_ctld_tells() {
        let gone = "fourfold: ctld broke off".to_owned();
        let note = |which: &str| format!("ctld: interrupted: the {which} configuration runs");
        assert_eq!(tells(1, &[gone.clone(), note("new")]), Some(true));
        assert_eq!(tells(1, &[gone, note("old")]), Some(false));
        assert_eq!(tells(0, &[note("old")]), None);
    }
}
