//! Watching whether the switch ever sees a member leave: by asking each 20 ms, and by its log,
//! which also tells of departures between two questions.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::Lag;

const INTERVAL: Duration = Duration::from_millis(20);

/// A running watch.
#[derive(Debug)]
pub struct Monitor {
    log: PathBuf,
    log_offset: u64,
    ending: Arc<AtomicBool>,
    sampler: Option<JoinHandle<Samples>>,
}

#[derive(Debug, Default)]
struct Samples {
    taken: u64,
    not_whole: Vec<String>,
}

/// What a watch has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departures {
    /// How often the switch was asked.
    pub samples: u64,
    /// Answers in which a member or the LAG was missing, each as it read; at most 20 are kept.
    pub missing: Vec<String>,
    /// Lines of the switch's log that tell of a member that left.
    pub logged: Vec<String>,
}

impl Departures {
    /// Whether the watch saw enough to say so and nobody left.
    pub fn none(&self) -> bool {
        self.samples > 0 && self.missing.is_empty() && self.logged.is_empty()
    }
}

impl Monitor {
    pub(super) fn start(lag: Lag, log: &Path) -> Result<Self> {
        let log_offset = fs::metadata(log)
            .with_context(|| format!("reading {}", log.display()))?
            .len();
        let ending = Arc::new(AtomicBool::new(false));
        let sampler = std::thread::Builder::new()
            .name("switch-monitor".to_owned())
            .spawn({
                let ending = Arc::clone(&ending);
                move || sample(&lag, &ending)
            })
            .context("starting the switch's monitor")?;
        Ok(Self {
            log: log.to_owned(),
            log_offset,
            ending,
            sampler: Some(sampler),
        })
    }

    /// Ends the watch and tells what it saw.
    pub fn finish(mut self) -> Result<Departures> {
        self.ending.store(true, Ordering::Release);
        let sampler = self.sampler.take().context("the watch has ended already")?;
        let samples = sampler
            .join()
            .map_err(|_| anyhow!("the switch's monitor panicked"))?;
        let mut log = File::open(&self.log).context("opening the switch's log")?;
        log.seek(SeekFrom::Start(self.log_offset))
            .context("seeking in the switch's log")?;
        let mut text = String::new();
        log.read_to_string(&mut text)
            .context("reading the switch's log")?;
        let logged = text
            .lines()
            .filter(|line| tells_of_departure(line))
            .map(str::to_owned)
            .collect();
        Ok(Departures {
            samples: samples.taken,
            missing: samples.not_whole,
            logged,
        })
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
    }
}

/// `bond lag: member m1: disabled`, `member m1: link state down`, `... no active members`.
fn tells_of_departure(line: &str) -> bool {
    line.contains("|bond|")
        && ["disabled", "state down", "no active"]
            .iter()
            .any(|words| line.contains(words))
}

fn sample(lag: &Lag, ending: &AtomicBool) -> Samples {
    let mut samples = Samples::default();
    while !ending.load(Ordering::Acquire) {
        samples.taken += 1;
        let answer = lag.bond().and_then(|bond| Ok((bond, lag.lacp()?)));
        let fault = match answer {
            Ok((bond, lacp)) if bond.is_whole() && lacp.is_whole() => None,
            Ok((bond, lacp)) => Some(format!("{bond:?} {lacp:?}")),
            Err(error) => Some(format!("{error:#}")),
        };
        if samples.not_whole.len() < 20 {
            samples.not_whole.extend(fault);
        }
        std::thread::sleep(INTERVAL);
    }
    samples
}
