//! The box's name, and whom it asks for names and the time.

use std::io;
use std::net::IpAddr;
use std::path::Path;

use control::config::System;

use crate::files;
use crate::foreign::{Prefix, Program};

const CHRONYD: &str = "/usr/sbin/chronyd";

/// Gives the kernel the host name.
///
/// # Errors
/// What the kernel says.
pub fn name(system: &System) -> io::Result<()> {
    Ok(nix::unistd::sethostname(&system.host_name)?)
}

/// Writes `hostname`, `hosts` and `resolv.conf` in this `etc`.
///
/// # Errors
/// What the file system says; the message names the file.
pub fn write(etc: &Path, system: &System) -> io::Result<()> {
    let host_name = format!("{}\n", system.host_name);
    files::write(&etc.join("hostname"), 0o644, &host_name)?;
    files::write(&etc.join("hosts"), 0o644, &hosts(&system.host_name))?;
    files::write(&etc.join("resolv.conf"), 0o644, &resolvers(system))
}

fn hosts(host_name: &str) -> String {
    let names = match host_name.split_once('.') {
        Some((first, _)) => format!("{host_name} {first}"),
        None => host_name.to_owned(),
    };
    format!("127.0.0.1 localhost\n127.0.1.1 {names}\n::1 localhost ip6-localhost\n")
}

fn resolvers(system: &System) -> String {
    let servers = system.name_server.iter();
    servers.map(|ip| format!("nameserver {ip}\n")).collect()
}

/// The NTP client with its files in this `run`; none when nobody is to be asked.
///
/// It keeps all of its process's rights, because a death signal does not outlive a change of user; a system
/// call filter of its own stands in for that.
pub fn ntp(run: &Path, system: &System) -> Option<Program> {
    if system.ntp_server.is_empty() {
        return None;
    }
    let config = run.join("fourfold-chrony.conf");
    let pid_file = run.join("fourfold-chrony.pid");
    let args = ["-d", "-u", "root", "-F", "1", "-f"].map(str::to_owned);
    let mut args = args.to_vec();
    args.push(config.display().to_string());
    Some(Program {
        path: CHRONYD,
        args,
        config: Some((config, chrony(system, &pid_file))),
        pid_file,
        prefix: Prefix::Timestamp,
    })
}

fn chrony(system: &System, pid_file: &Path) -> String {
    let mut text = String::new();
    for server in &system.ntp_server {
        // A name may stand for several servers.
        let kind = match server.parse::<IpAddr>() {
            Ok(_) => "server",
            Err(_) => "pool",
        };
        text += &format!("{kind} {server} iburst\n");
    }
    // A wrong clock is stepped while it starts and slewed later; chronyc comes by the Unix socket only.
    text += "makestep 1 3\nrtcsync\ncmdport 0\nport 0\n";
    text + &format!("pidfile {}\n", pid_file.display())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn system() -> System {
        System {
            host_name: "lb1.example.net".to_owned(),
            name_server: vec![
                "10.0.0.53".parse().expect("address"),
                "2001:db8::53".parse().expect("address"),
            ],
            ntp_server: vec!["10.0.0.123".to_owned(), "ntp.example.net".to_owned()],
        }
    }

    #[test]
    fn the_files_say_who_the_box_is_and_whom_it_asks_for_names() {
        let etc = tempfile::tempdir().expect("a directory");
        write(etc.path(), &system()).expect("written");
        let read = |name: &str| fs::read_to_string(etc.path().join(name)).expect("there");
        assert_eq!(read("hostname"), "lb1.example.net\n");
        assert!(read("hosts").contains("\n127.0.1.1 lb1.example.net lb1\n"));
        assert_eq!(
            read("resolv.conf"),
            "nameserver 10.0.0.53\nnameserver 2001:db8::53\n"
        );
        write(etc.path(), &System::default()).expect("written");
        assert!(read("hosts").contains("\n127.0.1.1 fourfold\n"));
        assert_eq!(read("resolv.conf"), "", "nobody is asked any more");
    }

    #[test]
    fn an_address_is_one_time_server_and_a_name_may_be_several() {
        let program = ntp(Path::new("/run"), &system()).expect("a program");
        let (path, text) = program.config.expect("a configuration");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[..2],
            ["server 10.0.0.123 iburst", "pool ntp.example.net iburst"]
        );
        assert!(lines.contains(&"cmdport 0"), "{text}");
        assert_eq!(program.args.last(), Some(&path.display().to_string()));
    }

    #[test]
    #[ignore = "needs chronyd"]
    fn chronyd_understands_its_configuration() {
        let run = tempfile::tempdir().expect("a directory");
        let (path, text) = ntp(run.path(), &system())
            .and_then(|p| p.config)
            .expect("one");
        let understands = |text: &str| {
            fs::write(&path, text).expect("written");
            let mut chronyd = std::process::Command::new(CHRONYD);
            let output = chronyd.args(["-p", "-f"]).arg(&path).output();
            output.expect("chronyd").status.success()
        };
        assert!(understands(&text), "{text}");
        assert!(!understands(&text.replace("makestep", "leap")));
    }

    #[test]
    fn without_a_time_server_nobody_asks_for_the_time() {
        assert_eq!(ntp(Path::new("/run"), &System::default()), None);
    }
}
