//! The operator's commands that change the configuration.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Appliance;

/// What a command said, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its exit status; -1 when a signal ended it.
    pub status: i32,
    /// Lines of standard output and of standard error.
    pub lines: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Said {
    /// Fails unless the command did.
    pub fn well(self) -> Result<Self> {
        let Self { status, lines, .. } = &self;
        ensure!(*status == 0, "ended with {status}: {}", lines.join(" | "));
        Ok(self)
    }
}

impl Appliance {
    /// `fourfold commit FILE` with `configuration` in the file.
    pub fn commit(&self, configuration: &str) -> Result<Said> {
        let file = self.candidate(configuration)?;
        self.operate(&["commit", &file.display().to_string()])
    }

    /// `fourfold compare FILE` with `configuration` in the file.
    pub fn compare(&self, configuration: &str) -> Result<Said> {
        let file = self.candidate(configuration)?;
        self.operate(&["compare", &file.display().to_string()])
    }

    /// `fourfold rollback N`.
    pub fn rollback(&self, commits: u32) -> Result<Said> {
        self.operate(&["rollback", &commits.to_string()])
    }

    /// `fourfold request active-member BOND MEMBER`.
    pub fn activate(&self, bond: &str, member: &str) -> Result<Said> {
        self.operate(&["request", "active-member", bond, member])
    }

    /// The running configuration, by `fourfold show configuration`.
    pub fn configuration(&self) -> Result<String> {
        let shown = self.show("configuration")?;
        let items = shown["configuration"].as_array().context("no lines")?;
        let lines = items.iter().filter_map(|item| item["line"].as_str());
        Ok(lines.map(|line| format!("{line}\n")).collect())
    }

    /// The running configuration, as it is in the file.
    pub fn file_text(&self) -> Result<String> {
        let file = self.file();
        fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
    }

    fn candidate(&self, configuration: &str) -> Result<PathBuf> {
        let file = self.room.join("candidate.toml");
        fs::write(&file, configuration).with_context(|| format!("writing {}", file.display()))?;
        Ok(file)
    }

    fn operate(&self, words: &[&str]) -> Result<Said> {
        let began = Instant::now();
        let output = self.console().args(words).output();
        let output = output.with_context(|| format!("starting fourfold {}", words.join(" ")))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        Ok(Said {
            status: output.status.code().unwrap_or(-1),
            lines: text.lines().map(str::to_owned).collect(),
            took: began.elapsed(),
        })
    }
}
