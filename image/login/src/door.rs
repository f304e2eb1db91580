//! Who may come in: what the running configuration says.

use std::path::Path;
use std::time::Duration;

use control::config::{self, Config, User};
use control::ipc;
use control::show::{ConfigurationItem, Noun};

use crate::secret;

/// How long ctld may take to say what runs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who has the right to everything.
pub const ADMIN: &str = "admin";

/// The running configuration, as far as it is about who may log in.
#[derive(Clone, Debug)]
pub struct Door {
    config: Config,
}

impl Door {
    /// What is in the running file; if that has faults, what ctld says is running.
    ///
    /// # Errors
    /// When neither can be had: one line. Nobody is let in by that.
    pub fn find(file: &Path, run_dir: &Path) -> Result<Self, String> {
        let faults = match config::load(file) {
            Ok(config) => return Ok(Self { config }),
            Err(faults) => faults,
        };
        let fault = faults.first().map(ToString::to_string).unwrap_or_default();
        let text = running(run_dir).map_err(|error| format!("{fault}; {error}"))?;
        let config = config::parse("ctld", &text).map_err(|_| fault)?;
        Ok(Self { config })
    }

    /// What the box is called.
    pub fn host(&self) -> &str {
        &self.config.system.host_name
    }

    /// Whether anybody has a password.
    pub fn is_locked(&self) -> bool {
        self.hashes().next().is_some()
    }

    /// Whether it is this user's password. Where there is no such user, or one without a password, somebody
    /// else's hash is computed all the same: how long it takes says nothing of who is there.
    pub fn lets_in(&self, name: &str, password: &str) -> bool {
        let own = self.user(name).and_then(|user| user.password.as_deref());
        let Some(hash) = own.or_else(|| self.hashes().next()) else {
            return false;
        };
        secret::is_right(password, hash) && own.is_some()
    }

    /// Whether there is a user of this name.
    pub fn knows(&self, name: &str) -> bool {
        self.user(name).is_some()
    }

    /// The canonical text.
    pub fn text(&self) -> String {
        config::print(&self.config)
    }

    /// The text with this password of the user of this name, and this key if there is one.
    pub fn text_with(&self, name: &str, hash: &str, key: Option<&str>) -> String {
        let mut config = self.config.clone();
        if self.user(name).is_none() {
            config.users.push(User {
                name: name.to_owned(),
                password: None,
                ssh_key: Vec::new(),
            });
        }
        for user in config.users.iter_mut().filter(|user| user.name == name) {
            user.password = Some(hash.to_owned());
            let is_new = |key: &&str| !user.ssh_key.iter().any(|known| known == key);
            let key = key.filter(is_new).map(str::to_owned);
            user.ssh_key.extend(key);
        }
        config::print(&config)
    }

    fn user(&self, name: &str) -> Option<&User> {
        self.config.users.iter().find(|user| user.name == name)
    }

    fn hashes(&self) -> impl Iterator<Item = &str> {
        let users = self.config.users.iter();
        users.filter_map(|user| user.password.as_deref())
    }
}

/// The text that runs, by ctld's word.
fn running(run_dir: &Path) -> Result<String, String> {
    let items = ipc::show::<ConfigurationItem>(run_dir, Noun::Configuration, PATIENCE);
    let lines = items.map_err(|error| error.to_string())?;
    let lines: Result<Vec<String>, String> = lines
        .map(|item| {
            item.map(|item| item.line)
                .map_err(|error| error.to_string())
        })
        .collect();
    Ok(lines?.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of "correct horse", by fewer rounds than a real one.
    const HASH: &str = "$6$rounds=1000$saltstring$YiR6NSM0LQXmu7vAhkMXfkdYk7qtFouVx1Mdr3HmzXspT8kONjlpU3CsV7ezCB62uXJoAdaagsH4ck7/tB9js.";
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1lWzQ0rM4L0S8a5m8tN7vY4tq2bqVQ3y1m3nC2Lw0d me@desk";

    fn door(text: &str) -> Door {
        let config = config::parse("test", text).expect("legal");
        Door { config }
    }

    fn locked() -> Door {
        door(&format!(
            "[system]\nhost_name = \"lb1\"\n[user.admin]\npassword = \"{HASH}\"\n\
             [user.guest]\nssh_key = [\"{KEY}\"]\n"
        ))
    }

    #[test]
    fn the_right_name_and_password_open_it_and_nothing_else_does() {
        let door = locked();
        assert!(door.is_locked() && door.lets_in("admin", "correct horse"));
        for (name, password) in [
            ("admin", "wrong horse"),
            ("admin", ""),
            ("", "correct horse"),
            ("root", "correct horse"),
            ("Admin", "correct horse"),
            ("guest", "correct horse"), // computed with another's hash, and not let in by it
        ] {
            assert!(!door.lets_in(name, password), "{name:?}, {password:?}");
        }
        assert!(door.knows("guest") && !door.knows("root"));
        assert_eq!(door.host(), "lb1");
    }

    #[test]
    fn without_a_password_nobody_is_let_in() {
        let keys_only = format!("[user.admin]\nssh_key = [\"{KEY}\"]\n");
        for text in ["", &keys_only] {
            let door = door(text);
            assert!(!door.is_locked());
            for password in ["", "*", "correct horse"] {
                assert!(!door.lets_in("admin", password), "{password:?}");
            }
        }
    }

    #[test]
    fn the_administrators_first_password_is_added_to_what_runs() {
        let text = door("[lvs]\nqueues = 2\n").text_with(ADMIN, HASH, Some(KEY));
        let with = door(&text);
        assert!(with.lets_in("admin", "correct horse"));
        assert_eq!(with.user(ADMIN).expect("there").ssh_key, [KEY]);
        assert!(text.contains("queues = 2"), "{text}");
        let keys =
            format!("[user.admin]\nssh_key = [\"{KEY}\"]\n[user.zoe]\nssh_key = [\"{KEY}\"]\n");
        for key in [None, Some(KEY)] {
            let with = door(&door(&keys).text_with(ADMIN, HASH, key));
            let admin = with.user(ADMIN).expect("there");
            assert_eq!(admin.ssh_key, [KEY], "once");
            assert!(admin.password.is_some());
            let zoe = with.user("zoe").expect("there");
            assert_eq!(zoe.password, None);
        }
    }

    #[test]
    fn another_password_of_a_user_leaves_the_others_theirs() {
        const OTHER: &str = "$6$rounds=1000$saltstring$other";
        let with = door(&locked().text_with("guest", HASH, None));
        assert!(with.lets_in("guest", "correct horse") && with.lets_in("admin", "correct horse"));
        assert_eq!(with.user("guest").expect("there").ssh_key, [KEY]);
        let mut with = locked();
        with.config.users[0].password = Some(OTHER.to_owned());
        let back = with.text_with(ADMIN, HASH, None);
        assert!(!back.contains(OTHER), "replaced: {back}");
    }

    #[test]
    fn a_file_with_faults_and_no_ctld_is_no_open_door() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("f.toml");
        let missing = Door::find(&file, folder.path()).expect_err("there is none");
        assert!(missing.contains("f.toml"), "{missing}");
        std::fs::write(&file, "[user.admin]\npassword = \"plain\"\n").expect("written");
        let faulty = Door::find(&file, folder.path()).expect_err("it has a fault");
        assert!(faulty.contains(":2: user.admin.password"), "{faulty}");
        assert!(faulty.contains("; ctld"), "{faulty}");
    }
}
