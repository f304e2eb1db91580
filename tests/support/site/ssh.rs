//! The management port of a box, by a key of its administrator.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::run;

/// A key pair; its private half is a file.
#[derive(Debug)]
pub struct Key {
    file: PathBuf,
    public: String,
}

impl Key {
    /// Makes a key in `directory`.
    pub fn generate(directory: &Path) -> Result<Self> {
        let file = directory.join("key");
        let mut generate = run::program("ssh-keygen");
        generate
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
            .arg(&file);
        run::output(&mut generate)?;
        let public = file.with_extension("pub");
        let public = std::fs::read_to_string(public).context("the public key")?;
        let public = public.trim().to_owned();
        Ok(Self { file, public })
    }

    /// What is typed for a box that this key is to open, in `configure`: eth0 is its management port.
    pub fn lines(&self) -> Vec<String> {
        vec![
            "set management interface eth0".to_owned(),
            "set management addresses 10.0.2.15/24".to_owned(),
            "set management gateway 10.0.2.2".to_owned(),
            format!("set user admin ssh_key \"{}\"", self.public),
        ]
    }

    /// The command that runs these words on the box whose SSH server this port of 127.0.0.1 leads to;
    /// without words its standard input.
    pub fn ssh(&self, port: u16, words: &[&str]) -> Command {
        let mut command = run::program("ssh");
        command.args(["-F", "none", "-T"]);
        for option in [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "BatchMode=yes",
            "LogLevel=ERROR",
            "ConnectTimeout=10",
        ] {
            command.args(["-o", option]);
        }
        command.arg("-i").arg(&self.file).arg("-p");
        command.arg(port.to_string()).arg("admin@127.0.0.1");
        command.args(words);
        command
    }
}
