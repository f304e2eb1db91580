//! The switch for tests as a program; see `tests::switch`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use tests::interrupt::Cleanup;
use tests::switch::control::{Command, Control, ask};
use tests::switch::{Config, Switch};

const USAGE: &str = "usage: switch CONFIG.json CONTROL
       switch --ask CONTROL COMMAND";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["--ask", control, command] => tell(Path::new(control), command),
        [config, control] => run(Path::new(config), PathBuf::from(control)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("switch: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: &Path, control: PathBuf) -> Result<()> {
    let what = || format!("reading {}", config.display());
    let text = std::fs::read_to_string(config).with_context(what)?;
    let config: Config = serde_json::from_str(&text).with_context(what)?;
    let switch = Switch::start(config)?;
    let control = Control::serve(switch.handle(), &control)?;
    // A signal ends the process by way of this.
    let _cleanup = Cleanup::register(move || drop((control, switch)))?;
    sys::ready::notify();
    loop {
        std::thread::park();
    }
}

fn tell(control: &Path, command: &str) -> Result<()> {
    let command: Command = serde_json::from_str(command).context("no command")?;
    println!("{}", ask(control, &command)?);
    Ok(())
}
