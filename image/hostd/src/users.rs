//! Who may log in: the files that SSH and the login look at, made of `[user.*]`.
//!
//! There is one role: every user is uid 0 and gets the console, and nothing else that could be a shell is in
//! the image. `root` itself is there for programs that ask who uid 0 is, and nobody can log in as it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use control::config::User;

use crate::files;

/// The console: what everybody gets who logs in.
const SHELL: &str = "/usr/bin/fourfold";

/// Homes, by name: in memory, since all that is in them is made of the configuration.
const HOMES: &str = "/run/home";

/// A password that no input matches.
const LOCKED: &str = "*";

/// Writes `passwd`, `shadow`, `group` and `shells` in this `etc`, and the homes in this `run`. Those of users
/// that are no more are removed.
///
/// # Errors
/// What the file system says; the message names the file.
pub fn write(etc: &Path, run: &Path, users: &[User]) -> io::Result<()> {
    // First the keys and passwords, then the users who have them.
    homes(&run.join("home"), users)?;
    files::write(&etc.join("shadow"), 0o600, &shadow(users))?;
    files::write(&etc.join("shells"), 0o644, &format!("{SHELL}\n"))?;
    // The group that a terminal belongs to, so that nobody else may write there.
    files::write(&etc.join("group"), 0o644, "root:x:0:\ntty:x:5:\n")?;
    files::write(&etc.join("passwd"), 0o644, &passwd(users))
}

fn passwd(users: &[User]) -> String {
    let mut text = "root:x:0:0::/:/nonexistent\n".to_owned();
    for user in users {
        text += &format!("{0}:x:0:0::{HOMES}/{0}:{SHELL}\n", user.name);
    }
    text
}

fn shadow(users: &[User]) -> String {
    let mut text = format!("root:{LOCKED}:::::::\n");
    for user in users {
        let password = user.password.as_deref().unwrap_or(LOCKED);
        text += &format!("{}:{password}:::::::\n", user.name);
    }
    text
}

/// Homes with `.ssh/authorized_keys`, which dropbear reads only where nobody else may write.
fn homes(homes: &Path, users: &[User]) -> io::Result<()> {
    files::directory(homes, 0o755)?;
    for user in users {
        let home = homes.join(&user.name);
        let ssh = home.join(".ssh");
        files::directory(&home, 0o700)?;
        files::directory(&ssh, 0o700)?;
        let keys: String = user.ssh_key.iter().map(|key| format!("{key}\n")).collect();
        files::write(&ssh.join("authorized_keys"), 0o600, &keys)?;
    }
    let names: BTreeSet<&str> = users.iter().map(|user| user.name.as_str()).collect();
    for entry in fs::read_dir(homes)? {
        let entry = entry?;
        if !entry
            .file_name()
            .to_str()
            .is_some_and(|name| names.contains(name))
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn user(name: &str, password: Option<&str>, ssh_key: &[&str]) -> User {
        User {
            name: name.to_owned(),
            password: password.map(str::to_owned),
            ssh_key: ssh_key.iter().map(|&key| key.to_owned()).collect(),
        }
    }

    struct Root(tempfile::TempDir);

    impl Root {
        fn with(users: &[User]) -> Self {
            let root = Self(tempfile::tempdir().expect("a directory"));
            fs::create_dir(root.0.path().join("etc")).expect("a directory");
            fs::create_dir(root.0.path().join("run")).expect("a directory");
            root.write(users);
            root
        }

        fn write(&self, users: &[User]) {
            let (etc, run) = (self.0.path().join("etc"), self.0.path().join("run"));
            write(&etc, &run, users).expect("written");
        }

        fn read(&self, path: &str) -> String {
            fs::read_to_string(self.0.path().join(path)).expect("there")
        }

        fn mode(&self, path: &str) -> u32 {
            let meta = fs::metadata(self.0.path().join(path)).expect("there");
            meta.permissions().mode() & 0o7777
        }
    }

    #[test]
    fn a_user_is_uid_0_with_the_console_as_shell_and_root_is_locked() {
        let root = Root::with(&[user("admin", Some("$6$salt$hash"), &[])]);
        assert_eq!(
            root.read("etc/passwd"),
            "root:x:0:0::/:/nonexistent\nadmin:x:0:0::/run/home/admin:/usr/bin/fourfold\n"
        );
        assert_eq!(
            root.read("etc/shadow"),
            "root:*:::::::\nadmin:$6$salt$hash:::::::\n"
        );
        assert_eq!(root.read("etc/shells"), "/usr/bin/fourfold\n");
        assert_eq!(root.mode("etc/shadow"), 0o600);
    }

    #[test]
    fn a_user_without_a_password_has_none_that_matches() {
        let root = Root::with(&[user("admin", None, &["ssh-ed25519 AAAA me"])]);
        assert!(root.read("etc/shadow").contains("\nadmin:*:"));
    }

    #[test]
    fn keys_are_where_dropbear_looks_and_nobody_else_may_write_there() {
        let keys = ["ssh-ed25519 AAAA me@desk", "ssh-ed25519 BBBB me@home"];
        let root = Root::with(&[user("admin", None, &keys)]);
        let path = "run/home/admin/.ssh/authorized_keys";
        assert_eq!(
            root.read(path),
            "ssh-ed25519 AAAA me@desk\nssh-ed25519 BBBB me@home\n"
        );
        assert_eq!(root.mode(path), 0o600);
        assert_eq!(root.mode("run/home/admin/.ssh"), 0o700);
        assert_eq!(root.mode("run/home/admin"), 0o700);
        root.write(&[user("admin", None, &keys[..1])]);
        assert_eq!(root.read(path), "ssh-ed25519 AAAA me@desk\n");
    }

    #[test]
    fn a_user_who_is_no_more_has_neither_a_line_nor_a_home() {
        let root = Root::with(&[
            user("admin", None, &["ssh-ed25519 AAAA"]),
            user("second", None, &[]),
        ]);
        root.write(&[user("second", None, &[])]);
        assert!(!root.read("etc/passwd").contains("admin"));
        assert!(!root.0.path().join("run/home/admin").exists());
        assert!(root.0.path().join("run/home/second").exists());
    }
}
