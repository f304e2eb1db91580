//! `init`: process 1 of the appliance. A few hundred lines without async: mounts, arms and feeds the
//! watchdog, reaps, runs the supervisor and runs it again when it dies.
//!
//! Not built yet: this program says so and fails, so that no image boots into it.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("init: not built yet: run the supervisor on a host that has an init");
    ExitCode::FAILURE
}
