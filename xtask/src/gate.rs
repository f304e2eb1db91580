//! The gate: `cargo xtask test`.

mod cargo;

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use nix::unistd::Uid;
use recipe::Progress;

use crate::{bench, check, compliance, image, layers, setup, workspace};
use cargo::{Counts, Subject, cargo, cargo_prove, cargo_test};

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

/// Every figure that is promised, however long it takes.
pub fn prove() -> Result<bool> {
    setup::run()?;
    let binaries = workspace::build_appliance()?;
    let mut gate = Gate::default();
    gate.guest_step(&binaries);
    gate.check_step(&binaries, &[]);
    let bonds = [
        "--workspace",
        "--test",
        "netns",
        "--test",
        "interop",
        "--",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
        "lacp::",
        "keepalived::",
        "modes::",
        "adaptive::",
        "moves::",
        "monitor::",
        "carrier::",
        "fail_over_mac::",
        "commits::",
        "long::",
        "bfdd::",
        "micro_bfd::",
        "forwarding::",
    ];
    gate.step("bonds and elections", || {
        cargo_prove(&bonds, &[(::tests::appliance::BINARIES, &binaries)])
    });
    bench::run(false)?;
    Ok(gate.finish())
}

/// The points of the demo's check that the gate has time for; tests stand for the others there.
const GATE_POINTS: &[u8] = &[1, 3, 5, 6];

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
        // More than there are cores: they wait much, for a clock and for their peers.
        cargo_test(&["--workspace", "--", "--test-threads=4"], &[])
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

impl Gate {
    fn lint(&mut self) {
        self.step("fmt", || cargo(&["fmt", "--all", "--check"]));
        // Those in QEMU are not among all targets: `cargo test` alone is not to run them.
        let clippy = [
            "clippy",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--examples",
            "--benches",
            "--test",
            "boot",
            "--test",
            "guest",
            "--",
            "-D",
            "warnings",
        ];
        self.step("clippy", || cargo(&clippy));
    }

    /// The image, what it does in QEMU, and that it can be built again. No root is needed.
    fn image_steps(&mut self) {
        let mut image = None;
        self.step("image", || {
            image = Some(image::build(None, Progress::Quiet)?);
            Ok(Counts::ONE)
        });
        let Some(image) = image else {
            self.skip("the image in QEMU: there is none");
            return;
        };
        self.step("the image in QEMU", || {
            // Of the workspace, so that what is built already serves.
            let boot = [
                "--workspace",
                "--test",
                "boot",
                "--",
                "--ignored",
                "--test-threads=2",
                "--nocapture",
            ];
            cargo_test(&boot, &[(::tests::image::IMAGE, &image.path)])
        });
        self.step("the image's bytes in another directory", || {
            image::again(&image).map(|()| Counts::ONE)
        });
    }

    /// What a Debian kernel says, in QEMU, and how our bonds get on with its own.
    fn guest_step(&mut self, binaries: &Path) {
        self.step("a Debian guest in QEMU", || {
            let guest = image::guest()?;
            let image = image::build(None, Progress::Quiet)?;
            let tests = [
                "--workspace",
                "--test",
                "guest",
                "--",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ];
            let subjects: [Subject<'_>; 3] = [
                (::tests::guest::GUEST, &guest),
                (::tests::image::IMAGE, &image.path),
                (::tests::appliance::BINARIES, binaries),
            ];
            cargo_test(&tests, &subjects)
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
            cargo_test(&ignored, &[(::tests::appliance::BINARIES, &binaries)])
        });
        self.check_step(&binaries, GATE_POINTS);
        self.skip(
            "the check's other points, a Debian guest's answers: `cargo xtask prove` has them",
        );
    }

    fn check_step(&mut self, binaries: &Path, points: &[u8]) {
        self.step("demo --check", || {
            let (passed, failed) = check::run(binaries, points)?.counts();
            Ok(Counts {
                passed,
                failed,
                reasons: Vec::new(),
            })
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
                reasons: vec![format!("{error:#}")],
            }
        });
        if counts.failed > 0 {
            self.failures.push(name.to_owned());
        }
        self.counts.passed += counts.passed;
        self.counts.failed += counts.failed;
        self.counts.reasons.extend(counts.reasons);
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
        // Once more, since much has been said after them.
        self.counts
            .reasons
            .iter()
            .for_each(|line| println!("{line}"));
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
