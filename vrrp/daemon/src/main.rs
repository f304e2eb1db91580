//! `vrrpd`: hosts the VRRP engine ([`vrrp::VirtualRouter`]), one for each `[vrrp.NAME]` of the
//! configuration.
//!
//! Two threads. The *elections* are a real-time thread that owns the engines: it receives adverts by
//! packet sockets on the bonds' members, sends them when they are due, writes the leases by which lvsd
//! knows what this box is Active for, and watches lvsd's pulse. The *main* thread does everything
//! that takes time: it opens the sockets, follows the kernel's interfaces and addresses, attaches to
//! lvsd, hears healthd, answers operators, takes part in transactions, writes the log.
//!
//! ```text
//! lvsd ── leases (we write) ── feedback, egress (we read) ──┐      ┌─ packet sockets on the members
//! healthd ── Pools ──► main thread ── Command ──► elections: VirtualRouter … ─┘
//! kernel ── links, addresses ─┘  ◄── events (bounded; what does not fit is counted) ──┘
//! ```
//!
//! A lease that still holds is this daemon's whole memory: killed and started again it goes on as
//! Active. Without lvsd, or when lvsd's pulse rests for 500 ms, no virtual router is Active. An orderly
//! stop says so with priority 0, and keeps the lease until the successor is heard.

mod cleared;
mod clock;
mod daemon;
mod drops;
mod elections;
mod forwarder;
mod inbox;
mod interfaces;
mod journal;
mod memberships;
mod plan;
mod pools;
mod port;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use control::cli::DaemonArgs;
use control::config::Config;
use sys::supervised::Supervised;

/// The VRRP daemon: elections for the appliance's virtual addresses.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    daemon: DaemonArgs,
}

fn main() -> ExitCode {
    let args = Args::parse().daemon;
    let config = args.load_or_exit(control::cli::interfaces);
    match run(&args, config, sys::supervised::begin()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("vrrpd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &DaemonArgs, config: Config, supervised: Supervised) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(daemon::run(
        config,
        &args.socket("vrrpd"),
        &args.run_dir(),
        supervised,
    ))
}
