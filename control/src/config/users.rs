//! `[user.NAME]`: who may log in, on the serial console and over SSH.

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The login name.
    pub name: String,
    /// The password's hash as crypt(5) has it, `$6$…`; none: only a key opens the door.
    pub password: Option<String>,
    /// Public keys as in OpenSSH's `authorized_keys`: type, base64, comment.
    pub ssh_key: Vec<String>,
}
