//! What differs between two configurations, key by key, in lines that can be read alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// One line of a difference. A key stands with the whole path of its table
/// (`service.web.scheduler = "wlc"`), an element of an array of tables on one line
/// (`[[route]] destination = "::/0", gateway = "2001:db8::1"`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Only in the new configuration.
    Added(String),
    /// Only in the old one.
    Removed(String),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(line) => write!(f, "+ {line}"),
            Self::Removed(line) => write!(f, "- {line}"),
        }
    }
}

/// How many lines are new, and how many went away.
#[must_use]
pub fn counts(changes: &[Change]) -> (usize, usize) {
    let is_added = |change: &&Change| match change {
        Change::Added(_) => true,
        Change::Removed(_) => false,
    };
    let added = changes.iter().filter(is_added).count();
    (added, changes.len() - added)
}

/// The changes from `old` to `new`, two canonical texts ([`crate::config::print()`]), in their order.
#[must_use]
pub fn changes(old: &str, new: &str) -> Vec<Change> {
    let (old, new) = (tables(old), tables(new));
    let places: BTreeMap<&str, usize> = old
        .iter()
        .enumerate()
        .map(|(place, table)| (table.name.as_str(), place))
        .collect();
    let kept: BTreeSet<&str> = new.iter().map(|table| table.name.as_str()).collect();
    let mut gone = old
        .iter()
        .enumerate()
        .filter(|(_, table)| !kept.contains(table.name.as_str()))
        .peekable();
    let mut found = Vec::new();
    let mut next = 0;
    for table in &new {
        let place = places.get(table.name.as_str()).copied();
        // What went away between two tables stands before what came there.
        while let Some((_, before)) = gone.next_if(|(gone, _)| *gone < place.unwrap_or(next + 1)) {
            found.extend(before.lines().map(Change::Removed));
            next += 1;
        }
        match place.and_then(|place| old.get(place)) {
            Some(before) => table_changes(before, table, &mut found),
            None => found.extend(table.lines().map(Change::Added)),
        }
        next = place.map_or(next, |place| place + 1);
    }
    for (_, after) in gone {
        found.extend(after.lines().map(Change::Removed));
    }
    found
}

/// A table of a canonical text. An element of an array has no name but all that it says.
struct Table<'t> {
    /// Its path, or the whole element.
    name: String,
    is_element: bool,
    keys: Vec<&'t str>,
}

impl Table<'_> {
    /// The table as lines that can be read alone: its keys, or itself where it has none.
    fn lines(&self) -> impl Iterator<Item = String> {
        let itself = if self.is_element {
            Some(self.name.clone())
        } else if self.keys.is_empty() {
            Some(format!("[{}]", self.name))
        } else {
            None
        };
        let keys = self.keys.iter().filter(|_| !self.is_element);
        itself.into_iter().chain(keys.map(|key| self.line(key)))
    }

    fn line(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }
}

fn tables(text: &str) -> Vec<Table<'_>> {
    let mut tables = Vec::new();
    for block in text.split("\n\n") {
        let mut lines = block.lines().filter(|line| !line.is_empty());
        let Some(header) = lines.next() else { continue };
        let keys: Vec<&str> = lines.collect();
        let is_element = header.starts_with("[[");
        let name = if is_element {
            format!("{header} {}", keys.join(", "))
        } else {
            let path = header.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
            path.unwrap_or(header).to_owned()
        };
        tables.push(Table {
            name,
            is_element,
            keys,
        });
    }
    tables
}

/// The changes within a table: what is new stands after what it replaces.
fn table_changes(old: &Table<'_>, new: &Table<'_>, found: &mut Vec<Change>) {
    let name = |line: &&str| line.split(" = ").next().map(str::to_owned);
    for line in old.keys.iter().filter(|line| !new.keys.contains(line)) {
        found.push(Change::Removed(old.line(line)));
        let replaced = new.keys.iter().find(|other| name(other) == name(line));
        found.extend(replaced.map(|line| Change::Added(new.line(line))));
    }
    let old_names: Vec<_> = old.keys.iter().map(name).collect();
    for line in &new.keys {
        if !old_names.contains(&name(line)) {
            found.push(Change::Added(new.line(line)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    const OLD: &str = r#"
[bond.bond0]
mode = 4
members = ["eth1"]
addresses = ["10.0.0.2/24"]
[[route]]
destination = "10.9.0.0/16"
gateway = "10.0.0.9"
[service.db]
protocol = "tcp"
address = "10.0.0.101:5432"
method = "nat"
scheduler = "rr"
[service.web]
protocol = "tcp"
address = "10.0.0.100:80"
method = "nat"
scheduler = "rr"
[service.web.real."10.0.0.11:80"]
[service.web.real."10.0.0.12:80"]
weight = 3
"#;

    fn canonical(text: &str) -> String {
        config::print(&config::parse("test", text).expect("legal"))
    }

    fn lines(old: &str, new: &str) -> Vec<String> {
        let changes = changes(&canonical(old), &canonical(new));
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_configuration_does_not_differ_from_itself() {
        assert_eq!(lines(OLD, OLD), [""; 0]);
        assert_eq!(lines("", ""), [""; 0]);
    }

    #[test]
    fn a_key_that_changes_appears_or_goes_is_named_with_its_path() {
        let new = OLD.replace("\"rr\"\n[service.web.", "\"maglev\"\n[service.web.");
        assert_eq!(
            lines(OLD, &new),
            [
                r#"- service.web.scheduler = "rr""#,
                r#"+ service.web.scheduler = "maglev""#
            ]
        );
        let line = r#"service.web.real."10.0.0.12:80".weight = 3"#;
        let new = OLD.replace("weight = 3\n", "");
        assert_eq!(lines(OLD, &new), [format!("- {line}")]);
        assert_eq!(lines(&new, OLD), [format!("+ {line}")]);
    }

    #[test]
    fn a_table_that_comes_or_goes_stands_in_its_place_with_all_its_keys() {
        let new = OLD.replace("[service.web.real.\"10.0.0.11:80\"]\n", "");
        let itself = r#"[service.web.real."10.0.0.11:80"]"#;
        assert_eq!(lines(OLD, &new), [format!("- {itself}")]);
        assert_eq!(lines(&new, OLD), [format!("+ {itself}")]);
        let other = OLD.replace("service.db", "service.sql");
        let lines = lines(OLD, &other);
        assert_eq!(lines[0], r#"- service.db.protocol = "tcp""#);
        assert_eq!(lines[4], r#"+ service.sql.protocol = "tcp""#);
        assert_eq!(lines.len(), 8);
    }

    #[test]
    fn an_element_of_an_array_is_one_line() {
        let new = OLD.replace("10.0.0.9", "10.0.0.8");
        assert_eq!(
            lines(OLD, &new),
            [
                r#"- [[route]] destination = "10.9.0.0/16", gateway = "10.0.0.9""#,
                r#"+ [[route]] destination = "10.9.0.0/16", gateway = "10.0.0.8""#,
            ]
        );
    }
}
