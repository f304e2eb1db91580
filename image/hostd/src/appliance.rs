//! What `hostd` does only on the appliance, where the whole system is its own: name, users, SSH, time and the
//! rescue copy. In the lab and on a developer's machine none of it happens.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use control::config::Config;

use crate::faults::Faults;
use crate::foreign::Foreign;
use crate::notices::Notices;
use crate::rescue::Rescue;
use crate::{ssh, system, users};

/// The file that tells the appliance from any other host, below the root.
pub const RELEASE: &str = "etc/fourfold/release";

/// Where the SSH server's host keys are, below the root.
const KEYS: &str = "data/ssh";

/// The system around the daemons.
#[derive(Debug)]
pub struct Appliance {
    root: PathBuf,
    notices: Notices,
    faults: Faults,
    keys: Vec<PathBuf>,
    ssh: Foreign,
    ntp: Foreign,
    rescue: Rescue,
}

impl Appliance {
    /// The one that has its files below `root`, and is to be as in `config` from its start; none when this
    /// host is none.
    pub fn find(root: &Path, config: &Config, notices: &Notices) -> Option<Self> {
        if !root.join(RELEASE).exists() {
            return None;
        }
        let mut appliance = Self {
            root: root.to_owned(),
            notices: notices.clone(),
            faults: Faults::default(),
            keys: Vec::new(),
            ssh: Foreign::new("ssh"),
            ntp: Foreign::new("ntp"),
            rescue: Rescue::new(&root.join("run"), config, notices.clone()),
        };
        appliance.settle(config);
        Some(appliance)
    }

    /// Another configuration is in force.
    pub fn take_up(&mut self, config: &Config) {
        self.settle(config);
        self.rescue.take_up(config);
    }

    fn settle(&mut self, config: &Config) {
        let (etc, run) = (self.root.join("etc"), self.root.join("run"));
        let system = &config.system;
        self.note("host name", system::name(system));
        self.note("system files", system::write(&etc, system));
        self.note("users", users::write(&etc, &run, &config.users));
        self.ntp.want(system::ntp(&run, system));
    }

    /// Has the SSH server listen on those of the management addresses that this host has now.
    pub async fn listen(&mut self, config: &Config, present: &[IpAddr]) {
        if config.management.is_some() && self.keys.is_empty() {
            let result = match ssh::host_keys(&self.root.join(KEYS)).await {
                Ok(keys) => {
                    self.keys = keys;
                    Ok(())
                }
                Err(e) => Err(e),
            };
            self.note("SSH host keys", result);
        }
        let run = self.root.join("run");
        self.ssh
            .want(ssh::server(&run, &self.keys, config, present));
    }

    /// Gives a notice of a fault of the access list, or takes it back.
    pub fn note_access(&self, fault: Option<&str>) {
        let text = fault.map(|why| format!("anybody may reach the management port: {why}"));
        self.notices.set("hostd-access", text.as_deref());
    }

    /// Says a change of outcome, and gives a notice as long as it is bad.
    fn note(&mut self, what: &str, result: std::io::Result<()>) {
        self.faults.note_change(what, "right again", result);
        let name = format!("hostd-{}", what.to_lowercase().replace(' ', "-"));
        let text = self.faults.why(what).map(|why| format!("{what}: {why}"));
        self.notices.set(&name, text.as_deref());
    }
}
