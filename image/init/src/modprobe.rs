//! What the kernel runs when it wants a module by name or alias (`fs-ext4`, `rtnl-link-vlan`, `net-pf-17`):
//! this program again, told apart by not being process 1. Its arguments are modprobe's: `-q -- WORD`.

use std::process::ExitCode;

use crate::load::Loader;
use crate::log::Log;

/// Loads each word of the command line that is no option. Exit status 1 when one is unknown or refused.
pub fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    // Standard error of what the kernel starts leads nowhere.
    let log = Log::open();
    let mut loader = match Loader::open() {
        Ok(loader) => loader,
        Err(e) => {
            log.info(&format!("modprobe: {e}"));
            return ExitCode::FAILURE;
        }
    };
    let mut is_done = true;
    for word in arguments.filter(|word| !word.starts_with('-')) {
        // The kernel asks for much that there is not, and goes on: no line for that.
        is_done &= loader.knows(&word);
        for fault in loader.load(&word) {
            is_done = false;
            log.info(&format!("modprobe: {fault}"));
        }
    }
    ExitCode::from(u8::from(!is_done))
}
