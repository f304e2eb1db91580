//! The project's commands: `cargo xtask COMMAND`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod bench;
mod boot;
mod check;
mod compliance;
mod demo;
mod gate;
mod image;
mod layers;
mod report;
mod setup;
mod workspace;

#[derive(Debug, Parser)]
#[command(name = "xtask", about = "The project's commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Installs the Debian packages that are missing, starting no service
    Setup,
    /// Raises the lab and shows real traffic through the appliance, live
    Demo {
        /// Unattended: break things and exit 0 only if the traffic survived
        #[arg(long)]
        check: bool,
        /// Only these points of the check (1 to 12)
        #[arg(long, value_name = "N", requires = "check", value_delimiter = ',')]
        only: Vec<u8>,
    },
    /// The gate: everything that can be tested, within 30 minutes on 2 cores
    Test,
    /// The benchmarks, each beside its baseline
    Bench {
        /// One JSON object instead of tables
        #[arg(long)]
        json: bool,
    },
    /// Builds the image and boots it on this terminal, in QEMU, with a switch, two web servers and a client
    Boot {
        /// By UEFI instead of BIOS
        #[arg(long)]
        uefi: bool,
        /// With a new disk: what was committed before is gone
        #[arg(long)]
        fresh: bool,
    },
    /// Builds the disk image
    Image {
        /// Copies the image there; it is built in target/image
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Work out anew which Debian packages the image is made of, and write packages.lock
        #[arg(long, conflicts_with = "out")]
        update_lock: bool,
    },
    /// Builds the guest that tests meet in QEMU, and says where it is
    Guest,
    /// Every figure that is promised, however long it takes
    Prove,
    /// Which room may import which
    Layers,
    /// Every test that the compliance tables name exists
    Compliance,
    /// Formatting, and clippy with warnings as errors
    Lint,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether what was asked for holds.
fn run(command: Command) -> Result<bool> {
    match command {
        Command::Setup => setup::run().map(|()| true),
        Command::Demo { check: false, .. } => demo::run().map(|()| true),
        Command::Demo { check: true, only } => {
            setup::run()?;
            let binaries = workspace::build_appliance()?;
            Ok(check::run(&binaries, &only)?.all_held())
        }
        Command::Test => gate::run(),
        Command::Bench { json } => bench::run(json).map(|()| true),
        Command::Boot { uefi, fresh } => boot::run(uefi, fresh).map(|()| true),
        Command::Image {
            update_lock: true, ..
        } => image::update_lock().map(|()| true),
        Command::Image { out, .. } => image::build(out, recipe::Progress::Shown).map(|_| true),
        Command::Guest => image::guest().map(|guest| {
            println!("{}", guest.display());
            true
        }),
        Command::Prove => gate::prove(),
        Command::Layers => layers::run().map(|()| true),
        Command::Compliance => compliance::run().map(|()| true),
        Command::Lint => gate::lint(),
    }
}
