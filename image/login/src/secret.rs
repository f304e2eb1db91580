//! Passwords and their hashes, as crypt(5) has them.

use std::io;

use sha_crypt::{Algorithm, CustomizedPasswordHasher, Params, PasswordVerifier, ShaCrypt};
use yescrypt::Yescrypt;

/// Ten times what crypt(5) does by default: some 30 ms on a box.
const ROUNDS: u32 = 50_000;

/// Bytes of a salt: crypt(5) takes 16 characters of 6 bits.
const SALT: usize = 12;

/// The hash of a password by SHA-512, with a salt of its own.
///
/// # Errors
/// When the kernel gives no random bytes.
pub fn hash(password: &str) -> io::Result<String> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(io::Error::other)?;
    let params = Params::new(ROUNDS).map_err(io::Error::other)?;
    let hasher = ShaCrypt::new(Algorithm::Sha512Crypt, params);
    let hash = hasher.hash_password_customized(password.as_bytes(), &salt, None, None, params);
    Ok(hash.map_err(io::Error::other)?.to_string())
}

/// Whether it is the password of this hash, by SHA-512 or yescrypt. Takes as long for a wrong one as for the
/// right one.
pub fn is_right(password: &str, hash: &str) -> bool {
    let password = password.as_bytes();
    let verified = if hash.starts_with("$y$") {
        match yescrypt::PasswordHashRef::new(hash) {
            Ok(hash) => Yescrypt::default().verify_password(password, hash),
            Err(_) => return false,
        }
    } else {
        ShaCrypt::default().verify_password(password, hash)
    };
    verified.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_its_password_alone_and_differs_each_time() {
        let hash = super::hash("correct horse").expect("random bytes");
        assert!(hash.starts_with("$6$rounds=50000$"), "{hash}");
        assert!(is_right("correct horse", &hash));
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!is_right(wrong, &hash), "{wrong:?}");
        }
        assert_ne!(hash, super::hash("correct horse").expect("random bytes"));
    }

    #[test]
    fn a_salt_has_no_more_than_crypt_takes() {
        let hash = super::hash("x").expect("random bytes");
        let salt = hash.split('$').nth(3).expect("a salt");
        assert_eq!(salt.len(), 16, "others cut it, and find another hash");
    }

    /// The first two are from the description of SHA-crypt, the third one from crypt(3) of libxcrypt.
    #[test]
    fn hashes_that_others_made_are_understood() {
        for (password, hash) in [
            (
                "Hello world!",
                "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
            ),
            (
                "Hello world!",
                "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
            ),
            (
                "pleaseletmein",
                "$y$jD5.7$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNB6",
            ),
        ] {
            assert!(is_right(password, hash), "{hash}");
            assert!(!is_right("pleaseletme", hash), "{hash}");
        }
    }

    #[test]
    fn what_is_no_hash_lets_nobody_in() {
        for hash in [
            "",
            "*",
            "!",
            "$6$",
            "$y$",
            "$6$salt",
            "$1$salt$hash",
            "plain",
        ] {
            for password in ["", "plain", hash] {
                assert!(!is_right(password, hash), "{password:?}, {hash:?}");
            }
        }
    }
}
