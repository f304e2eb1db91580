//! `login-console`: who may use a console of the appliance, be it a serial line or the screen.
//!
//! `init` runs it as root on each console, and again whenever it ends. It says which box this is and what is
//! wrong with it (`banner`). As long as nobody has a password it asks for the administrator's and commits it
//! by way of ctld (`first`); else it asks for a name and its password (`login`), which it compares with the
//! running configuration (`door`, `secret`), and becomes the shell (`session`). A wrong password costs time
//! (`penalty`) and is a line in the log (`record`). With `--change-password` it asks who is logged in for
//! another one (`change`); both ways ask and commit alike (`password`).
//!
//! Exit status: 0 when the line was hung up, or somebody typed the end; 1 when it could not ask, the shell
//! could not be had, or another password was not set.

mod banner;
mod change;
mod console;
mod door;
mod first;
mod login;
mod password;
mod penalty;
mod record;
mod secret;
mod session;
mod terminal;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use console::{Console, Places};
use terminal::Terminal;

/// Asks who sits at this console, and gives the right ones a shell.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The running configuration.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/data/config/fourfold.toml"
    )]
    config: PathBuf,
    /// Where the daemons' sockets are.
    #[arg(long, value_name = "DIR", default_value = "/run/fourfold")]
    run_dir: PathBuf,
    /// What is wrong with the box.
    #[arg(long, value_name = "DIR", default_value = "/run/notices")]
    notices: PathBuf,
    /// What runs on the box.
    #[arg(long, value_name = "FILE", default_value = "/etc/fourfold/release")]
    release: PathBuf,
    /// Where it is kept how many wrong passwords a console has seen.
    #[arg(long, value_name = "DIR", default_value = "/run/login")]
    state: PathBuf,
    /// What who is let in gets.
    #[arg(long, value_name = "PROGRAM", default_value = "/usr/bin/fourfold")]
    shell: PathBuf,
    /// Only asks for another password of this user, without a login.
    #[arg(long, value_name = "USER")]
    change_password: Option<String>,
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("login-console: {error}");
            ExitCode::FAILURE
        }
        Ok(code) => code,
    }
}

fn run(args: Args) -> io::Result<ExitCode> {
    let terminal = Terminal::begin()?;
    let places = Places {
        config: args.config,
        run_dir: args.run_dir,
        notices: args.notices,
        release: args.release,
        state: args.state,
    };
    let console = Console::new(terminal, places);
    let Some(user) = args.change_password else {
        return Err(admit(&console, &args.shell));
    };
    let is_set = change::change_password(&console, &user);
    // The shell is at this terminal, and goes on.
    console.terminal.hand_over()?;
    Ok(if is_set? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Asks until somebody may come in, and becomes their shell: what comes back is why that cannot be.
fn admit(console: &Console, shell: &Path) -> io::Error {
    let user = match user(console) {
        Ok(user) => user,
        Err(error) => return error,
    };
    let error = session::become_shell(shell, &user, &console.name);
    console.record(&format!("no shell for {user} ({error})"));
    error
}

/// Who comes in; everything is ready for their shell.
fn user(console: &Console) -> io::Result<String> {
    let user = loop {
        let door = console.door()?;
        console.greet(&door)?;
        if !door.is_locked() {
            first::set_password(console)?;
        } else if let Some(user) = login::login(console, door)? {
            break user;
        }
    };
    let door = console.door()?;
    console.greet(&door)?;
    session::name_box(door.host());
    console.terminal.hand_over()?;
    Ok(user)
}
