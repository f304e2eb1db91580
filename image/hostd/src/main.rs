//! `hostd`: what belongs to the host. Gives each bond's host interface its configured addresses, and the
//! kernel its configured routes, whenever an interface of a bond's name appears or changes.
//!
//! - It adds what is missing (`plan`) and takes nothing away: an operator's own address or route stays.
//! - The kernel's settings that a load balancer's host needs are written once and per interface (`settings`).
//! - It is ready when its configuration is read; the interfaces come and go with `lvsd`.
//! - Not yet here: VLANs, host name, DNS, NTP, SSH, users, and its part in a commit.

mod host;
mod plan;
mod settings;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use control::cli::DaemonArgs;
use control::config::Config;
use tokio::signal::unix::{SignalKind, signal};

/// The host's addresses and routes.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    daemon: DaemonArgs,
}

fn main() -> ExitCode {
    let config = Args::parse().daemon.load_or_exit(control::cli::interfaces);
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("hostd: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Until SIGTERM or SIGINT.
fn run(config: &Config) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            ended = host::follow(config) => ended,
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
        }
    })
}
