//! `[user.NAME]`: who may log in, on the serial console and over SSH.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::section::Section;
use super::value::once;

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

const NAME_LEGAL: &str =
    "1 to 32 of small letters, digits, '_' and '-', a letter or '_' first: \"admin\"";

const PASSWORD_LEGAL: &str =
    "a hash as crypt(5) has it, by SHA-512 ($6$…) or yescrypt ($y$…), never the password itself";

const KEY_LEGAL: &str = "a public key, each once: \"TYPE BASE64 COMMENT\", of type ssh-ed25519, \
     ecdsa-sha2-nistp…, ssh-rsa or sk-…@openssh.com";

/// The types of keys (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4, and OpenSSH's PROTOCOL.u2f).
const KEY_TYPES: &[&str] = &[
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// Reads `[user.NAME]`.
pub(super) fn read(root: &Section<'_, '_>) -> Vec<User> {
    let tables = root.named("user");
    tables
        .iter()
        .map(|(name, table)| read_user(name, table))
        .collect()
}

fn read_user(name: &str, table: &Section<'_, '_>) -> User {
    if !is_user_name(name) {
        table.fault_here(format!("the user's name is {NAME_LEGAL}"));
    } else if name == "root" {
        table.fault_here("another name than root, which is the system's: \"admin\"");
    }
    User {
        name: name.to_owned(),
        password: table.secret("password", |value| {
            let hash = value.as_str().filter(|hash| is_hash(hash));
            hash.map(str::to_owned)
                .ok_or_else(|| PASSWORD_LEGAL.to_owned())
        }),
        ssh_key: once(table, "ssh_key", KEY_LEGAL, |value| {
            Ok(value.as_str().and_then(key))
        }),
    }
}

fn is_user_name(name: &str) -> bool {
    let is_first = |c: u8| c.is_ascii_lowercase() || c == b'_';
    let is_other = |c: u8| is_first(c) || c.is_ascii_digit() || c == b'-';
    name.len() <= 32 && name.bytes().next().is_some_and(is_first) && name.bytes().all(is_other)
}

/// Whether `text` is a hash of a password as crypt(5) writes it: a method, its parameters, the salt
/// and the hash, of the method's length.
fn is_hash(text: &str) -> bool {
    let is_word = |word: &str| {
        let legal = |c: u8| c.is_ascii_alphanumeric() || b"./".contains(&c);
        !word.is_empty() && word.bytes().all(legal)
    };
    let is_rounds = |word: &str| {
        let rounds = word.strip_prefix("rounds=");
        rounds.is_some_and(|rounds| rounds.parse::<u32>().is_ok())
    };
    let parts: Vec<&str> = text.split('$').collect();
    match parts.as_slice() {
        ["", "6", salt, hash] => {
            is_word(salt) && salt.len() <= 16 && is_word(hash) && hash.len() == 86
        }
        ["", "6", rounds, salt, hash] => {
            is_rounds(rounds)
                && is_word(salt)
                && salt.len() <= 16
                && is_word(hash)
                && hash.len() == 86
        }
        ["", "y", parameters, salt, hash] => {
            is_word(parameters)
                && is_word(salt)
                && salt.len() <= 86
                && is_word(hash)
                && hash.len() == 43
        }
        _ => false,
    }
}

/// A public key: what it is, and as it is written, with one blank between its parts.
fn key(text: &str) -> Option<(Vec<u8>, String)> {
    let mut parts = text.splitn(3, ' ');
    let (name, base64) = (parts.next()?, parts.next()?);
    let comment = parts.next();
    let is_plain = |c: char| !c.is_control() && !matches!(c, '"' | '\\');
    let is_comment = |comment: &str| comment.trim() == comment && comment.chars().all(is_plain);
    if !KEY_TYPES.contains(&name) || !comment.is_none_or(|c| !c.is_empty() && is_comment(c)) {
        return None;
    }
    let blob = STANDARD.decode(base64).ok()?;
    // It begins with its type once more, as a string with its length (RFC 4253 6.6, RFC 4251 5).
    let length = u32::try_from(name.len()).ok()?.to_be_bytes();
    let rest = blob.strip_prefix(&length)?.strip_prefix(name.as_bytes())?;
    (rest.len() > 4).then(|| (blob.clone(), text.to_owned()))
}
