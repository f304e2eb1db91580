//! The helper of `tests::userns`: holds the namespaces that tests run real programs in.

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::userns::main()
}
