//! Figures: each printed as a line of a table as soon as it is known, with its bound and whether it
//! held.

use std::fmt::Display;
use std::time::Duration;

/// What was measured, line by line.
#[derive(Debug, Default)]
pub struct Report {
    held: usize,
    failed: Vec<String>,
}

impl Report {
    /// Starts a new part of the table.
    pub fn heading(&mut self, text: &str) {
        println!("\n{text}");
    }

    /// A figure with its bound.
    pub fn figure(&mut self, what: &str, value: impl Display, bound: &str, held: bool) {
        let verdict = if held { "PASS" } else { "FAIL" };
        println!(
            "  {what:<56} {:>14}   {bound:<14} {verdict}",
            value.to_string()
        );
        if held {
            self.held += 1;
        } else {
            self.failed.push(what.to_owned());
        }
    }

    /// A figure that nothing is promised about.
    pub fn note(&mut self, what: &str, value: impl Display) {
        println!("  {what:<56} {:>14}", value.to_string());
    }

    /// Lines that explain a figure, indented below it.
    pub fn because(&mut self, reasons: &[String]) {
        reasons.iter().for_each(|reason| println!("      {reason}"));
    }

    /// A whole part that could not be measured.
    pub fn broken(&mut self, what: &str, error: &anyhow::Error) {
        println!("  {what}: {error:#}");
        self.figure(what, "broken", "", false);
    }

    /// `value` must be zero.
    pub fn none(&mut self, what: &str, value: u64) {
        self.figure(what, value, "= 0", value == 0);
    }

    /// `value` must not be longer than `bound`.
    pub fn within(&mut self, what: &str, value: Duration, bound: Duration) {
        self.figure(
            what,
            milliseconds(value),
            &format!("<= {}", milliseconds(bound)),
            value <= bound,
        );
    }

    /// Whether every figure held, and there was at least one.
    pub fn all_held(&self) -> bool {
        self.failed.is_empty() && self.held > 0
    }

    /// Figures that held, and figures that did not.
    pub fn counts(&self) -> (usize, usize) {
        (self.held, self.failed.len())
    }
}

/// A duration as it stands in the table.
pub fn milliseconds(value: Duration) -> String {
    format!("{:.1} ms", value.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_report_proves_nothing_and_one_failure_spoils_it() {
        let mut report = Report::default();
        assert!(!report.all_held());
        report.within(
            "gap",
            Duration::from_millis(250),
            Duration::from_millis(250),
        );
        assert!(report.all_held());
        report.none("failed requests", 1);
        assert!(!report.all_held());
        assert_eq!(report.counts(), (1, 1));
    }
}
