//! `lvsd`: the forwarder.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use control::cli::DaemonArgs;
use control::config::Config;
use lvsd::daemon::Ended;
use sys::supervised::Supervised;

/// The forwarder: AF_XDP on every data port, NAT and direct routing, the connection table.
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
            eprintln!("lvsd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &DaemonArgs, config: Config, supervised: Supervised) -> io::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(lvsd::daemon::run(
        config,
        &args.socket("lvsd"),
        &args.run_dir(),
        supervised,
    ))
}
