//! The text format of Prometheus (version 0.0.4): families of samples.

use std::fmt::Write as _;

/// What a family's numbers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, while its daemon lives; its name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// The text so far.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

/// A family under construction.
#[derive(Debug)]
pub struct Family<'p> {
    page: &'p mut Page,
    name: &'static str,
    kind: Kind,
    help: &'static str,
    begun: bool,
}

/// A sample's labels.
pub type Labels<'l> = &'l [(&'static str, &'l str)];

impl Page {
    /// A family. It is not in the text before it has a sample.
    pub fn family(&mut self, kind: Kind, name: &'static str, help: &'static str) -> Family<'_> {
        debug_assert_eq!(name.ends_with("_total"), kind == Kind::Counter, "{name}");
        Family {
            page: self,
            name,
            kind,
            help,
            begun: false,
        }
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// Adds a sample.
    pub fn add(&mut self, labels: Labels<'_>, value: u64) {
        self.sample(labels, &value.to_string());
    }

    /// Adds a sample for each word of a closed set: 1 for the one that is true, 0 for the others.
    pub fn add_word(&mut self, labels: Labels<'_>, key: &'static str, words: &[&str], truth: &str) {
        for word in words {
            let mut with_word = labels.to_vec();
            with_word.push((key, word));
            self.add(&with_word, u64::from(*word == truth));
        }
    }

    /// Adds a sample of nanoseconds, in seconds.
    pub fn add_seconds(&mut self, labels: Labels<'_>, nanos: u64) {
        let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        self.sample(labels, &format!("{seconds}.{rest:09}"));
    }

    fn sample(&mut self, labels: Labels<'_>, value: &str) {
        if !self.begun {
            self.begun = true;
            let kind = match self.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
            };
            let (name, help) = (self.name, self.help);
            self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        }
        let labels: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}=\"{}\"", escaped(value)))
            .collect();
        let name = self.name;
        if labels.is_empty() {
            self.line(format_args!("{name} {value}\n"));
        } else {
            self.line(format_args!("{name}{{{}}} {value}\n", labels.join(",")));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        self.page.text.write_fmt(line).ok();
    }
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_its_help_once_and_only_with_a_sample() {
        let mut page = Page::default();
        page.family(Kind::Gauge, "empty", "Nothing.");
        let mut family = page.family(Kind::Counter, "seen_total", "Seen.");
        family.add(&[], 7);
        family.add(&[("a", "b"), ("c", "d")], u64::MAX);
        let mut family = page.family(Kind::Gauge, "took", "Took.");
        family.add_seconds(&[], 1_050_000_001);
        let text = "# HELP seen_total Seen.\n# TYPE seen_total counter\nseen_total 7\n\
                    seen_total{a=\"b\",c=\"d\"} 18446744073709551615\n\
                    # HELP took Took.\n# TYPE took gauge\ntook 1.050000001\n";
        assert_eq!(page.into_text(), text);
    }

    #[test]
    fn a_label_may_hold_anything() {
        assert_eq!(escaped("a\\b\"c\nd é"), "a\\\\b\\\"c\\nd é");
    }

    #[test]
    fn of_a_set_of_words_one_is_true() {
        let mut page = Page::default();
        let mut family = page.family(Kind::Gauge, "state", "State.");
        family.add_word(&[("x", "y")], "state", &["up", "down"], "down");
        let text = "# HELP state State.\n# TYPE state gauge\n\
                    state{x=\"y\",state=\"up\"} 0\nstate{x=\"y\",state=\"down\"} 1\n";
        assert_eq!(page.into_text(), text);
    }
}
