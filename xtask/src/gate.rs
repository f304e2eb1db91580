//! The gate: `cargo xtask test`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::Uid;

use crate::{bench, check, compliance, image, layers, setup, workspace};

/// How many things held and how many did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
}

#[derive(Debug, Default)]
struct Gate {
    counts: Counts,
    failures: Vec<String>,
    skipped: Vec<String>,
}

/// Formatting and clippy.
pub fn lint() -> Result<bool> {
    let mut gate = Gate::default();
    gate.lint();
    Ok(gate.finish())
}

/// Every figure that is promised.
pub fn prove() -> Result<bool> {
    setup::run()?;
    let binaries = workspace::build_appliance()?;
    let held = check::run(&binaries, &[])?.all_held();
    bench::run(false)?;
    Ok(held)
}

/// Everything. A step that fails does not keep the others from running, except those that need
/// what it makes.
pub fn run() -> Result<bool> {
    let started = Instant::now();
    setup::run()?;
    let mut gate = Gate::default();
    gate.lint();
    gate.step("layers", || layers::run().map(|()| Counts::ONE));
    gate.step("compliance", || compliance::run().map(|()| Counts::ONE));
    gate.step("unit tests and simulations", || {
        cargo_test(&["--workspace"], None)
    });
    gate.image_steps();
    if Uid::effective().is_root() {
        gate.root_steps();
    } else {
        gate.skip("tests in network namespaces and the demo's check: they need root");
    }
    println!("\nthe gate took {} s", started.elapsed().as_secs());
    Ok(gate.finish())
}

impl Counts {
    const ONE: Self = Self {
        passed: 1,
        failed: 0,
    };
}

impl Gate {
    fn lint(&mut self) {
        self.step("fmt", || cargo(&["fmt", "--all", "--check"]));
        let clippy = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        self.step("clippy", || cargo(&clippy));
        // Not among all targets: `cargo test` alone is not to run them.
        let boot = [
            "clippy",
            "--package",
            "tests",
            "--test",
            "boot",
            "--",
            "-D",
            "warnings",
        ];
        self.step("clippy of the boot tests", || cargo(&boot));
    }

    /// The image, what it does in QEMU, and that it can be built again. No root is needed.
    fn image_steps(&mut self) {
        let mut image = None;
        self.step("image", || {
            image = Some(image::build()?);
            Ok(Counts::ONE)
        });
        let Some(image) = image else {
            self.skip("the image in QEMU: there is none");
            return;
        };
        self.step("the image in QEMU", || {
            let boot = [
                "--package",
                "tests",
                "--test",
                "boot",
                "--",
                "--ignored",
                "--test-threads=2",
                "--nocapture",
            ];
            cargo_test(&boot, Some((::tests::image::IMAGE, &image.path)))
        });
        self.step("the image's bytes in another directory", || {
            image::again(&image).map(|()| Counts::ONE)
        });
    }

    fn root_steps(&mut self) {
        let mut binaries = None;
        self.step("build of the appliance", || {
            binaries = Some(workspace::build_appliance()?);
            Ok(Counts::ONE)
        });
        let Some(binaries) = binaries else {
            self.skip("tests in network namespaces and the demo's check: nothing to run");
            return;
        };
        // One after the other: each raises a lab and measures time.
        let ignored = [
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--",
            "--ignored",
            "--test-threads=1",
        ];
        self.step("tests in network namespaces", || {
            cargo_test(&ignored, Some((::tests::appliance::BINARIES, &binaries)))
        });
        self.step("demo --check", || {
            let (passed, failed) = check::run(&binaries, &[])?.counts();
            Ok(Counts { passed, failed })
        });
    }

    fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Counts>) {
        println!("\n== {name}");
        let started = Instant::now();
        let counts = work().unwrap_or_else(|error| {
            println!("{error:#}");
            Counts {
                passed: 0,
                failed: 1,
            }
        });
        if counts.failed > 0 {
            self.failures.push(name.to_owned());
        }
        self.counts.passed += counts.passed;
        self.counts.failed += counts.failed;
        let verdict = if counts.failed == 0 { "ok" } else { "FAILED" };
        println!(
            "== {name}: {verdict}, {:.1} s",
            started.elapsed().as_secs_f64()
        );
    }

    fn skip(&mut self, what: &str) {
        self.skipped.push(what.to_owned());
    }

    fn finish(self) -> bool {
        self.skipped
            .iter()
            .for_each(|skipped| println!("skipped: {skipped}"));
        self.failures
            .iter()
            .for_each(|failure| println!("failed: {failure}"));
        println!(
            "{} passed, {} failed",
            self.counts.passed, self.counts.failed
        );
        self.counts.failed == 0
    }
}

fn cargo(arguments: &[&str]) -> Result<Counts> {
    let status = workspace::cargo()?
        .args(arguments)
        .status()
        .context("starting cargo")?;
    ensure!(
        status.success(),
        "cargo {} ended with {status}",
        arguments.join(" ")
    );
    Ok(Counts::ONE)
}

/// Runs `cargo test`, lets its output through, and adds up its results. `what` is to be tested, and the
/// variable that tells the tests where it is.
fn cargo_test(arguments: &[&str], what: Option<(&str, &PathBuf)>) -> Result<Counts> {
    let mut command = workspace::cargo()?;
    command.args(["test", "--no-fail-fast"]).args(arguments);
    if let Some((variable, path)) = what {
        command.env(variable, absolute(path)?);
    }
    let (counts, success) = counted(command)?;
    if !success && counts.failed == 0 {
        bail!("cargo test could not run every test");
    }
    Ok(counts)
}

fn counted(mut command: Command) -> Result<(Counts, bool)> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("starting cargo test")?;
    let output = child.stdout.take().context("cargo test's output")?;
    let mut counts = Counts::default();
    for line in BufReader::new(output).lines() {
        let line = line.context("reading cargo test's output")?;
        println!("{line}");
        if let Some(more) = result_line(&line) {
            counts.passed += more.passed;
            counts.failed += more.failed;
        }
    }
    let status = child.wait().context("waiting for cargo test")?;
    Ok((counts, status.success()))
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("resolving {}", path.display()))
}

/// `test result: ok. 16 passed; 0 failed; 3 ignored; …`
fn result_line(line: &str) -> Option<Counts> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number = |word: &str| {
        let part = counts.split("; ").find(|part| part.ends_with(word))?;
        part.split(' ').next()?.parse().ok()
    };
    Some(Counts {
        passed: number("passed")?,
        failed: number("failed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_added_and_other_lines_are_not() {
        let line = "test result: FAILED. 16 passed; 2 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.03s";
        assert_eq!(
            result_line(line),
            Some(Counts {
                passed: 16,
                failed: 2
            })
        );
        assert_eq!(result_line("test a_thing ... ok"), None);
    }
}
