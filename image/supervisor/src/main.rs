//! `supervisor`: starts the daemons in order on readiness, starts a dead one again at once, keeps their
//! descriptors across a restart, stops them in reverse order.
//!
//! - It parses nothing but its own service table (`service`), never blocks on a child, and runs on one thread.
//! - Before anything starts, each daemon checks the configuration (`check`); a fault ends in exit status 2.
//! - When to start a dead daemon again is a policy without a clock (`restart`).
//! - `RUN/supervisor.sock` (`socket`) is the daemons' descriptor store (`sys::store`), hears what they say of
//!   themselves (`sys::supervised`), and answers an operator.
//! - Its own readiness (`READY_FD`) is that of all daemons.
//! - It does not restart what it was not told to start, and does not read what it stores.
//! - When it dies, the daemons live on. `RUN/supervisor.state` (`state`) tells the next one whom it finds; they
//!   register with it, each with its output and what it had stored. The last lines are in `RUN/events` (`events`).
//!
//! - On the appliance, where process 1 is its parent (`place`), a bad configuration ends nothing: who accepts
//!   it is started. Every line is kept on disk (`logfile`), the loop feeds the watchdog (`sys::watchdog`), and
//!   an operator may want a reboot (`wish`).
//!
//! Exit status: 0 after an orderly stop (SIGTERM, SIGINT, SIGHUP), 1 when it could not run, 2 for a bad
//! configuration; 64, 65, 66 after an orderly stop that is to be followed by a reboot, by power off, by a
//! factory reset.

mod check;
mod child;
mod configuration;
mod crew;
mod desk;
mod events;
mod keeper;
mod laps;
mod lines;
mod log;
mod logfile;
mod place;
mod restart;
mod say;
mod service;
mod shared;
mod signals;
mod socket;
mod state;
mod status;
mod strays;
mod supervisor;
mod wish;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use place::Place;

/// Starts and restarts Fourfold's daemons and keeps their descriptors.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The appliance's configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where sockets and saved state live; made when missing.
    #[arg(long, value_name = "DIR", default_value = "/run/fourfold")]
    run_dir: PathBuf,
    /// Keep every line in this file, at most 4 MiB of them, and as much in FILE.1.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let place = Place::here();
    sys::ready::keep_from_children();
    match supervisor::run(&args.config, &args.run_dir, args.log, place) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("supervisor: {e}");
            ExitCode::FAILURE
        }
    }
}
