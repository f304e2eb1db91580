//! `request support`: everything that a supporter would ask for, in one tar.gz.
//!
//! Secrets do not leave the box: the hashes of passwords are taken out. What cannot be had, because a
//! daemon is dead, is a line of `missing.txt`, and everything else is there.

mod kernel_log;

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use control::show::Noun;
use flate2::Compression;
use flate2::write::GzEncoder;
use sys::clock::unix_millis;

use crate::capture::stamp;
use crate::failure::Failure;
use crate::session::Session;
use crate::{json, show, text};

/// Files of the host that say how it fares.
const HOST: [(&str, &str); 9] = [
    ("release", "/etc/fourfold/release"),
    ("cmdline", "/proc/cmdline"),
    ("cpuinfo", "/proc/cpuinfo"),
    ("interrupts", "/proc/interrupts"),
    ("loadavg", "/proc/loadavg"),
    ("meminfo", "/proc/meminfo"),
    ("mounts", "/proc/mounts"),
    ("net-dev", "/proc/net/dev"),
    ("softnet_stat", "/proc/net/softnet_stat"),
];

/// The most bytes of one file of the bundle.
const MOST: usize = 16 << 20;

/// Makes the bundle: on standard output, unless a person looks at it, then as a file.
pub(super) fn run(session: &Session) -> Result<(), Failure> {
    let name = format!("fourfold-support-{}", stamp(unix_millis() / 1000));
    if !io::stdout().is_terminal() {
        let mut out = io::stdout().lock();
        bundle(&session.places.run_dir, &name, &mut out)?;
        return Ok(out.flush()?);
    }
    let folder = session.places.data_dir.join("support");
    let path = folder.join(format!("{name}.tar.gz"));
    let failed = |error| Failure::Failed(format!("{}: {error}", path.display()));
    fs::create_dir_all(&folder).map_err(failed)?;
    let file = File::create_new(&path).map_err(failed)?;
    let missing = bundle(&session.places.run_dir, &name, &file).inspect_err(|_| {
        // Half a bundle is none.
        drop(fs::remove_file(&path));
    })?;
    file.sync_all().map_err(failed)?;
    let mut out = io::stdout();
    writeln!(out, "{}", path.display())?;
    for line in missing {
        writeln!(out, "missing: {line}")?;
    }
    Ok(())
}

/// Writes a tar.gz of which every file is below the folder `name`; gives what is missing.
fn bundle(run_dir: &Path, name: &str, out: impl Write) -> Result<Vec<String>, Failure> {
    let mut bundle = Bundle {
        name,
        tar: tar::Builder::new(GzEncoder::new(out, Compression::default())),
        missing: Vec::new(),
    };
    for noun in Noun::ALL {
        // It has secrets, and comes as a text of its own.
        if noun == Noun::Configuration {
            continue;
        }
        let mut document = Vec::new();
        let printed = json::print(run_dir, noun, &mut document);
        let file = format!("show/{}.json", noun.name());
        bundle.part(&file, printed.map(|()| document))?;
    }
    let running = show::running(run_dir).map(|text| without_secrets(&text).into_bytes());
    bundle.part("configuration.toml", running)?;
    for noun in [Noun::Events, Noun::Log, Noun::History] {
        let mut lines = Vec::new();
        let printed = text::print(run_dir, noun, &text::Options::default(), &mut lines);
        bundle.part(&format!("{}.txt", noun.name()), printed.map(|()| lines))?;
    }
    let kernel = kernel_log::read();
    let kernel = kernel.map_err(|error| Failure::Failed(format!("/dev/kmsg: {error}")));
    bundle.part("kernel.txt", kernel)?;
    for (file, path) in HOST {
        let bytes = fs::read(path).map_err(|error| Failure::Failed(format!("{path}: {error}")));
        bundle.part(&format!("host/{file}"), bytes)?;
    }
    bundle.end()
}

/// A bundle in the making.
struct Bundle<'n, W: Write> {
    name: &'n str,
    tar: tar::Builder<GzEncoder<W>>,
    missing: Vec<String>,
}

impl<W: Write> Bundle<'_, W> {
    /// One file; or a line about why it is missing.
    fn part(&mut self, file: &str, bytes: Result<Vec<u8>, Failure>) -> io::Result<()> {
        match bytes {
            Ok(mut bytes) => {
                if bytes.len() > MOST {
                    let begin = bytes.len() - MOST;
                    self.missing
                        .push(format!("{file}: its first {begin} bytes"));
                    bytes.drain(..begin);
                }
                self.file(file, &bytes)
            }
            Err(failure) => {
                let why = failure.lines().join("; ");
                self.missing.push(format!("{file}: {why}"));
                Ok(())
            }
        }
    }

    fn file(&mut self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(bytes.len()).map_err(io::Error::other)?);
        header.set_mode(0o600);
        header.set_mtime(unix_millis() / 1000);
        let path = format!("{}/{file}", self.name);
        self.tar.append_data(&mut header, path, bytes)
    }

    fn end(mut self) -> Result<Vec<String>, Failure> {
        let lines: String = self
            .missing
            .iter()
            .map(|line| format!("{line}\n"))
            .collect();
        self.file("missing.txt", lines.as_bytes())?;
        self.tar.into_inner()?.finish()?.flush()?;
        Ok(self.missing)
    }
}

/// A configuration without the hashes of its passwords.
fn without_secrets(text: &str) -> String {
    let line = |line: &str| match line.split_once('=') {
        Some((key, _)) if key.trim() == "password" => "password = \"(taken out)\"\n".to_owned(),
        Some(_) | None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_taken_out_and_nothing_else() {
        let text =
            "[user.admin]\npassword = \"$6$salt$hash\"\nssh_key = [\"ssh-ed25519 AAAA me\"]\n";
        let found = without_secrets(text);
        assert!(!found.contains("$6$"), "{found}");
        assert!(found.contains("ssh-ed25519") && found.starts_with("[user.admin]\n"));
        assert_eq!(found.lines().count(), 3);
    }
}
