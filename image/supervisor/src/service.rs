//! The service table: which daemons there are, in the order in which they start.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One line of the table: the daemon's name, which is its program's, and how long it may take until it
/// says that it is ready. One that takes longer hangs, and is killed.
const TABLE: [(&str, Duration); 6] = [
    ("lvsd", Duration::from_secs(30)), // binds its queues again and again while a dead one's are torn down
    ("bondd", Duration::from_secs(30)),
    ("hostd", Duration::from_secs(30)),
    ("vrrpd", Duration::from_secs(30)),
    ("healthd", Duration::from_secs(30)),
    ("ctld", Duration::from_secs(30)),
];

/// A daemon and how it is run.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name in logs, in the store and in `show daemons`.
    pub name: &'static str,
    /// Its program.
    pub program: PathBuf,
    /// The appliance's configuration.
    pub config: PathBuf,
    /// Where it listens.
    pub socket: PathBuf,
    /// How long it may take until it is ready.
    pub ready_within: Duration,
}

impl Service {
    /// The arguments that run it.
    pub fn args(&self) -> [OsString; 4] {
        [
            "--config".into(),
            (&self.config).into(),
            "--socket".into(),
            (&self.socket).into(),
        ]
    }

    /// The arguments that make it check the configuration and exit.
    pub fn check_args(&self) -> [OsString; 3] {
        ["--config".into(), (&self.config).into(), "--check".into()]
    }
}

/// The services, their programs in `programs`, their sockets in `run_dir`.
pub fn services(programs: &Path, config: &Path, run_dir: &Path) -> Vec<Service> {
    let service = |(name, ready_within): (&'static str, Duration)| Service {
        name,
        program: programs.join(name),
        config: config.to_owned(),
        socket: run_dir.join(format!("{name}.sock")),
        ready_within,
    };
    TABLE.into_iter().map(service).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forwarder_starts_first_and_all_share_one_configuration() {
        let all = services(
            Path::new("/bin"),
            Path::new("/etc/f.toml"),
            Path::new("/run/f"),
        );
        let names: Vec<_> = all.iter().map(|service| service.name).collect();
        assert_eq!(
            names,
            ["lvsd", "bondd", "hostd", "vrrpd", "healthd", "ctld"]
        );
        assert_eq!(all[1].program, Path::new("/bin/bondd"));
        assert_eq!(
            all[1].args(),
            ["--config", "/etc/f.toml", "--socket", "/run/f/bondd.sock"].map(OsString::from)
        );
        assert_eq!(
            all[1].check_args(),
            ["--config", "/etc/f.toml", "--check"].map(OsString::from)
        );
    }
}
