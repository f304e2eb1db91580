//! What the kernel runs when it wants a module by name or alias (`fs-ext4`, `rtnl-link-vlan`, `net-pf-17`):
//! this program again, told apart by not being process 1. Its arguments are modprobe's: `-q -- WORD`.

use std::process::ExitCode;

use crate::load::Loader;
use crate::log::Log;

/// Loads each word of the command line that is no option.
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
    let words = arguments.filter(|word| !word.starts_with('-'));
    let faults: Vec<String> = words.flat_map(|word| loader.load(&word)).collect();
    for fault in &faults {
        log.info(&format!("modprobe: {fault}"));
    }
    ExitCode::from(u8::from(!faults.is_empty()))
}
