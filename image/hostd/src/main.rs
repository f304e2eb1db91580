//! `hostd`: what belongs to the host. Gives each bond's host interface its configured addresses, and the
//! kernel its configured routes, whenever an interface of a bond's name appears or changes.
//!
//! - It adds what is missing, and removes what an earlier configuration named and this one does not (`plan`,
//!   `named`). An operator's own address or route stays.
//! - A commit changes it while it runs (`daemon`).
//! - The kernel's settings that a load balancer's host needs are written once and per interface (`settings`).
//! - It is ready when its configuration is read; the interfaces come and go with `lvsd`.
//! - Not yet here: VLANs, host name, DNS, NTP, SSH, users.

mod access;
mod daemon;
mod faults;
mod host;
mod named;
mod plan;
mod settings;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use control::cli::DaemonArgs;
use control::config::Config;
use sys::supervised::Supervised;
use tokio::signal::unix::{SignalKind, signal};

/// The host's addresses and routes.
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
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("hostd: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Until SIGTERM or SIGINT.
fn run(args: &DaemonArgs, config: Config, supervised: Supervised) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            ended = daemon::serve(args, config, supervised) => ended,
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
        }
    })
}
