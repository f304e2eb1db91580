//! `healthd`: hosts the health-check engine. Makes its probes and tells `lvsd` the weights, in batches.
//!
//! Not built yet: this program says so and fails, so that nobody takes unchecked servers for checked ones.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("healthd: not built yet: this version checks no server");
    ExitCode::FAILURE
}
