//! `healthd`: checks the services' reals.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use control::cli::DaemonArgs;
use sys::supervised::Supervised;

/// The health-check daemon: which real servers answer.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    daemon: DaemonArgs,
}

fn main() -> ExitCode {
    let args = Args::parse().daemon;
    // A NIC that is gone is no reason to check nothing any more.
    let config = args.load_anywhere_or_exit();
    let supervised = sys::supervised::begin();
    match run(&args, config.checks, supervised) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("healthd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &DaemonArgs, checks: health::Config, supervised: Supervised) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(healthd::run(
        checks,
        &args.socket("healthd"),
        &args.run_dir(),
        supervised,
    ))
}
