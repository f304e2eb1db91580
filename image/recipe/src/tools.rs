//! Programs of the lock file that run on the building machine, with the loader and the libraries of
//! the lock file too: they do the same on every machine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::elf::LIBRARIES;

const GCONV: &str = "usr/lib/x86_64-linux-gnu/gconv";

/// The tools, unpacked.
#[derive(Debug)]
pub struct Tools {
    root: PathBuf,
}

impl Tools {
    /// The tools unpacked at `root`.
    ///
    /// # Errors
    /// When the path cannot be made absolute.
    pub fn at(root: &Path) -> Result<Self> {
        let root =
            std::path::absolute(root).with_context(|| format!("resolving {}", root.display()))?;
        Ok(Self { root })
    }

    /// Where they are unpacked.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A command that runs `program` (its path in the package) under the name `name`.
    #[must_use]
    pub fn command(&self, program: &str, name: &str) -> Command {
        let libraries = LIBRARIES.map(|folder| self.root.join(folder).display().to_string());
        let mut command = Command::new(self.root.join("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"));
        command.args(["--argv0", name, "--library-path", &libraries.join(":")]);
        command.arg(self.root.join(program));
        command.env("LC_ALL", "C");
        // Character sets are modules of the libc, and this libc is not the machine's.
        command.env("GCONV_PATH", self.root.join(GCONV));
        command
    }

    /// Compresses so that the kernel unpacks it as an initramfs, quickly.
    ///
    /// # Errors
    /// When zstd fails.
    pub fn zstd(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut command = self.command("usr/bin/zstd", "zstd");
        // Far matches: static programs have the same libraries in them. The kernel allows a window of
        // 2^27 bytes, and zstd makes it no larger than the content, of which it is told the size.
        command.args(["-12", "--long=27", "-T0", "--no-check", "-q", "-c"]);
        filter(command.arg(format!("--stream-size={}", bytes.len())), bytes)
    }

    /// Compresses so that the kernel loads it as firmware: it knows no other check sum.
    ///
    /// # Errors
    /// When xz fails.
    pub fn xz(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut command = self.command("usr/bin/xz", "xz");
        filter(command.args(["-9", "-T1", "--check=crc32", "-c"]), bytes)
    }
}

/// What the command makes of these bytes.
fn filter(command: &mut Command, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting a compressor")?;
    let mut input = child.stdin.take().context("the compressor's input")?;
    let done = std::thread::scope(|scope| {
        let fed = scope.spawn(move || input.write_all(bytes));
        let done = child.wait_with_output();
        match fed.join() {
            Ok(fed) => fed.context("feeding the compressor")?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        done.context("reading from the compressor")
    })?;
    ensure!(
        done.status.success(),
        "a compressor ended with {}",
        done.status
    );
    Ok(done.stdout)
}
