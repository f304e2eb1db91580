//! Forwarding over veth, beside a loop that only swaps MAC addresses, in the same run.

use std::fmt::Write;
use std::path::Path;

use ::tests::bench::{Flows, OPEN_FLOWS, Sample, Stand, Subject};
use ::tests::plan::Method;
use anyhow::Result;
use serde_json::{Value, json};

/// How often each case is measured; its best run counts, for what else the machine does can only
/// take away from it.
const ROUNDS: u32 = 5;

const SUBJECTS: [(&str, Subject); 3] = [
    ("loop", Subject::PlainLoop),
    ("DR", Subject::Fourfold(Method::Dr)),
    ("NAT", Subject::Fourfold(Method::Nat)),
];

/// A name, and the frames of a round.
type Case = (&'static str, fn(u32) -> Flows);

const CASES: [Case; 3] = [
    ("one hot flow", |_| Flows::hot()),
    ("65536 flows at random", |_| Flows::scattered()),
    ("new connections", Flows::new_connections),
];

const _: () = assert!(OPEN_FLOWS == 65_536, "the case's name says how many");

/// Every figure.
pub struct Figures {
    modes: (String, String),
    rows: Vec<Row>,
}

/// A case's figures, one of each subject.
struct Row {
    case: &'static str,
    cells: Vec<Cell>,
}

/// The best of some runs.
#[derive(Clone, Copy)]
struct Cell {
    subject: &'static str,
    /// Frames that came back each second, in millions.
    rate: f64,
    /// The part of that run's time that the forwarding thread had a processor for.
    share: f64,
    /// Nanoseconds of processor time for each.
    cost: f64,
    /// The most that was offered each second, in millions.
    offered: f64,
}

/// Raises the stand, measures, and leaves nothing behind.
pub fn measure(binaries: &Path, examples: &Path) -> Result<Figures> {
    let stand = Stand::raise(binaries, examples)?;
    let rows = CASES.map(|case| measure_case(&stand, case));
    Ok(Figures {
        modes: stand.modes()?,
        rows: rows.into_iter().collect::<Result<_>>()?,
    })
}

/// The subjects take turns, so that what else the machine does meets all of them.
fn measure_case(stand: &Stand, (case, flows): Case) -> Result<Row> {
    let mut cells: Vec<Cell> = SUBJECTS
        .iter()
        .map(|(subject, _)| Cell::none(subject))
        .collect();
    for round in 0..ROUNDS {
        for (cell, (_, subject)) in cells.iter_mut().zip(SUBJECTS) {
            cell.take(stand.measure(subject, flows(round))?);
        }
    }
    Ok(Row { case, cells })
}

impl Cell {
    const fn none(subject: &'static str) -> Self {
        Self {
            subject,
            rate: 0.0,
            share: 0.0,
            cost: f64::INFINITY,
            offered: 0.0,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn take(&mut self, sample: Sample) {
        let forwarded = sample.forwarded as f64;
        let microseconds = sample.elapsed.as_secs_f64() * 1e6;
        if forwarded / microseconds > self.rate {
            self.rate = forwarded / microseconds;
            self.share = sample.processor.as_secs_f64() / sample.elapsed.as_secs_f64();
        }
        self.offered = self.offered.max(sample.offered as f64 / microseconds);
        let nanoseconds = sample.processor.as_secs_f64() * 1e9;
        self.cost = self.cost.min(nanoseconds / forwarded);
    }
}

impl Row {
    /// Each cell beside the first one, the loop's.
    fn beside(&self) -> impl Iterator<Item = (Cell, Cell)> {
        let baseline = self.cells.first().copied();
        let cells = self.cells.iter().copied();
        cells.filter_map(move |cell| Some((cell, baseline?)))
    }
}

impl Figures {
    /// For people.
    pub fn table(&self) -> String {
        let (of_loop, of_lvsd) = &self.modes;
        let mut text = format!(
            "forwarding over veth, 60 bytes + FCS, one worker, more offered than it takes \
             (best of {ROUNDS} runs;\nAF_XDP mode of the loop: {of_loop}, of lvsd: {of_lvsd}). \
             `on CPU`: the part of the time that the\nworker had a processor for; where it is small, \
             M/s says more about the machine.\n\n\
             {:<24}{:<8}{:>12}{:>10}{:>10}{:>10}{:>16}{:>10}\n",
            "case", "", "offered M/s", "M/s", "of loop", "on CPU", "CPU ns/frame", "of loop"
        );
        for row in &self.rows {
            for (cell, baseline) in row.beside() {
                // Writing to a string cannot fail.
                writeln!(
                    text,
                    "{:<24}{:<8}{:>12.2}{:>10.3}{:>9.2}x{:>9.0}%{:>16.0}{:>9.2}x",
                    row.case,
                    cell.subject,
                    cell.offered,
                    cell.rate,
                    cell.rate / baseline.rate,
                    cell.share * 100.0,
                    cell.cost,
                    cell.cost / baseline.cost
                )
                .ok();
            }
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let (of_loop, of_lvsd) = &self.modes;
        let rows = self.rows.iter().flat_map(|row| {
            row.beside().map(|(cell, baseline)| {
                json!({
                    "case": row.case,
                    "subject": cell.subject,
                    "offered_frames_per_second": (cell.offered * 1e6).round(),
                    "frames_per_second": (cell.rate * 1e6).round(),
                    "frames_of_loop": cell.rate / baseline.rate,
                    "worker_share_of_processor": cell.share,
                    "cpu_ns_per_frame": cell.cost,
                    "cpu_of_loop": cell.cost / baseline.cost,
                })
            })
        });
        json!({
            "loop_mode": of_loop,
            "lvsd_mode": of_lvsd,
            "rounds": ROUNDS,
            "figures": rows.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_cell_keeps_the_best_of_each_figure() {
        let mut cell = Cell::none("loop");
        for (forwarded, processor) in [(500, 300), (1_000, 700)] {
            cell.take(Sample {
                offered: 2_000,
                forwarded,
                elapsed: Duration::from_micros(1_000),
                processor: Duration::from_micros(processor),
            });
        }
        assert!((cell.rate - 1.0).abs() < 1e-9 && (cell.share - 0.7).abs() < 1e-9);
        assert!((cell.cost - 600.0).abs() < 1e-9);
    }

    #[test]
    fn every_figure_stands_beside_the_loops() {
        let cell = |subject, cost| Cell {
            subject,
            rate: 1.0,
            share: 0.9,
            cost,
            offered: 9.0,
        };
        let cells = vec![cell("loop", 500.0), cell("DR", 750.0)];
        let modes = ("native".to_owned(), "native".to_owned());
        let rows = vec![Row {
            case: "one hot flow",
            cells,
        }];
        let figures = Figures { modes, rows };
        assert!(figures.table().contains("750     1.50x"));
        assert_eq!(figures.json()["figures"][1]["cpu_of_loop"], 1.5);
        assert_eq!(figures.json()["figures"][0]["cpu_of_loop"], 1.0);
    }
}
