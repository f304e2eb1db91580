//! `hostd`: what belongs to the host. Gives the bonds' host interfaces, their VLANs and the management port
//! their configured addresses, and the kernel its configured routes, whenever such an interface appears or
//! changes.
//!
//! - It adds what is missing, and removes what an earlier configuration named and this one does not (`plan`,
//!   `named`). An operator's own address or route stays.
//! - A commit changes it while it runs (`daemon`).
//! - The kernel's settings that a load balancer's host needs are written once and per interface (`settings`).
//! - Who may come in by the management port is an nftables table (`access`).
//! - It is ready when its configuration is read; the interfaces come and go with `lvsd`.
//! - On the appliance, and nowhere else, the system is its own, too (`appliance`): name, resolvers and time
//!   (`system`), who may log in (`users`), SSH (`ssh`), and a copy of what lets an operator in (`rescue`).
//!   Debian's programs run as its children (`foreign`).
//! - It shows the interfaces and what runs on the box (`show`).

mod access;
mod appliance;
mod daemon;
mod faults;
mod files;
mod foreign;
mod host;
mod named;
mod notices;
mod plan;
mod rescue;
mod settings;
mod show;
mod ssh;
mod system;
mod users;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use control::cli::DaemonArgs;
use control::config::Config;
use sys::supervised::Supervised;
use tokio::signal::unix::{SignalKind, signal};

/// What belongs to the host.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    daemon: DaemonArgs,
}

fn main() -> ExitCode {
    let args = Args::parse().daemon;
    let config = args.load_or_exit(control::cli::interfaces);
    // Children run before it is ready, and have no word in that.
    sys::ready::keep_from_children();
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
