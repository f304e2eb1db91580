//! `ctld`: the only writer of configuration.
//!
//! An operator's configuration runs in every daemon, or in none ([`control::transaction`]), and is on
//! disk before anybody says so.
//! - `operator`: the requests, one after the other; `shown`: what is shown meanwhile; `commit`: the steps of a commit;
//! - `books`: what is kept beside the running file, and how a start puts it in order: `journal`,
//!   `history`, `trial`, all written by `durable`;
//! - `mend`: the same before any daemon is started, on a box that was switched off; `notices`: what it says;
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
mod mend;
mod metrics;
mod notices;
mod operator;
mod shown;
mod trial;

use std::io;
use std::path::PathBuf;
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
    /// Put the configuration in order before any daemon is started, and exit
    #[arg(long, conflicts_with_all = ["check", "socket"])]
    mend: bool,
    /// With --mend: where rescue.toml is, and where notices/configuration is written
    #[arg(long, value_name = "DIR", default_value = "/run")]
    run: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.mend {
        return ended(mend::mend(&args.daemon.config, &args.run));
    }
    let args = args.daemon;
    // A NIC that is missing is no fault here: it is put right by a commit.
    drop(args.load_anywhere_or_exit());
    let supervised = sys::supervised::begin();
    ended(run(&args, supervised))
}

fn ended(how: io::Result<()>) -> ExitCode {
    match how {
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
