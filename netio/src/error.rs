//! What went wrong, and at what.

use std::fmt;
use std::io;

/// A kernel request that failed: what was asked, of whom, and what the kernel said.
#[derive(Debug)]
pub struct Error {
    operation: String,
    source: io::Error,
}

/// What this room's set-up calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An operation, in words, and what the kernel said to it.
    pub fn new(operation: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self {
            operation: operation.into(),
            source: source.into(),
        }
    }

    pub(crate) fn other(operation: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(operation, io::Error::other(reason.into()))
    }

    /// The kernel's error number, where it gave one.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        self.source.raw_os_error()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.source)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.source.kind(), error)
    }
}

/// Names the operation that a result came from.
pub(crate) trait Context<T> {
    fn context(self, operation: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn context(self, operation: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::new(operation(), error))
    }
}
