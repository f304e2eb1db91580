//! Frames into pcapng files: one interface for each port, each frame with its time and its way. Each frame
//! is written at once and whole, so that a file can be read while it grows.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sys::clock;
use wire::Instant;

use super::counters::Way;
use super::status::RecordingStatus;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const ETHERNET: u32 = 1;

/// Everything that is recorded.
#[derive(Debug)]
pub struct Recorder {
    names: Vec<String>,
    /// What is to be added to an [`Instant`] to get nanoseconds since 1970.
    epoch: u64,
    recordings: Vec<Recording>,
}

#[derive(Debug)]
struct Recording {
    path: PathBuf,
    port: Option<usize>,
    file: File,
    frames: u64,
    failure: Option<String>,
}

impl Recorder {
    /// Records nothing yet, of ports with these names.
    pub fn new(now: Instant, names: &[&str]) -> Self {
        let unix = clock::unix_millis().saturating_mul(1_000_000);
        Self {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            epoch: unix.saturating_sub(now.as_nanos()),
            recordings: Vec::new(),
        }
    }

    /// Starts to write one port's frames, or every port's, to a new file.
    pub fn start(&mut self, port: Option<usize>, path: &Path) -> Result<()> {
        if self.recordings.iter().any(|one| one.path == path) {
            bail!("{} is being written already", path.display());
        }
        let what = || format!("writing {}", path.display());
        let mut file = File::create(path).with_context(what)?;
        file.write_all(&beginning(&self.names)).with_context(what)?;
        self.recordings.push(Recording {
            path: path.to_owned(),
            port,
            file,
            frames: 0,
            failure: None,
        });
        Ok(())
    }

    /// Ends the recording into this file.
    pub fn stop(&mut self, path: &Path) -> Result<()> {
        let place = self.recordings.iter().position(|one| one.path == path);
        let place = place.with_context(|| format!("{} is not being written", path.display()))?;
        let ended = self.recordings.remove(place);
        match ended.failure {
            Some(failure) => bail!("writing {}: {failure}", path.display()),
            None => Ok(()),
        }
    }

    /// Writes a frame wherever its port is recorded.
    pub fn record(&mut self, now: Instant, port: usize, way: Way, frame: &[u8]) {
        let is_wanted = |one: &&mut Recording| {
            one.failure.is_none() && one.port.is_none_or(|wanted| wanted == port)
        };
        for recording in self.recordings.iter_mut().filter(is_wanted) {
            let at = self.epoch.saturating_add(now.as_nanos());
            match recording.file.write_all(&packet(port, at, way, frame)) {
                Ok(()) => recording.frames += 1,
                Err(error) => recording.failure = Some(error.to_string()),
            }
        }
    }

    /// What is recorded.
    pub fn status(&self) -> Vec<RecordingStatus> {
        let status = |one: &Recording| RecordingStatus {
            file: one.path.clone(),
            port: one.port.and_then(|port| self.names.get(port).cloned()),
            frames: one.frames,
            failure: one.failure.clone(),
        };
        self.recordings.iter().map(status).collect()
    }
}

/// The section header and an interface for each port.
fn beginning(names: &[String]) -> Vec<u8> {
    let mut bytes = block(SECTION_HEADER, |body| {
        body.word(BYTE_ORDER);
        body.word(1); // version 1.0, in the order of x86
        body.word(u32::MAX); // the section's length is not known
        body.word(u32::MAX);
    });
    for name in names {
        bytes.extend(block(INTERFACE_DESCRIPTION, |body| {
            body.word(ETHERNET);
            body.word(0); // frames are whole
            body.option(2, name.as_bytes());
            body.option(9, &[9]); // times are nanoseconds
            body.option(0, &[]);
        }));
    }
    bytes
}

fn packet(port: usize, nanoseconds: u64, way: Way, frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    let [a, b, c, d, e, f, g, h] = nanoseconds.to_be_bytes();
    block(ENHANCED_PACKET, |body| {
        body.word(u32::try_from(port).unwrap_or(u32::MAX));
        body.word(u32::from_be_bytes([a, b, c, d]));
        body.word(u32::from_be_bytes([e, f, g, h]));
        body.word(length);
        body.word(length);
        body.bytes(frame);
        let inbound_or_outbound: u32 = match way {
            Way::In => 1,
            Way::Out => 2,
        };
        body.option(2, &inbound_or_outbound.to_le_bytes());
        body.option(0, &[]);
    })
}

fn block(kind: u32, fill: impl FnOnce(&mut Body)) -> Vec<u8> {
    let mut body = Body::default();
    fill(&mut body);
    let length = u32::try_from(body.0.len() + 12).unwrap_or(u32::MAX);
    let [kind, length] = [kind, length].map(u32::to_le_bytes);
    [&kind, &length, body.0.as_slice(), &length].concat()
}

/// A block's body; everything in it is padded to 4 bytes.
#[derive(Debug, Default)]
struct Body(Vec<u8>);

impl Body {
    fn word(&mut self, word: u32) {
        self.0.extend(word.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        let padded = self.0.len().next_multiple_of(4);
        self.0.resize(padded, 0);
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        let length = u16::try_from(value.len()).unwrap_or(0);
        self.0.extend(code.to_le_bytes());
        self.0.extend(length.to_le_bytes());
        self.bytes(value);
    }
}
