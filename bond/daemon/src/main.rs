//! `bondd`: LACP on the members, link monitors, and the egress table for the forwarder.

mod chance;
mod clock;
mod daemon;
mod forwarder;
mod identity;
mod inbox;
mod interfaces;
mod journal;
mod path;
mod paths;
mod port;
mod reload;
mod served;
mod state;
mod transactions;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use control::cli::DaemonArgs;
use control::config::Config;
use daemon::Ended;
use sys::supervised::Supervised;

/// The bonding daemon: LACP, link monitors, which member a frame takes.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    daemon: DaemonArgs,
}

fn main() -> ExitCode {
    let args = Args::parse().daemon;
    let config = args.load_or_exit(control::cli::interfaces);
    let supervised = sys::supervised::begin();
    match run(&args, config, supervised) {
        Ok(Ended::Stopped) => ExitCode::SUCCESS,
        Ok(Ended::Restart) => supervised.anew(),
        Err(error) => {
            eprintln!("bondd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &DaemonArgs, config: Config, supervised: Supervised) -> io::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(daemon::run(
        config,
        &args.socket("bondd"),
        &args.run_dir(),
        supervised,
    ))
}
