//! `ctld`: the only writer of configuration.
//!
//! An operator's configuration runs in every daemon, or in none ([`control::transaction`]), and is on
//! disk before anybody says so.
//! - `operator`: the requests, one after the other; `shown`: what is shown meanwhile; `commit`: the steps of a commit;
//! - `books`: what is kept beside the running file, and how a start puts it in order: `journal`,
//!   `history`, `trial`, all written by `durable`;
//! - `edited`: the running file, when somebody else writes it;
//! - `metrics`: what Prometheus asks for, and ctld's own part of a configuration.

mod books;
mod clock;
mod commit;
mod daemon;
mod durable;
mod edited;
mod history;
mod journal;
mod metrics;
mod operator;
mod shown;
mod trial;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use control::cli::DaemonArgs;
use sys::supervised::Supervised;

/// The configuration daemon: commit, compare, roll back; and metrics.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    daemon: DaemonArgs,
}

fn main() -> ExitCode {
    let args = Args::parse().daemon;
    // A NIC that is missing is no fault here: it is put right by a commit.
    drop(args.load_anywhere_or_exit());
    let supervised = sys::supervised::begin();
    match run(&args, supervised) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ctld: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &DaemonArgs, supervised: Supervised) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (socket, run_dir) = (args.socket("ctld"), args.run_dir());
    runtime.block_on(daemon::run(&args.config, &socket, &run_dir, supervised))
}
